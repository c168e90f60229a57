// Joint states and events in words, for traces.
#include <fmt/format.h>

#include <array>
#include <string_view>

#include "tests/exhaustive/joint.h"

namespace fourtuple::exhaustive {

tcp::state state_of(const peer& p) {
  if (const auto* c = std::get_if<connection>(&p.holds)) return c->tcb.st;
  if (std::holds_alternative<half_open>(p.holds)) return tcp::state::syn_received;
  if (const auto* w = std::get_if<tcp::time_wait>(&p.holds))
    return w->fin_wait_2 ? tcp::state::fin_wait_2 : tcp::state::time_wait;
  return p.listening ? tcp::state::listen : tcp::state::closed;
}

std::string shown(const wire::segment& s) {
  std::string flags;
  if (s.has(wire::syn)) flags += 'S';
  if (s.has(wire::fin)) flags += 'F';
  if (s.has(wire::rst)) flags += 'R';
  if (s.has(wire::psh)) flags += 'P';
  if (s.has(wire::ack)) flags += '.';
  std::string text = fmt::format("{} {}:{}", flags, s.seq_number, s.seq_number + s.length);
  if (s.has(wire::ack)) text += fmt::format(" ack {}", s.ack_number);
  text += fmt::format(" win {}", s.window);
  for (unsigned i = 0; i < s.sack_count; ++i)
    text += fmt::format(" sack {}:{}", s.sack[i].left, s.sack[i].right);
  return text;
}

namespace {

std::string shown(const peer& p) {
  std::string text{tcp::name(state_of(p))};
  if (const auto* c = std::get_if<connection>(&p.holds)) {
    const tcp::tcb& t = c->tcb;
    text += fmt::format(" una {} nxt {} write {} wnd {} rcv {} read {} offers {}", t.snd_una,
                        t.snd_nxt, t.write_seq, t.snd_wnd, t.rcv_nxt, t.copied_seq,
                        t.rcv_wup + t.rcv_wnd - t.rcv_nxt);
    if (t.orphan) text += " orphan";
    if (c->timers != 0)
      text += fmt::format(" timers {} pending {}", c->timers, static_cast<int>(t.pending));
  } else if (std::holds_alternative<half_open>(p.holds)) {
    text += " (half-open)";
  } else if (std::holds_alternative<tcp::time_wait>(p.holds)) {
    text += " (record)";
  }
  return text;
}

constexpr std::array<std::string_view, 21> names = {"connect",
                                                    "accept",
                                                    "send",
                                                    "read",
                                                    "shutdown(RD)",
                                                    "shutdown(WR)",
                                                    "close",
                                                    "close, linger 0",
                                                    "close, linger",
                                                    "linger over",
                                                    "disconnect",
                                                    "stop listening",
                                                    "hears",
                                                    "hears, and again later",
                                                    "loses",
                                                    "retransmission timer",
                                                    "delayed-ACK timer",
                                                    "keepalive timer",
                                                    "SYN-ACK timer",
                                                    "2MSL",
                                                    "gives up"};

}  // namespace

std::string shown(const event& e, const joint& before) {
  std::string text =
      fmt::format("{} {}", e.peer == 0 ? "A" : "B", names[static_cast<std::size_t>(e.what)]);
  if (e.what == happening::deliver || e.what == happening::deliver_twice ||
      e.what == happening::lose)
    text += " " + shown(before.network[e.peer][e.index]);
  return text;
}

std::string shown(const joint& j) {
  std::string text = "A " + shown(j.peers[0]) + "\nB " + shown(j.peers[1]);
  for (std::size_t p = 0; p < 2; ++p)
    for (const auto& s : j.network[p])
      text += fmt::format("\nto {} {}", p == 0 ? "A" : "B", shown(s));
  return text;
}

}  // namespace fourtuple::exhaustive
