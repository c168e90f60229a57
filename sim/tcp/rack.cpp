// RACK: what was sent a reordering window before something that has arrived is lost; TLP: the tail is
// probed before the time-out (RFC 8985; tcp_recovery.c, and tcp_output.c for the probe).
#include "sim/tcp/recovery.h"

namespace fourtuple::tcp::detail {
namespace {

/// tcp_rack_reo_wnd()
std::uint32_t reordering_window(const tcb& t, const transit& x) {
  if (!t.reordering_seen) {
    // Nothing was ever reordered here: three reports or a running recovery are enough.
    if (x.state >= congestion_state::recovery) return 0;
    if (x.sacked_out >= t.reordering) return 0;
  }
  return std::min((t.min_rtt_us >> 2) * t.reo_wnd_steps, t.srtt_us8 >> 3);
}

/// tcp_rack_detect_loss(): returns the longest time, us, any segment still has; 0: none waits.
std::uint32_t detect_loss(const context& k) {
  const std::uint32_t window = reordering_window(k.t, k.x);
  std::uint32_t longest = 0;
  for (sent_segment& s : k.x.sent.all()) {
    if (s.sacked || (s.lost && !s.retransmitted)) continue;
    // tcp_skb_sent_after(), by the order of sending: virtual time does not tell a burst's apart.
    if (static_cast<std::int32_t>(k.x.rack_order - s.order) <= 0) continue;
    const std::int32_t left = rack_remaining(k.x, s, window, k.c);
    if (left <= 0) {
      mark_lost(k, s);
    } else {
      longest = std::max(longest, static_cast<std::uint32_t>(left));
    }
  }
  return longest;
}

}  // namespace

std::int32_t rack_remaining(const transit& x, const sent_segment& s, std::uint32_t window_us,
                            const clock& c) {
  return static_cast<std::int32_t>(x.rack_rtt_us + window_us - (c.us - s.sent_us));
}

void rack_advance(const context& k, const sent_segment& s) {
  const std::uint32_t rtt = k.c.us - s.sent_us;
  // Quicker than any round trip so far: it is the first transmission that was delivered.
  if ((s.retransmitted || s.ever_retransmitted) && k.t.min_rtt_us != 0 && rtt < k.t.min_rtt_us)
    return;
  k.x.rack_advanced = true;
  k.x.rack_rtt_us = rtt;
  if (k.x.rack_order == 0 || static_cast<std::int32_t>(s.order - k.x.rack_order) > 0)
    k.x.rack_order = s.order;
}

void mark_lost(const context& k, sent_segment& s) {
  if (s.sacked) return;
  if (!s.lost) {
    s.lost = true;
    ++k.x.lost_out;
    ++k.x.lost;
  } else if (s.retransmitted) {
    s.retransmitted = false;
    --k.x.retrans_out;
    ++k.x.lost;
    k.out.count(counter::TcpExtTCPLostRetransmit);
  }
}

bool rack_mark_lost(const context& k) {
  if (!k.x.rack_advanced) return false;
  k.x.rack_advanced = false;
  const std::uint32_t wait = detect_loss(k);
  if (wait == 0) return false;
  k.t.pending = pending::reordering;
  k.out.arm(timer::retransmit, std::min(jiffies_of_us(wait + 2'000, k.l), k.t.rto));
  return true;
}

void reordering_timeout(const context& k) {
  const std::uint32_t before = k.x.in_flight();
  const std::uint32_t lost = k.x.lost;
  detect_loss(k);
  k.t.pending = pending::none;
  if (before != k.x.in_flight()) {
    if (k.x.state != congestion_state::recovery) {
      enter_recovery(k);
      reduce_cwnd(k, 1, k.x.lost - lost, false);
    }
    retransmit_lost(k);
  }
  if (k.t.pending != pending::retransmit) rearm_rto(k);
}

void widen_reordering_window(const context& k) {
  // Once a round trip, for sixteen recoveries.
  if (k.x.rack_dsack_seen && wire::at_or_after(k.t.snd_una, k.t.reo_wnd_round)) {
    if (k.t.reo_wnd_steps < 255) ++k.t.reo_wnd_steps;
    k.t.reo_wnd_persist = 16;
    k.t.reo_wnd_round = k.t.snd_nxt;
  } else if (k.t.reo_wnd_persist == 0) {
    k.t.reo_wnd_steps = 1;
  }
  k.x.rack_dsack_seen = false;
}

bool schedule_loss_probe(const context& k, bool advancing_rto) {
  if (!k.l.loss_probes || k.x.sent.empty() || !k.t.sack) return false;
  if (k.x.state != congestion_state::open && k.x.state != congestion_state::cwr) return false;
  std::uint32_t wait = 0;
  if (k.t.srtt_us8 != 0) {
    // One segment alone may meet a delayed ACK.
    const std::uint64_t us = (std::uint64_t{k.t.srtt_us8} >> 2) +
                             (k.x.packets_out() == 1 ? k.l.rto_min_us : 2'000U);
    wait = jiffies_of_us(us, k.l);
  } else {
    wait = jiffies_of_ms(k.l.rto_initial_ms, k.l);
  }
  const std::uint32_t gone = advancing_rto ? 0 : k.c.us - k.x.sent.front().sent_us;
  if (gone == 0) {  // the RTO as it is: microseconds and back would give the same
    wait = std::min(wait, k.t.rto);
  } else {
    const std::int64_t rto_us = std::int64_t{k.t.rto} * 1'000'000 / k.l.hz - gone;
    if (rto_us > 0) wait = std::min(wait, jiffies_of_us(static_cast<std::uint64_t>(rto_us), k.l));
  }
  k.t.pending = pending::loss_probe;
  k.out.arm(timer::retransmit, wait);
  return true;
}

void send_loss_probe(const context& k) {
  if (!k.x.tlp_out) {
    k.x.tlp_retrans = false;
    bool sent = false;
    if (may_send_new(k.t)) {
      sent = send_new(k, true, burst::probe);
    } else if (!k.x.sent.empty()) {
      sent = k.x.tlp_retrans = retransmit_segment(k, k.x.sent.size() - 1, true);
    }
    if (sent) {
      k.x.tlp_out = true;
      k.x.tlp_high_seq = k.t.snd_nxt;
      k.out.count(counter::TcpExtTCPLossProbes);
      k.t.pending = pending::none;  // the time-out counts from now
    }
  }
  rearm_rto(k);
}

void answer_to_probe(const context& k, const ack_round& a) {
  const seq ack = a.s.ack_number;
  if (wire::before(ack, k.x.tlp_high_seq)) return;
  if (!k.x.tlp_retrans || a.dsack_of_probe) {
    k.x.tlp_out = false;
  } else if (wire::after(ack, k.x.tlp_high_seq)) {
    // More was acknowledged and no duplicate reported: the probe filled a loss.
    begin_reduction(k);
    k.x.state = congestion_state::cwr;
    end_reduction(k);
    keep_open(k);
    k.out.count(counter::TcpExtTCPLossProbeRecovery);
  } else if (!a.una_advanced && !a.not_duplicate() && !a.data_sacked) {
    k.x.tlp_out = false;
  }
}

}  // namespace fourtuple::tcp::detail
