#include "sim/report/ladder.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "sim/report/conversations.h"
#include "sim/report/packet_text.h"

namespace fourtuple::report {
namespace {

using observe::call_record;
using observe::packet_log;
using observe::packet_record;

constexpr std::size_t clock_width = 12;

/// The calls of one end: from the one that begins it to its close().
class calls_of_end {
 public:
  calls_of_end(const packet_log& log, const std::string& host) : log_(log), host_(host) {}

  /// The client's: the last connect() before the first packet.
  void by_connect(const packet_record& first, std::vector<const call_record*>& to) const {
    const call_record* begin = nullptr;
    for (const auto& c : log_.calls)
      if (c.host == host_ && c.fd >= 0 && c.text.starts_with("connect") && c.order < first.order)
        begin = &c;
    if (begin != nullptr) collect(*begin, begin->fd, to);
  }
  /// The server's: the accept() that gave it.
  void by_accept(const endpoint& peer, std::uint64_t after,
                 std::vector<const call_record*>& to) const {
    for (const auto& c : log_.calls) {
      if (c.host != host_ || !c.accepted || c.accepted->second != peer || c.order < after) continue;
      to.push_back(&c);
      collect(c, c.accepted->first, to);
      return;
    }
  }
  void of_scripts(std::vector<const call_record*>& to) const {
    for (const auto& c : log_.calls)
      if (c.host == host_ && c.fd < 0) to.push_back(&c);
  }

 private:
  void collect(const call_record& begin, int fd, std::vector<const call_record*>& to) const {
    for (const auto& c : log_.calls) {
      if (c.order < begin.order || c.host != host_ || c.program != begin.program || c.fd != fd)
        continue;
      to.push_back(&c);
      if (c.text.starts_with("close") && c.answer != "in progress") return;
    }
  }
  const packet_log& log_;
  const std::string& host_;
};

std::string repeated(std::string_view piece, std::size_t n) {
  std::string out;
  for (std::size_t i = 0; i < n; ++i) out += piece;
  return out;
}

class drawing {
 public:
  explicit drawing(const style& s)
      : width_(std::max<std::size_t>(s.width, 60) - 2 * clock_width),
        bar_(s.unicode ? "│" : "|"),
        dash_(s.unicode ? "─" : "-"),
        right_(s.unicode ? "▶" : ">"),
        left_(s.unicode ? "◀" : "<"),
        lost_(s.unicode ? "✕" : "x") {}

  std::string heading(const conversation& c) const {
    const auto name = [](const endpoint& e, const std::string& host) {
      return fmt::format("{} ({})", to_string(e), host);
    };
    const std::string l = name(c.left, c.left_host);
    const std::string r = name(c.right, c.right_host);
    const std::size_t between = width_ > l.size() + r.size() ? width_ - l.size() - r.size() : 1;
    return fmt::format("{:{}}{}{:{}}{}\n", "", clock_width, l, "", between, r);
  }

  std::string call(const call_record& c, bool left) const {
    const std::string what = clipped(fmt::format("{} = {}", c.text, c.answer), width_ - 4);
    const std::size_t rest = width_ - 2 - width_of(what);
    const std::string inside =
        left ? " " + what + std::string(rest - 1, ' ') : std::string(rest - 1, ' ') + what + " ";
    return fmt::format("{:>{}} {}{}{}\n", clock_text(c.at), clock_width - 1, bar_, inside, bar_);
  }

  std::string packet(const packet_record& p, const std::string& text, bool to_right) const {
    const std::string what = " " + clipped(text, width_ - 10) + " ";
    const std::size_t dashes = width_ - 3 - width_of(what);
    const std::string before = repeated(dash_, 2);
    const std::string after = repeated(dash_, dashes - 2);
    const bool lost = !p.arrived_at;
    std::string line;
    if (to_right) {
      line = before + what + after + std::string(lost ? lost_ : right_);
    } else {
      line = std::string(lost ? lost_ : left_) + before + what + after;
    }
    const std::string arrival =
        p.arrived_at && *p.arrived_at != p.at ? " " + clock_text(*p.arrived_at) : "";
    // Each clock stands at its own end.
    const std::string left_clock = to_right ? clock_text(p.at) : p.arrived_at ? arrival : "";
    const std::string right_clock = to_right ? arrival : " " + clock_text(p.at);
    return fmt::format("{:>{}} {}{}{}{}\n", left_clock, clock_width - 1, bar_, line, bar_,
                       right_clock);
  }

 private:
  std::size_t width_;
  std::string_view bar_, dash_, right_, left_, lost_;
};

std::string short_text(const wire::frame& f, const relative_numbers& numbers) {
  const auto* s = f.tcp();
  if (s == nullptr) return packet_text(f, numbers);
  std::string out = fmt::format("[{}]", flags_text(*s));
  if (s->length != 0) {
    out += fmt::format(" {}:{}", numbers.seq(f), numbers.seq(f) + s->length);
  } else if (s->has(wire::syn) || s->has(wire::fin) || s->has(wire::rst)) {
    out += fmt::format(" {}", numbers.seq(f));
  }
  if (s->has(wire::ack)) out += fmt::format(" ack {}", numbers.ack(f));
  out += fmt::format(" win {}", s->window);
  if (s->mss != 0) out += fmt::format(" mss {}", s->mss);
  return out;
}

std::string draw(const packet_log& log, const conversation& c, const style& s) {
  const drawing pen(s);
  std::vector<const call_record*> left_calls;
  std::vector<const call_record*> right_calls;
  const calls_of_end left(log, c.left_host);
  const calls_of_end right(log, c.right_host);
  if (c.tcp) {
    left.by_connect(*c.packets.front(), left_calls);
    right.by_accept(c.left, c.packets.front()->order, right_calls);
  }
  left.of_scripts(left_calls);
  if (c.left_host != c.right_host) right.of_scripts(right_calls);

  struct line {
    instant at;
    std::uint64_t order;
    std::string text;
  };
  std::vector<line> lines;
  relative_numbers numbers;
  for (const auto* p : c.packets) {
    numbers.see(p->packet);
    lines.push_back(
        {p->at, p->order, pen.packet(*p, short_text(p->packet, numbers), to_right(c, *p))});
  }
  for (const auto* call : left_calls)
    lines.push_back({call->at, call->order, pen.call(*call, true)});
  for (const auto* call : right_calls)
    lines.push_back({call->at, call->order, pen.call(*call, false)});
  std::stable_sort(lines.begin(), lines.end(), [](const line& a, const line& b) {
    return a.at != b.at ? a.at < b.at : a.order < b.order;
  });
  std::string out = pen.heading(c);
  for (const auto& l : lines) out += l.text;
  return out;
}

}  // namespace

std::string ladders(const packet_log& log, std::size_t most, const style& s) {
  std::size_t left_out = 0;
  std::string out;
  for (const auto& c : conversations(log, most, left_out)) {
    if (!out.empty()) out += '\n';
    out += draw(log, c, s);
  }
  if (left_out != 0)
    out += fmt::format("\n{} more conversation{} (--connections N)\n", grouped(left_out),
                       left_out == 1 ? "" : "s");
  return out;
}

}  // namespace fourtuple::report
