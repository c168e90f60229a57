#include "tests/exhaustive/state_table.h"

#include <fmt/format.h>

#include <chrono>

namespace fourtuple::exhaustive {
namespace {

using namespace std::chrono_literals;

bool is_call(kind k) {
  return k <= kind::abort || k == kind::unacknowledged || k == kind::keepalive;
}

std::string shown(const wire::segment& s, const wire::segment* cause) {
  std::string text;
  const auto add = [&](wire::flag f, std::string_view word) {
    if (!s.has(f)) return;
    if (!text.empty()) text += ", ";
    text += word;
  };
  add(wire::syn, "SYN");
  add(wire::fin, "FIN");
  add(wire::rst, "RST");
  if (s.length != 0) text += text.empty() ? "text" : ", text";
  add(wire::ack, "ACK");
  // RFC 9293 3.10.7.1 has two forms of a reset that answers.
  if (s.has(wire::rst) && cause != nullptr && cause->has(wire::ack) &&
      s.seq_number == cause->ack_number && !s.has(wire::ack))
    text += " (SEQ = SEG.ACK)";
  if (s.sack_count != 0) text += " (SACK)";
  return text;
}

/// What the application would find: SO_ERROR, bytes, end of file.
std::string found(scene& s) {
  if (s.fd < 0) return {};
  std::string text;
  const auto error = s.process().getsockopt(s.fd, option::so_error);
  if (error && error->number != 0) text = name(static_cast<errc>(error->number));
  const auto n = s.process().recv(s.fd, {nullptr, 10});
  if (!n) return text;
  if (!text.empty()) text += ", ";
  return text + (*n == 0   ? "end of file"
                 : *n == 1 ? "a byte to read"
                           : fmt::format("{} bytes to read", *n));
}

/// What a segment causes a little later: a delayed ACK, or the SYN sent again.
std::string later(scene& s) {
  const instant then = s.host.now() + (s.where == place::syn_sent ? 100ms : 250ms);
  const std::size_t known = s.host.said().size();
  if (s.where != place::syn_sent && known != 0) return {};
  while (s.host.said().size() == known && s.host.timer_until(then)) {
  }
  if (s.host.said().size() == known) return {};
  const wire::segment& said = s.host.said().back();
  if (s.where == place::syn_sent) return said.has(wire::syn) ? "SYN, after 8 ms" : "";
  return said.flags == wire::ack && said.length == 0 ? "ACK, delayed" : "";
}

void append(std::string& list, const std::string& item) {
  if (item.empty()) return;
  if (!list.empty()) list += "; ";
  list += item;
}

/// How long a record still has.
duration left(const scene& s) {
  const auto row = s.host.row();
  return row && row->timer == "timewait" ? row->timer_left : duration{};
}

}  // namespace

cell play(place p, const table_event& e) {
  const bool orphan = p == place::fin_wait_1_orphan || p == place::fin_wait_2_record;
  const bool unread = e.what == kind::close_unread && !orphan;
  scene s(p, unread);
  cell c;
  c.why = reason(p, e.what);
  if (is_call(e.what) && s.fd < 0) {
    c.answer = "there is no descriptor";
    c.why = "close(2)";
    c.next = s.state();
    return c;
  }
  scene still(p, unread);
  const std::string before = found(still);
  const duration had = left(s);
  append(c.answer, e.happen(s));
  c.next = s.state();
  for (const wire::segment& said : s.host.said()) append(c.answer, shown(said, nullptr));
  if (had != duration{} && left(s) > had) append(c.answer, "its time begins anew");
  const std::string now = found(s);
  if (e.what != kind::receive && now != before) append(c.answer, now);
  const bool a_segment = !is_call(e.what) && e.what != kind::timer && e.what != kind::silence;
  if (a_segment) append(c.answer, later(s));
  if (c.answer.empty()) c.answer = "nothing";
  return c;
}

std::string state_table() {
  std::string text;
  std::size_t pairs = 0;
  for (std::size_t i = 0; i < place_count; ++i) {
    const auto p = static_cast<place>(i);
    text += fmt::format("\n### {}\n| event | answer | next state | by |\n|---|---|---|---|\n",
                        heading(p));
    for (const table_event& e : table_events()) {
      const cell c = play(p, e);
      text += fmt::format("| {} | {} | {} | {} |\n", e.text, c.answer, c.next, c.why);
      ++pairs;
    }
  }
  return fmt::format("{} pairs.\n", pairs) + text;
}

}  // namespace fourtuple::exhaustive
