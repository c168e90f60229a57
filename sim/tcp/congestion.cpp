// The congestion window (RFC 5681): slow start, congestion avoidance by Reno or CUBIC, restart after
// idling (tcp_cong.c, tcp_output.c).
#include "sim/tcp/recovery.h"

namespace fourtuple::tcp::detail {
namespace {

bool in_slow_start(const tcb& t) { return t.cwnd < t.ssthresh; }

void set_cwnd(tcb& t, std::uint32_t segments) {
  t.cwnd = static_cast<std::uint16_t>(std::min<std::uint32_t>(segments, 65535));
}

/// tcp_is_cwnd_limited()
bool is_cwnd_limited(const tcb& t, const transit& x) {
  if (x.cwnd_limited) return true;
  return in_slow_start(t) && t.cwnd < 2 * x.max_packets_out;
}

/// tcp_cong_avoid_ai(): one segment for every `each` acknowledged.
void grow_linearly(tcb& t, std::uint32_t each, std::uint32_t acked) {
  if (t.cwnd_count >= each) {
    t.cwnd_count = 0;
    set_cwnd(t, t.cwnd + 1U);
  }
  const std::uint32_t count = t.cwnd_count + acked;
  if (count >= each) set_cwnd(t, t.cwnd + count / each);
  t.cwnd_count = count % each;
}

}  // namespace

void grow_cwnd(const context& k, std::uint32_t acked) {
  if (!is_cwnd_limited(k.t, k.x)) return;
  if (in_slow_start(k.t)) {
    const std::uint32_t grown = std::min<std::uint32_t>(k.t.cwnd + acked, k.t.ssthresh);
    acked -= grown - k.t.cwnd;
    set_cwnd(k.t, grown);
    if (acked == 0) return;
  }
  grow_linearly(k.t, k.l.cubic ? cubic::growth_count(k, acked) : k.t.cwnd, acked);
}

std::uint32_t current_ssthresh(const tcb& t, const transit& x) {
  if (x.reducing()) return t.ssthresh;
  return std::max<std::uint32_t>(t.ssthresh, (t.cwnd >> 1U) + (t.cwnd >> 2U));
}

std::uint32_t ssthresh_after_loss(const context& k) {
  // tcp_reno_ssthresh()
  return k.l.cubic ? cubic::ssthresh(k) : std::max<std::uint32_t>(k.t.cwnd / 2U, 2);
}

void note_acked(const context& k, std::uint32_t rtt_us) {
  if (k.l.cubic) cubic::note_acked(k, rtt_us);
}

void note_time_out(const context& k) {
  if (k.l.cubic) cubic::note_time_out(k);
}

void note_first_of_a_flight(const context& k) {
  if (k.l.cubic) cubic::note_first_of_a_flight(k);
}

void control_congestion(const context& k, const ack_round& a) {
  if (k.x.reducing()) {
    reduce_cwnd(k, a.delivered, a.losses, a.una_advanced);
    return;
  }
  // tcp_may_raise_cwnd(): under heavy reordering a SACK counts as progress too.
  const bool progress =
      a.data_acked || (a.data_sacked && k.t.reordering > k.l.reordering);
  if (progress) grow_cwnd(k, a.delivered);
}

void validate_cwnd(const context& k, bool limited) {
  if (!wire::before(k.t.snd_una, k.x.cwnd_usage_seq) || limited ||
      (!k.x.cwnd_limited && k.x.packets_out() > k.x.max_packets_out)) {
    k.x.cwnd_limited = limited;
    k.x.max_packets_out = k.x.packets_out();
    k.x.cwnd_usage_seq = k.t.snd_nxt;
  }
  if (is_cwnd_limited(k.t, k.x)) {
    k.t.cwnd_used = 0;
    k.t.cwnd_stamp = jiffy(k.c);
    return;
  }
  if (k.x.packets_out() > k.t.cwnd_used) k.t.cwnd_used = static_cast<std::uint16_t>(k.x.packets_out());
  if (!k.l.slow_start_after_idle || jiffy(k.c) - k.t.cwnd_stamp < k.t.rto) return;
  // tcp_cwnd_application_limited(): half of what was not used goes (RFC 2861).
  if (k.x.state == congestion_state::open) {
    const std::uint32_t used = std::max<std::uint32_t>(k.t.cwnd_used, k.l.initial_cwnd);
    if (used < k.t.cwnd) {
      k.t.ssthresh = current_ssthresh(k.t, k.x);
      set_cwnd(k.t, (k.t.cwnd + used) >> 1);
    }
    k.t.cwnd_used = 0;
  }
  k.t.cwnd_stamp = jiffy(k.c);
}

void restart_after_idle(tcb& t, const limits& l, const clock& c) {
  if (!l.slow_start_after_idle || t.last_send == 0) return;
  auto idle = static_cast<std::int32_t>(jiffy(c) - t.last_send);
  const auto rto = static_cast<std::int32_t>(t.rto);
  if (idle <= rto) return;
  // tcp_cwnd_restart()
  t.ssthresh = std::max<std::uint32_t>(t.ssthresh, (t.cwnd >> 1U) + (t.cwnd >> 2U));
  const std::uint32_t least = std::min<std::uint32_t>(l.initial_cwnd, t.cwnd);
  std::uint32_t cwnd = t.cwnd;
  while ((idle -= rto) > 0 && cwnd > least) cwnd >>= 1;
  set_cwnd(t, std::max(cwnd, least));
  t.cwnd_stamp = jiffy(c);
  t.cwnd_used = 0;
}

}  // namespace fourtuple::tcp::detail
