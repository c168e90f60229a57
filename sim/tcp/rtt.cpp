// Round-trip times and the retransmission time-out (RFC 6298 as tcp_rtt_estimator() does it;
// reference E.3). Microseconds and integers.
#include "sim/tcp/recovery.h"

namespace fourtuple::tcp::detail {

void rtt_sample(tcb& t, std::uint32_t sample_us, const limits& l) {
  const auto m = static_cast<std::int64_t>(sample_us == 0 ? 1 : sample_us);
  if (t.srtt_us8 == 0) {
    t.srtt_us8 = static_cast<std::uint32_t>(m * 8);
    t.mdev_us = static_cast<std::uint32_t>(m * 2);
    t.rttvar_us = std::max(t.mdev_us, l.rto_min_us);
    t.mdev_max_us = t.rttvar_us;
    t.rtt_seq = t.snd_nxt;
  } else {
    std::int64_t error = m - (t.srtt_us8 >> 3);
    t.srtt_us8 = static_cast<std::uint32_t>(t.srtt_us8 + error);
    if (error < 0) {
      error = -error - (t.mdev_us >> 2);
      if (error > 0) error >>= 3;  // a sudden drop moves the deviation slowly
    } else {
      error -= t.mdev_us >> 2;
    }
    t.mdev_us = static_cast<std::uint32_t>(t.mdev_us + error);
    if (t.mdev_us > t.mdev_max_us) {
      t.mdev_max_us = t.mdev_us;
      if (t.mdev_max_us > t.rttvar_us) t.rttvar_us = t.mdev_max_us;
    }
    if (wire::after(t.snd_una, t.rtt_seq)) {
      if (t.mdev_max_us < t.rttvar_us) t.rttvar_us -= (t.rttvar_us - t.mdev_max_us) >> 2;
      t.rtt_seq = t.snd_nxt;
      t.mdev_max_us = l.rto_min_us;
    }
  }
  if (t.srtt_us8 == 0) t.srtt_us8 = 1;
  t.backoff = 0;
  set_rto(t, l);
}

void set_rto(tcb& t, const limits& l) {
  std::uint64_t rto = t.srtt_us8 != 0 ? jiffies_of_us((t.srtt_us8 >> 3) + t.rttvar_us, l)
                                      : jiffies_of_ms(l.rto_initial_ms, l);
  rto <<= t.backoff;
  if (rto * 1000 > std::uint64_t{l.rto_max_ms} * l.hz)
    rto = std::min<std::uint64_t>(rto, jiffies_of_ms(l.rto_max_ms, l));
  t.rto = static_cast<std::uint32_t>(rto);
}

void note_min_rtt(tcb& t, std::uint32_t rtt_us) {
  rtt_us = std::max(rtt_us, 1U);
  if (t.min_rtt_us == 0 || rtt_us < t.min_rtt_us) t.min_rtt_us = rtt_us;
}

std::optional<std::uint32_t> rtt_by_timestamp(const tcb& t, const wire::segment& s,
                                              const clock& c) {
  if (!t.timestamps || !s.has_timestamps || s.ts_echo == 0) return std::nullopt;
  return std::max(c.ms - (s.ts_echo - t.ts_offset), 1U) * 1000;
}

void syn_acknowledged(tcb& t, const wire::segment& s, const limits& l, const clock& c,
                      actions& out) {
  if (t.transit == 0) return;
  const transit& x = (*out.transits)[t.transit];
  std::optional<std::uint32_t> rtt;
  if (!x.sent.empty()) {
    rtt = t.retransmits == 0 ? c.us - x.sent.front().sent_us : rtt_by_timestamp(t, s, c);
  }
  if (rtt) {
    note_min_rtt(t, *rtt);
    rtt_sample(t, *rtt, l);
  }
  drop_transit(t, out);
}

void arm_rto(tcb& t, const limits&, actions& out) {
  t.pending = pending::retransmit;
  out.arm(timer::retransmit, t.rto);
}

}  // namespace fourtuple::tcp::detail
