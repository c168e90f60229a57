// What an ACK does to the sender (tcp_ack(), tcp_clean_rtx_queue(), tcp_ack_update_rtt()).
#include "sim/tcp/recovery.h"

namespace fourtuple::tcp::detail {
namespace {

/// When the segment left, on the clock of the time stamp option.
std::uint32_t sent_ms(const sent_segment& s, const clock& c) {
  return c.ms - (c.us - s.sent_us) / 1000;
}

struct acked_times {
  std::uint32_t first_us = 0;  ///< of the segments sent but once; 0: none
  std::uint32_t last_us = 0;
};

/// One segment leaves the queue.
void take_acked(const context& k, ack_round& a, seq begin, acked_times& times, seq& lowest) {
  const sent_segment s = k.x.sent.front();
  k.x.sent.pop_front();
  if (k.x.sent.empty() || k.x.sent.front().head) --k.x.buffers;
  a.data_acked = true;
  if (s.ever_retransmitted) {
    a.retrans_acked = true;
    if (s.retransmitted) --k.x.retrans_out;
  } else if (!s.sacked) {
    times.last_us = s.sent_us;
    if (times.first_us == 0) times.first_us = s.sent_us;
    if (wire::before(begin, lowest)) lowest = begin;
    if (!wire::after(s.end, k.x.high_seq)) a.orig_acked = true;
  }
  if (s.sacked) {
    --k.x.sacked_out;
  } else if (k.t.sack) {
    ++a.delivered;
    // tcp_skb_spurious_retrans(): the echo is older than the retransmission.
    const bool spurious = s.ever_retransmitted && echoes_before(k.t, a.s, sent_ms(s, k.c));
    if (!spurious) rack_advance(k, s);
  }
  if (s.lost) --k.x.lost_out;
}

/// tcp_remove_reno_sacks(): what the duplicates stood for is acknowledged.
[[gnu::cold]] void remove_reno_sacks(const context& k, ack_round& a, std::uint32_t acked) {
  a.delivered += std::max(1U, acked > k.x.sacked_out ? acked - k.x.sacked_out : 0);
  k.x.sacked_out = acked - 1 >= k.x.sacked_out ? 0 : k.x.sacked_out - (acked - 1);
  check_reno_reordering(k, acked);
  // Without SACK nothing tells which transmission it was.
  if (a.retrans_acked) a.orig_acked = false;
}

/// tcp_ack_update_rtt(): from what was sent but once, else from SACKs, else from the time stamp.
bool update_rtt(const context& k, const ack_round& a, const acked_times& times) {
  std::int64_t rtt = -1;
  std::int64_t least = -1;
  if (times.first_us != 0 && !a.retrans_acked) {
    rtt = k.c.us - times.first_us;
    least = k.c.us - times.last_us;
  }
  if (a.first_sack_us != 0) {
    if (rtt < 0) rtt = k.c.us - a.first_sack_us;
    least = k.c.us - a.last_sack_us;
  }
  if (rtt < 0 && a.data_acked)
    if (const auto sample = rtt_by_timestamp(k.t, a.s, k.c)) rtt = least = *sample;
  if (rtt < 0) return false;
  note_min_rtt(k.t, static_cast<std::uint32_t>(least));
  rtt_sample(k.t, static_cast<std::uint32_t>(rtt), k.l);
  note_acked(k, static_cast<std::uint32_t>(least));
  return true;
}

/// tcp_clean_rtx_queue()
[[gnu::always_inline]] inline void clean_queue(const context& k, ack_round& a) {
  acked_times times;
  seq lowest = k.t.snd_nxt;
  seq begin = a.prior_una;
  std::uint32_t acked = 0;
  while (!k.x.sent.empty() && wire::at_or_before(k.x.sent.front().end, k.t.snd_una)) {
    const seq end = k.x.sent.front().end;
    take_acked(k, a, begin, times, lowest);
    begin = end;
    ++acked;
  }
  const bool measured = update_rtt(k, a, times);
  if (a.data_acked) {
    a.set_timer = true;
    if (!k.t.sack) {
      remove_reno_sacks(k, a, acked);
    } else if (wire::before(lowest, a.prior_fack)) {
      note_reordering(k, lowest, false);  // a hole was filled by what was sent but once
    }
  } else if (measured && a.first_sack_us != 0 && !k.x.sent.empty() &&
             k.c.us - a.first_sack_us > k.c.us - k.x.sent.front().sent_us) {
    // The time-out is not pushed on by what was sent after the head (RFC 6298 5.3).
    a.set_timer = true;
  }
}

/// tcp_xmit_recovery()
void transmit(const context& k, const ack_round& a) {
  if (a.rexmit == ack_round::resend::none) return;
  if (a.rexmit == ack_round::resend::fresh) {
    send_new(k, true, burst::all);
    if (wire::after(k.t.snd_nxt, k.x.high_seq)) return;
    k.x.frto = false;
  }
  retransmit_lost(k);
}

/// tcp_ack_is_dubious()
bool dubious(const transit& x, const ack_round& a) {
  return !a.not_duplicate() || a.data_sacked || a.dsacking || x.state != congestion_state::open;
}

/// Something is in flight.
[[gnu::always_inline]] inline void process_queue(const context& k, ack_round& a) {
  const std::uint32_t lost = k.x.lost;
  clean_queue(k, a);
  widen_reordering_window(k);
  if (k.x.tlp_out) answer_to_probe(k, a);
  if (dubious(k.x, a)) {
    const bool duplicate = !a.una_advanced && !a.not_duplicate() && !a.dsacking;
    fast_retransmit_alert(k, a, duplicate ? 1 : 0);
  }
  if (a.set_timer && !schedule_loss_probe(k, true)) rearm_rto(k);
  a.losses = k.x.lost - lost;
  control_congestion(k, a);
  transmit(k, a);
}

/// tcp_ack() from where its flags are known.
[[gnu::noinline]] void work_on_round(const context& k, ack_round& a) {
  if (a.una_advanced) k.t.retransmits = 0;
  a.prior_fack = k.x.sacked_out != 0 && k.t.sack ? highest_sacked(a.prior_una, k.x) : a.prior_una;
  const bool queued = !k.x.sent.empty();
  if (k.t.sack && a.s.sack_count != 0) mark_sacked(k, a);
  if (queued) {
    process_queue(k, a);
  } else {
    if (a.dsacking) fast_retransmit_alert(k, a, 0);
    window_probe_answered(k);
    if (k.x.tlp_out) answer_to_probe(k, a);
  }
  if (k.t.snd_una == k.t.write_seq) check_space(k);
  settle(k.t, k.x, k.out);
}

/// All that was sent since the transit was made is one segment, and this ACK is the first answer:
/// most flights of most connections are like that.
[[gnu::always_inline]] inline bool ends_lone_flight(const context& k, const wire::segment& s) {
  return k.x.sendings == 1 && k.t.snd_una == k.t.write_seq && s.sack_count == 0 && k.t.sack &&
         k.x.sent.size() == 1 && !k.x.sent.front().ever_retransmitted && k.x.nothing_else();
}

/// What work_on_round() would do then, but for what it would only note in the transit, which goes:
/// a HyStart round would begin here, too, and tell nothing.
[[gnu::always_inline]] inline void end_lone_flight(const context& k) {
  const std::uint32_t rtt = k.c.us - k.x.sent.front().sent_us;
  k.t.retransmits = 0;
  note_min_rtt(k.t, rtt);
  rtt_sample(k.t, rtt, k.l);
  if (k.t.cubic != 0) note_acked(k, rtt);
  widen_reordering_window(k);
  k.t.pending = pending::none;
  grow_cwnd(k, 1);
  check_space(k);
  k.x.reset_sending();
  k.out.transits->give_back_new(k.t.transit);
  k.t.transit = 0;
}

}  // namespace

void work_on_ack(tcb& t, const wire::segment& s, seq prior_una, bool window_update, const limits& l,
                 const clock& c, actions& out) {
  const context k{t, transit_of(t, out), l, c, out};
  if (ends_lone_flight(k, s)) [[likely]] {
    end_lone_flight(k);
    return;
  }
  ack_round a{s};
  a.prior_una = prior_una;
  a.una_advanced = wire::after(s.ack_number, prior_una);
  a.carries_data = s.sequence_length() != 0;
  a.window_update = window_update;
  work_on_round(k, a);
}

void take_old_ack(tcb& t, const wire::segment& s, const limits& l, const clock& c, actions& out) {
  if (t.transit == 0 || s.sack_count == 0 || !t.sack) return;
  const context k{t, transit_of(t, out), l, c, out};
  ack_round a{s};
  a.prior_una = t.snd_una;
  a.carries_data = s.sequence_length() != 0;
  const std::uint32_t lost = k.x.lost;
  mark_sacked(k, a);
  fast_retransmit_alert(k, a, a.not_duplicate() || a.dsacking ? 0 : 1);
  a.losses = k.x.lost - lost;
  transmit(k, a);
  settle(t, k.x, out);
}

}  // namespace fourtuple::tcp::detail
