// The TCP part of the socket table, as ss(8) would list it.
#include "sim/host/tcp_stack.h"

namespace fourtuple::host {
namespace {

observe::socket_row row_of(std::string_view state, endpoint local, endpoint remote) {
  observe::socket_row r;
  r.state = state;
  r.local = local;
  r.remote = remote;
  return r;
}

}  // namespace

void tcp_stack::rows(std::vector<std::pair<std::uint32_t, observe::socket_row>>& to) const {
  const wire::address_table& addresses = parts_.world.addresses();
  const instant now = parts_.world.now();
  const auto timer = [&](observe::socket_row& r, const char* what, std::uint32_t id) {
    r.timer = what;
    r.timer_left = parts_.timers.expiry(id) - now;
  };
  sockets_.each([&](std::uint32_t i, const tcp_socket& s) {
    const tcp::tcb t = s.tcb != nullptr ? *s.tcb : tcp::unpacked(s.at_rest, s.tuple);
    if (t.st == tcp::state::closed && s.port() == 0 && t.orphan) return;
    observe::socket_row r = row_of(tcp::name(t.st), name_of(s, s.tuple.local, s.tuple.local_port),
                                   name_of(s, s.tuple.remote, s.tuple.remote_port));
    r.uid = s.uid;
    r.v6only = s.v6only;
    if (s.is_listener()) {
      r.recv_q = s.listening().accept_queue.size();
      r.send_q = s.listening().backlog;
      r.remote = {ip_address::any(s.family), 0};
    } else if (t.st != tcp::state::closed) {
      r.recv_q = tcp::readable(t);
      r.send_q = t.write_seq - t.snd_una;
      r.retransmits = t.retransmits;
      if (s.timers[0] != 0 && t.pending != tcp::pending::none)
        timer(r, t.pending == tcp::pending::zero_window_probe ? "persist" : "on", s.timers[0]);
      else if (s.timers[2] != 0)
        timer(r, "keepalive", s.timers[2]);
    }
    to.emplace_back(i, std::move(r));
  });
  const auto record = [&](const wire::four_tuple& t, std::string_view state) {
    return row_of(state, {addresses.at(t.local), t.local_port},
                  {addresses.at(t.remote), t.remote_port});
  };
  requests_.each([&](std::uint32_t, const request_record& q) {
    observe::socket_row r = record(q.r.tuple, "SYN-RECEIVED");
    if (q.timer != 0) timer(r, "on", q.timer);
    r.retransmits = q.r.retransmits;
    to.emplace_back(0, std::move(r));
  });
  time_waits_.each([&](std::uint32_t, const time_wait_record& w) {
    observe::socket_row r = record(w.w.tuple, w.w.fin_wait_2 ? "FIN-WAIT-2" : "TIME-WAIT");
    if (w.timer != 0) timer(r, "timewait", w.timer);
    to.emplace_back(0, std::move(r));
  });
}

}  // namespace fourtuple::host
