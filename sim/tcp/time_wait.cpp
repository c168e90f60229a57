// TIME-WAIT and the FIN-WAIT-2 of orphans (tcp_minisocks.c tcp_timewait_state_process; reference D.9).
#include "sim/tcp/time_wait.h"

#include "sim/tcp/detail.h"

namespace fourtuple::tcp {

using namespace detail;

namespace {

constexpr std::uint32_t largest_window = (1U << 30) - 1;  // RFC 7323 2.3: below 65536 << 14
constexpr std::uint32_t latest_stamp = (1U << 27) - 1;

}  // namespace

time_wait make_time_wait(const tcb& t, ending why, const limits&, const clock& c) {
  time_wait w;
  w.tuple = t.tuple;
  w.snd_nxt = t.snd_nxt;
  w.rcv_nxt = t.rcv_nxt;
  w.rcv_wnd = receive_window(t) & largest_window;
  w.rcv_wscale = t.rcv_wscale;
  w.ts_recent = t.ts_recent;
  w.ts_recent_stamp_s = t.timestamps ? t.ts_recent_stamp_s & latest_stamp : 0;
  w.own_ts_offset = t.ts_offset != 0;
  w.entry_ms = c.ms;
  w.last_oow_ack = 0;
  w.fin_wait_2 = why == ending::fin_wait_2;
  return w;
}

namespace {

void send_ack(time_wait& w, const clock& c, actions& out) {
  wire::segment& s = out.segments.emplace_back();
  s.tuple = w.tuple;
  s.seq_number = w.snd_nxt;
  s.ack_number = w.rcv_nxt;
  s.flags = wire::ack;
  s.window = static_cast<std::uint16_t>(w.rcv_wnd >> w.rcv_wscale);
  if (w.has_timestamps()) {
    s.has_timestamps = true;
    s.ts_value = c.ms;
    s.ts_echo = w.ts_recent;
  }
}

/// tcp_timewait_check_oow_rate_limit(): segments that carry something are always answered.
void limited_ack(time_wait& w, const wire::segment& s, const limits& l, const clock& c, counter skipped,
                 actions& out) {
  const bool exempt = s.sequence_length() != 0 && !s.has(wire::syn);
  if (!exempt && !within_ratelimit(w.last_oow_ack, l, c)) {
    out.count(skipped);
    return;
  }
  send_ack(w, c, out);
}

void update_stamp(time_wait& w, const wire::segment& s, const clock& c) {
  if (!w.has_timestamps() || !s.has_timestamps) return;
  w.ts_recent = s.ts_value;
  w.ts_recent_stamp_s = c.seconds & latest_stamp;
}

time_wait_verdict reset_and_kill(const wire::segment& s, actions& out) {
  refuse(s, out);
  return time_wait_verdict::kill;
}

time_wait_verdict fin_wait_2_segment(time_wait& w, const wire::segment& s, bool paws,
                                     const limits& l, const clock& c, actions& out) {
  if (paws || !in_window(s, w.rcv_nxt, w.rcv_nxt + w.rcv_wnd)) {
    limited_ack(w, s, l, c, counter::TcpExtTCPACKSkippedFinWait2, out);
    return time_wait_verdict::keep;
  }
  if (s.has(wire::rst)) return time_wait_verdict::kill;
  if (s.has(wire::syn) && wire::at_or_after(s.seq_number, w.rcv_nxt)) return reset_and_kill(s, out);
  if (!s.has(wire::ack) || wire::at_or_before(s.end(), w.rcv_nxt) || s.sequence_length() == 0)
    return time_wait_verdict::keep;
  if (!s.has(wire::fin) || s.end() != w.rcv_nxt + 1) return reset_and_kill(s, out);
  w.fin_wait_2 = false;
  w.rcv_nxt = s.end();
  w.entry_ms = c.ms;
  update_stamp(w, s, c);
  send_ack(w, c, out);
  return time_wait_verdict::restart;
}

}  // namespace

time_wait_verdict time_wait_segment(time_wait& w, const wire::segment& s, const limits& l, const clock& c,
                                    actions& out) {
  const bool paws = w.has_timestamps() && s.has_timestamps &&
                    wire::before(s.ts_value, w.ts_recent) &&
                    (!s.has(wire::rst) || c.seconds - w.ts_recent_stamp_s < 60);
  if (w.fin_wait_2) return fin_wait_2_segment(w, s, paws, l, c, out);

  const bool exact = s.seq_number == w.rcv_nxt;
  if (!paws && exact && (s.has(wire::rst) || s.sequence_length() == 0)) {
    if (s.has(wire::rst)) {
      if (!l.rfc1337) return time_wait_verdict::kill;  // assassination (RFC 1337)
      update_stamp(w, s, c);
      return time_wait_verdict::keep;
    }
    update_stamp(w, s, c);
    return time_wait_verdict::restart;
  }
  const bool newer =
      wire::after(s.seq_number, w.rcv_nxt) ||
      (w.has_timestamps() && s.has_timestamps && wire::after(s.ts_value, w.ts_recent));
  if (s.has(wire::syn) && !s.has(wire::rst) && !s.has(wire::ack) && !paws && newer)
    return time_wait_verdict::syn;
  return refuse_syn(w, s, l, c, out);
}

time_wait_verdict refuse_syn(time_wait& w, const wire::segment& s, const limits& l, const clock& c,
                             actions& out) {
  const bool paws = w.has_timestamps() && s.has_timestamps && wire::before(s.ts_value, w.ts_recent);
  if (paws) out.count(counter::TcpExtPAWSEstab);
  if (s.has(wire::rst)) return time_wait_verdict::keep;
  const bool restart = paws || s.has(wire::ack);
  limited_ack(w, s, l, c, counter::TcpExtTCPACKSkippedTimeWait, out);
  return restart ? time_wait_verdict::restart : time_wait_verdict::keep;
}

}  // namespace fourtuple::tcp
