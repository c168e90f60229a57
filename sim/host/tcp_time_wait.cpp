// Records of TIME-WAIT (inet_timewait_sock.c): made as a connection ends, answering the segments that
// still come (tcp_timewait_state_process), killed by their timer or by a new connection.
#include "sim/host/tcp_stack.h"

namespace fourtuple::host {

ports::time_wait_facts tcp_stack::time_wait(std::uint32_t index) const {
  const tcp::time_wait& w = time_waits_[index].w;
  ports::time_wait_facts f;
  f.has_timestamps = w.has_timestamps();
  f.fin_wait_2 = w.fin_wait_2;
  f.entry_ms = w.entry_ms;
  f.ts_recent_stamp_s = w.ts_recent_stamp_s;
  return f;
}

void tcp_stack::make_time_wait(std::uint32_t i, tcp_socket& s, const tcp::actions& done) {
  const ports::entry socket_entry{ports::kind::connection, i};
  if (time_waits_.size() >= static_cast<std::size_t>(parts_.sysctls.tcp_max_tw_buckets)) {
    parts_.counters.add(tcp::counter::TcpExtTCPTimeWaitOverflow);
    unhash(i, s);
    return;
  }
  const std::uint32_t index = time_waits_.make();
  time_wait_record& w = time_waits_[index];
  ::new (&w.w) tcp::time_wait(tcp::make_time_wait(*s.tcb, done.end, limits_, clock()));
  if (s.port_locked && !s.tcb->orphan) {
    // The descriptor keeps its bound port; the record holds it too.
    w.owner = ports_.add(claim_of(s), s.port(), ports::origin::accept);
  } else {
    w.owner = s.owner;
    s.owner = {};
  }
  if (w.owner) ports_.to_time_wait(w.owner);
  ports_.replace(s.tuple, socket_entry, {ports::kind::time_wait, index});
  s.hashed = false;
  if (w.w.fin_wait_2) ++fin_wait_2_records_;
  time_wait_gauge_.set(time_waits_.size() - fin_wait_2_records_, parts_.world.now());
  arm_time_wait(index, w, done.end_delay);
  note_ports();
}

void tcp_stack::arm_time_wait(std::uint32_t index, time_wait_record& w, std::uint64_t delay) {
  if (w.timer != 0) parts_.timers.cancel(w.timer);
  w.w.short_lived = delay <= std::uint64_t{4} * limits_.hz;  // inet_twsk_schedule(): tw_kill
  w.timer = parts_.timers.arm(timer_kind::time_wait, index, delay);
}

void tcp_stack::kill_time_wait(std::uint32_t index) {
  time_wait_record& w = time_waits_[index];
  if (w.timer != 0) parts_.timers.cancel(w.timer);
  ports_.erase(w.w.tuple, {ports::kind::time_wait, index});
  if (w.owner) ports_.remove(w.owner);
  if (w.w.fin_wait_2) --fin_wait_2_records_;
  time_waits_.free(index);
  time_wait_gauge_.set(time_waits_.size() - fin_wait_2_records_, parts_.world.now());
  note_ports();
}

void tcp_stack::to_time_wait(std::uint32_t index, const wire::segment& s) {
  time_wait_record& w = time_waits_[index];
  const bool was_fin_wait_2 = w.w.fin_wait_2;
  tcp::actions& out = sink();
  auto verdict = tcp::time_wait_segment(w.w, s, limits_, clock(), out);
  if (verdict == tcp::time_wait_verdict::syn) {
    if (const std::uint32_t listener = find_listener(s); listener != 0) {
      const tcp::time_wait old = w.w;
      kill_time_wait(index);
      to_listener(listener, s, &old, place_of(s));
      return;
    }
    verdict = tcp::refuse_syn(w.w, s, limits_, clock(), out);
  }
  for (wire::segment& answer : out.segments)
    if (answer.has_timestamps) answer.ts_value += ts_offset_of(w.w);
  if (verdict == tcp::time_wait_verdict::kill) {
    kill_time_wait(index);
  } else {
    if (was_fin_wait_2 && !w.w.fin_wait_2) {
      --fin_wait_2_records_;
      time_wait_gauge_.set(time_waits_.size() - fin_wait_2_records_, parts_.world.now());
    }
    ports_.time_wait_changed(w.w.tuple, {ports::kind::time_wait, index});
    if (verdict == tcp::time_wait_verdict::restart)
      arm_time_wait(index, w, tcp::time_wait_length(limits_));
  }
  emit_all(out);
}

}  // namespace fourtuple::host
