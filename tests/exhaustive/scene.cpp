#include "tests/exhaustive/scene.h"

#include <chrono>

namespace fourtuple::exhaustive {

using namespace std::chrono_literals;

std::string_view heading(place p) {
  constexpr std::array<std::string_view, place_count> names = {
      "CLOSED",
      "LISTEN",
      "SYN-SENT",
      "SYN-RECEIVED, a request of a listener",
      "SYN-RECEIVED, a simultaneous open",
      "ESTABLISHED",
      "FIN-WAIT-1, after shutdown(WR)",
      "FIN-WAIT-1, after close(): an orphan",
      "FIN-WAIT-2, after shutdown(WR)",
      "FIN-WAIT-2, after close(): a record",
      "CLOSE-WAIT",
      "CLOSING, after shutdown(WR)",
      "LAST-ACK, after shutdown(WR)",
      "TIME-WAIT, after shutdown(WR): a record beside the descriptor",
  };
  return names[static_cast<std::size_t>(p)];
}

wire::segment scene::segment(unsigned flags, wire::seq at, wire::seq ack,
                             std::uint32_t length) const {
  wire::segment s;
  s.tuple = {host.there(), host.here(), peer_port_, port_};
  s.flags = static_cast<std::uint8_t>(flags);
  s.seq_number = at;
  if ((flags & wire::ack) != 0) s.ack_number = ack;
  s.length = length;
  s.window = 500;
  if ((flags & wire::syn) != 0) {
    s.mss = 1460;
    s.sack_permitted = true;
    s.window_scale = 7;
  }
  s.has_timestamps = true;
  s.ts_value = 1'000'000 + static_cast<std::uint32_t>(ns(host.now()) / 1'000'000);
  s.ts_echo = echo_;
  return s;
}

void scene::follow() {
  for (const wire::segment& s : host.said()) {
    port_ = s.tuple.local_port;
    if (s.has_timestamps) echo_ = s.ts_value;
    if (s.has(wire::syn)) una = s.seq_number;
    if (s.has(wire::syn) || wire::after(s.end(), next)) next = s.end();
  }
  host.clear();
}

void scene::hear(unsigned flags, wire::seq ack, std::uint32_t length) {
  const wire::segment s = segment(flags, peer_next, ack, length);
  host.hear(s);
  peer_next = s.end();
  if (s.has(wire::ack)) una = ack;
  follow();
}

void scene::pass(duration d) {
  const instant then = host.now() + d;
  while (host.timer_until(then)) {
  }
  follow();
}

std::string scene::state() const {
  const auto row = host.row();
  return row ? row->state : "CLOSED";
}

void scene::connect() {
  (void)process().connect(fd, {ip_address::v4(10, 0, 0, 2), peer_port_});
  follow();
}

void scene::listen() {
  port_ = 80;
  peer_port_ = 40000;
  (void)process().bind(fd, {ip_address::any(family::inet), port_});
  (void)process().listen(fd, 8);
}

void scene::establish(bool unread) {
  connect();
  peer_next = peer_first;
  pass(10ms);
  hear(wire::syn | wire::ack, next);
  (void)process().connect(fd, {ip_address::v4(10, 0, 0, 2), peer_port_});
  // A byte either way, so that there are numbers that are old.
  pass(10ms);
  (void)process().send(fd, payload::counted(1));
  follow();
  pass(10ms);
  hear(wire::ack | wire::psh, next, 1);
  if (!unread) (void)process().recv(fd, {nullptr, 1});
  follow();
  pass(300ms);
}

/// The peer's FIN, which acknowledges nothing new.
void scene::finish() { hear(wire::fin | wire::ack, una); }

scene::scene(place p, bool unread) : where(p) {
  fd = *process().socket(family::inet, transport::tcp, std::nullopt);
  port_ = 40000;
  (void)process().setsockopt(fd, option::so_reuseaddr, {1, 0});  // so that a listener may follow
  reach(p, unread);
}

void scene::reach(place p, bool unread) {
  switch (p) {
    case place::closed:
      return;
    case place::listen:
    case place::half_open:
      listen();
      if (p == place::listen) return;
      peer_next = peer_first;
      return hear(wire::syn, 0);
    case place::syn_sent:
      return connect();
    case place::syn_received:
      connect();
      peer_next = peer_first;
      pass(10ms);
      return hear(wire::syn, 0);
    default:
      establish(unread);
  }
  if (p == place::established) return;
  if (p == place::close_wait || p == place::last_ack) {
    finish();
    pass(300ms);
    if (p == place::close_wait) return;
  }
  if (p == place::fin_wait_1_orphan || p == place::fin_wait_2_record) {
    (void)process().close(fd);
    fd = -1;
  } else {
    (void)process().shutdown(fd, shutdown_how::wr);
  }
  follow();
  pass(10ms);
  if (p == place::closing) return finish();
  if (p != place::fin_wait_2 && p != place::fin_wait_2_record && p != place::time_wait) return;
  hear(wire::ack, next);
  if (p == place::time_wait) finish();
  pass(10s);
}

}  // namespace fourtuple::exhaustive
