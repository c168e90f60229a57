#include "sim/crosscheck/packet_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "sim/report/conversations.h"
#include "sim/report/packet_text.h"

namespace fourtuple::crosscheck {
namespace {

using report::conversation;

/// Packets of one sender that go one way have an order; a router's errors and what comes from beyond
/// it at the same moment have none.
struct stream {
  std::string host;  ///< whose interface they left
  bool right = true;
  friend auto operator<=>(const stream&, const stream&) = default;
};

/// One packet in the words in which both kernels must agree.
struct line {
  stream of;
  bool pure_ack = false;
  std::string text;
};

/// A relative number. One before the SYN's is of an earlier connection, as far away as its age.
std::string number(std::uint32_t n) {
  return static_cast<std::int32_t>(n) < 0 ? "old" : std::to_string(n);
}

std::string options_of(const wire::frame& f, const wire::segment& s,
                       const report::relative_numbers& numbers) {
  std::vector<std::string> all;
  if (s.mss != 0) all.push_back(fmt::format("mss {}", s.mss));
  if (s.sack_permitted) all.emplace_back("sackOK");
  if (s.has_timestamps) all.emplace_back("TS");
  if (s.window_scale != wire::segment::no_window_scale)
    all.push_back(fmt::format("wscale {}", s.window_scale));
  for (unsigned i = 0; i < s.sack_count; ++i)
    all.push_back(fmt::format("sack {}:{}", numbers.of(f.destination, f.source, s.sack[i].left),
                              numbers.of(f.destination, f.source, s.sack[i].right)));
  return all.empty() ? "" : fmt::format(" <{}>", fmt::join(all, ","));
}

std::string words(const wire::frame& f, const report::relative_numbers& numbers) {
  const auto* s = f.tcp();
  if (s == nullptr) return report::packet_text(f, numbers);
  std::string out = fmt::format("[{}] seq {}", report::flags_text(*s), number(numbers.seq(f)));
  if (s->has(wire::ack)) out += fmt::format(" ack {}", number(numbers.ack(f)));
  out += fmt::format(" len {}{}", s->length, options_of(f, *s, numbers));
  return s->ect ? out + " ECT(0)" : out;
}

/// The end that both kernels name alike: where the client connects to. Of packets without a SYN
/// before them (a firewall's reset, UDP) the end with the lower port, as ports that a kernel draws
/// are high.
endpoint service_of(const conversation& c) {
  const auto* first = c.packets.front()->packet.tcp();
  const bool connect = first != nullptr && first->has(wire::syn) && !first->has(wire::ack);
  return connect || c.right.port <= c.left.port ? c.right : c.left;
}

/// An ICMP error that says of the client's port that nobody is there: the kernel drew it.
void forget_drawn_port(wire::frame& f, const conversation& c) {
  auto* m = std::get_if<wire::icmp_message>(&f.what);
  if (m != nullptr && m->quoted_destination != service_of(c)) m->quoted_destination.port = 0;
}

std::vector<line> lines_of(const conversation& c) {
  std::vector<line> out;
  report::relative_numbers numbers;
  constexpr std::uint32_t full_segment = 500;  // the least MSS of IPv4, less its options
  std::uint32_t largest = 0;
  for (const auto* p : c.packets)
    if (const auto* s = p->packet.tcp()) largest = std::max(largest, s->length);
  for (const auto* p : c.packets) {
    numbers.see(p->packet);
    const auto* s = p->packet.tcp();
    const bool pure = s != nullptr && s->flags == wire::ack && s->length == 0 && s->sack_count == 0;
    wire::frame plain = p->packet;
    // The kernel sets PSH on every packet of more than one segment, however it groups them (GSO).
    if (s != nullptr && s->length >= full_segment && s->length == largest)
      std::get<wire::segment>(plain.what).flags &= static_cast<std::uint8_t>(~wire::psh);
    forget_drawn_port(plain, c);
    out.push_back({{p->host, report::to_right(c, *p)}, pure, words(plain, numbers)});
  }
  return out;
}

std::vector<std::string> texts(const std::vector<line>& all, const stream& of, bool with_acks) {
  std::vector<std::string> out;
  for (const line& l : all)
    if (l.of == of && (with_acks || !l.pure_ack)) out.push_back(l.text);
  return out;
}

std::set<stream> streams(const std::vector<line>& a, const std::vector<line>& b) {
  std::set<stream> out;
  for (const auto* lines : {&a, &b})
    for (const line& l : *lines) out.insert(l.of);
  return out;
}

/// Index of the first entry that differs; nothing where the two are equal.
std::optional<std::size_t> parts_at(const std::vector<std::string>& a,
                                    const std::vector<std::string>& b) {
  const auto [x, y] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (x == a.end() && y == b.end()) return std::nullopt;
  return static_cast<std::size_t>(x - a.begin());
}

std::string column(const std::vector<line>& lines, std::size_t i, std::size_t width) {
  if (i >= lines.size()) return std::string(width, ' ');
  const std::string text = report::clipped((lines[i].of.right ? "> " : "< ") + lines[i].text, width);
  return text + std::string(width - std::min(width, report::width_of(text)), ' ');
}

/// Both in two columns, from three lines before they part; as many lines as a screen has.
std::string side_by_side(const std::vector<line>& a, const std::vector<line>& b,
                         const report::style& s) {
  constexpr std::size_t before = 3;
  constexpr std::size_t shown = 20;
  const std::size_t width = (s.width - 3) / 2;
  std::size_t from = 0;
  while (from < std::min(a.size(), b.size()) && a[from].of == b[from].of &&
         a[from].text == b[from].text)
    ++from;
  const std::size_t most = std::max(a.size(), b.size());
  const std::size_t first = from > before ? from - before : 0;
  std::string out = fmt::format("{:<{}} | kernel\n", "simulated", width);
  for (std::size_t i = first; i < std::min(most, first + shown); ++i) {
    std::string row = column(a, i, width) + (i == from ? " ≠ " : " | ") + column(b, i, width);
    if (!s.unicode && i == from) row = column(a, i, width) + " ! " + column(b, i, width);
    row.erase(row.find_last_not_of(' ') + 1);
    out += row + '\n';
  }
  if (most > first + shown) out += fmt::format("... {} more\n", most - first - shown);
  return out;
}

using key = std::tuple<std::string, endpoint, bool>;
std::map<key, std::vector<conversation>> by_ends(const observe::packet_log& log) {
  std::size_t left_out = 0;
  std::map<key, std::vector<conversation>> out;
  for (auto& c : report::conversations(log, SIZE_MAX, left_out)) {
    std::erase_if(c.packets,
                  [](const auto* p) { return p->fragments > 1; });  // captures see no fragments
    if (c.packets.empty()) continue;
    out[{c.left_host, service_of(c), c.tcp}].push_back(std::move(c));
  }
  return out;
}

std::optional<packet_difference> compare(const conversation& a, const conversation& b,
                                         const report::style& s) {
  const auto left = lines_of(a);
  const auto right = lines_of(b);
  const auto all = streams(left, right);
  for (const stream& way : all) {
    const auto mine = texts(left, way, true);
    const auto theirs = texts(right, way, true);
    const auto at = parts_at(mine, theirs);
    if (!at) continue;
    packet_difference d;
    d.where = fmt::format(", from {}", way.host);
    d.packet = *at + 1;
    if (*at < mine.size()) d.simulated = mine[*at];
    if (*at < theirs.size()) d.kernel = theirs[*at];
    d.acks_only = true;
    for (const stream& each : all)
      d.acks_only = d.acks_only && !parts_at(texts(left, each, false), texts(right, each, false));
    d.ladders = side_by_side(left, right, s);
    return d;
  }
  return std::nullopt;
}

packet_difference missing(const conversation& c, bool simulated, const report::style& s) {
  packet_difference d;
  const auto lines = lines_of(c);
  (simulated ? d.simulated : d.kernel) = fmt::format("{} packets", lines.size());
  d.ladders = simulated ? side_by_side(lines, {}, s) : side_by_side({}, lines, s);
  return d;
}

std::string name_of(const key& k, std::size_t number) {
  return fmt::format("{} to {}{}, connection {}", std::get<0>(k), to_string(std::get<1>(k)),
                     std::get<2>(k) ? "" : " (UDP)", number + 1);
}

}  // namespace

std::vector<packet_difference> compare_packets(const observe::packet_log& simulated,
                                               const observe::packet_log& kernel,
                                               const report::style& s) {
  auto left = by_ends(simulated);
  auto right = by_ends(kernel);
  for (const auto& [ends, unused] : right) left.try_emplace(ends);
  std::vector<packet_difference> out;
  for (const auto& [ends, mine] : left) {
    const auto& theirs = right[ends];
    for (std::size_t i = 0; i < std::max(mine.size(), theirs.size()); ++i) {
      std::optional<packet_difference> d;
      if (i < mine.size() && i < theirs.size()) {
        d = compare(mine[i], theirs[i], s);
      } else {
        d = i < mine.size() ? missing(mine[i], true, s) : missing(theirs[i], false, s);
      }
      if (!d) continue;
      d->where = name_of(ends, i) + d->where;
      out.push_back(std::move(*d));
    }
  }
  return out;
}

}  // namespace fourtuple::crosscheck
