#include "sim/report/ladder.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "sim/report/conversations.h"
#include "sim/report/ladder_calls.h"
#include "sim/report/packet_text.h"

namespace fourtuple::report {
namespace {

using observe::call_record;
using observe::packet_log;
using observe::packet_record;

constexpr std::size_t clock_width = 12;

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

  std::string heading(const ladder& l) const {
    const std::size_t names = l.left.size() + l.right.size();
    const std::size_t between = width_ > names ? width_ - names : 1;
    return fmt::format("{:{}}{}{:{}}{}\n", "", clock_width, l.left, "", between, l.right);
  }

  std::string line(const ladder_line& l) const { return l.packet ? packet(l) : call(l); }

 private:
  std::string call(const ladder_line& c) const {
    const std::string what = clipped(c.text, width_ - 4);
    const std::size_t rest = width_ - 2 - width_of(what);
    const std::string inside = c.from_left ? " " + what + std::string(rest - 1, ' ')
                                           : std::string(rest - 1, ' ') + what + " ";
    return fmt::format("{:>{}} {}{}{}\n", clock_text(c.at), clock_width - 1, bar_, inside, bar_);
  }

  std::string packet(const ladder_line& p) const {
    const std::string where = p.lost_where.empty() ? "" : " (" + p.lost_where + ")";
    const std::string what = " " + clipped(p.text + where, width_ - 10) + " ";
    const std::size_t dashes = width_ - 3 - width_of(what);
    const std::string before = repeated(dash_, 2);
    const std::string after = repeated(dash_, dashes - 2);
    const std::string_view tip = tip_of(p);
    std::string line;
    if (p.from_left) {
      line = before + what + after + std::string(tip);
    } else {
      line = std::string(tip) + before + what + after;
    }
    const std::string arrival =
        p.arrived_at && *p.arrived_at != p.at ? " " + clock_text(*p.arrived_at) : "";
    // Each clock stands at its own end.
    const std::string left_clock = p.from_left ? clock_text(p.at) : p.arrived_at ? arrival : "";
    const std::string right_clock = p.from_left ? arrival : " " + clock_text(p.at);
    return fmt::format("{:>{}} {}{}{}{}\n", left_clock, clock_width - 1, bar_, line, bar_,
                       right_clock);
  }

  /// What is under way when the run ends has got nowhere yet.
  std::string_view tip_of(const ladder_line& p) const {
    if (p.how == journey::end::lost) return lost_;
    if (p.how == journey::end::under_way) return dash_;
    return p.from_left ? right_ : left_;
  }

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

ladder_line line_of(const call_record& c, bool left) {
  return {false, left, c.at, {}, fmt::format("{} = {}", c.text, c.answer), journey::end::there, ""};
}

/// What the arrow alone does not say: that it is many packets, who sent it where that was not the
/// end itself, and that it was under way at the end.
std::string remark_on(const journey& j, const std::string& sender) {
  std::string out = fragments_text(*j.first);
  const bool foreign = j.first->host != sender && j.how != journey::end::unseen;
  if (foreign) out += " from " + j.first->host;
  if (j.how == journey::end::under_way) out += " (under way)";
  return out;
}

std::string lost_where(const journey& j) {
  if (j.how != journey::end::lost) return {};
  if (j.last->arrived_at) return "lost at " + j.last->to;
  return j.last != j.first ? "lost beyond " + j.last->host : std::string();
}

/// Of an ICMP error: towards who sent what it quotes.
bool goes_right(const conversation& c, const wire::frame& f) {
  const auto* m = f.icmp();
  return (m == nullptr ? f.source : m->quoted_destination) == c.left;
}

ladder_line line_of(const journey& j, const conversation& c, const relative_numbers& numbers) {
  const bool right = goes_right(c, j.first->packet);
  return {true,
          right,
          j.first->at,
          j.arrived_at(),
          short_text(j.first->packet, numbers) + remark_on(j, right ? c.left_host : c.right_host),
          j.how,
          lost_where(j)};
}

/// Routers stand between the ends, also where the log has only the links next to one of them.
conversation from_end_to_end(conversation c, const spec::scenario& s) {
  c.left_host = owner_name(s, c.left.address, c.left_host);
  c.right_host = owner_name(s, c.right.address, c.right_host);
  return c;
}

std::string draw(const ladder& l, const style& s) {
  const drawing pen(s);
  std::string out = pen.heading(l);
  for (const auto& line : l.lines) out += pen.line(line);
  return out;
}

}  // namespace

ladder ladder_of(const packet_log& log, const spec::scenario& s, const conversation& recorded) {
  const conversation c = from_end_to_end(recorded, s);
  struct placed {
    std::uint64_t order;
    ladder_line line;
  };
  std::vector<placed> lines;
  relative_numbers numbers;
  for (const auto& j : journeys(c, log, s)) {
    numbers.see(j.first->packet);
    lines.push_back({j.first->order, line_of(j, c, numbers)});
  }
  const calls_of_both calls = calls_of(log, c);
  for (const auto* call : calls.left) lines.push_back({call->order, line_of(*call, true)});
  for (const auto* call : calls.right) lines.push_back({call->order, line_of(*call, false)});
  std::stable_sort(lines.begin(), lines.end(), [](const placed& a, const placed& b) {
    return a.line.at != b.line.at ? a.line.at < b.line.at : a.order < b.order;
  });
  const auto name = [](const endpoint& e, const std::string& host) {
    return fmt::format("{} ({})", to_string(e), host);
  };
  ladder out{name(c.left, c.left_host), name(c.right, c.right_host), {}};
  for (auto& l : lines) out.lines.push_back(std::move(l.line));
  return out;
}

std::string ladders(const packet_log& log, const spec::scenario& file, std::size_t most,
                    const style& s) {
  std::size_t left_out = 0;
  std::string out;
  for (const auto& c : conversations(log, most, left_out)) {
    if (!out.empty()) out += '\n';
    out += draw(ladder_of(log, file, c), s);
  }
  if (left_out != 0)
    out += fmt::format("\n{} more conversation{} (--connections N)\n", grouped(left_out),
                       left_out == 1 ? "" : "s");
  return out;
}

}  // namespace fourtuple::report
