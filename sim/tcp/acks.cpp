// When an ACK is sent (reference F.6; tcp_input.c __tcp_ack_snd_check, tcp_event_data_recv;
// tcp_output.c tcp_send_delayed_ack) and the rate-limited ones (D.5, RFC 5961).
#include <utility>

#include "sim/tcp/recovery.h"

namespace fourtuple::tcp::detail {

bool within_ratelimit(std::uint32_t& last, const limits& l, const clock& c) {
  const std::uint32_t now = jiffy(c);
  if (last != 0 && l.invalid_ratelimit_ms != 0 &&
      now + 1 - last < jiffies_of_ms(l.invalid_ratelimit_ms, l))
    return false;
  last = now + 1;
  return true;
}

namespace {

/// tcp_incr_quickack()
void more_quickacks(tcb& t, std::uint32_t most = 16) {
  const std::uint32_t pairs = t.rcv_wnd / (2U * t.rcv_mss);
  const std::uint32_t budget = std::min(pairs == 0 ? 2U : pairs, most);
  t.ack_quick = static_cast<std::uint8_t>(std::max<std::uint32_t>(t.ack_quick, budget));
}

void note_push(tcb& t) {
  if (t.ack_pushed) t.ack_pushed2 = true;
  t.ack_pushed = true;
}

}  // namespace

void measure_peer_mss(tcb& t, const wire::segment& s, const limits& l) {
  const std::uint16_t last = std::exchange(t.last_seg_size, 0);
  const auto length = static_cast<std::uint16_t>(std::min(s.largest(), 65535U));
  if (length >= t.rcv_mss) {
    if (length != t.rcv_mss) note_full_segment(t, s.length, l);
    t.rcv_mss = std::min(length, t.advmss);
    if (s.has(wire::psh)) t.ack_pushed = true;
    return;
  }
  // Not full, or the peer's full segments are small: then two alike follow each other. With its
  // header a segment of 536 counts as full, and one of 88 that nothing marks as the last.
  constexpr std::uint32_t header = 20;
  const std::uint32_t with_header = length + header + (t.timestamps ? 12U : 0U);
  if (with_header >= 536 + header ||
      (with_header >= 88 + header && !s.has(wire::psh) && !s.has(wire::fin))) {
    t.last_seg_size = length;
    if (length == last) {
      t.rcv_mss = length;
      return;
    }
  }
  note_push(t);
}

void enter_quickack(tcb& t, const limits& l, std::uint32_t most) {
  more_quickacks(t, most);
  t.ack_pingpong = 0;
  t.ack_ato = static_cast<std::uint16_t>(l.hz / 25);
}

void data_received(tcb& t, const wire::segment& s, const limits& l, const clock& c,
                   const actions& out) {
  const auto ato_min = static_cast<std::uint16_t>(l.hz / 25);
  t.ack_scheduled = true;
  measure_peer_mss(t, s, l);
  if (t.ack_ato == 0) {
    // The first data segment: quick ACKs until the peer's slow start is over.
    more_quickacks(t);
    t.ack_ato = ato_min;
  } else {
    const std::uint32_t gap = jiffy(c) - t.last_receive;
    if (gap <= ato_min / 2U) {
      t.ack_ato = static_cast<std::uint16_t>(t.ack_ato / 2 + ato_min / 2);
    } else if (gap < t.ack_ato) {
      t.ack_ato = static_cast<std::uint16_t>(std::min<std::uint32_t>(t.ack_ato / 2U + gap, t.rto));
    } else if (gap > t.rto) {
      more_quickacks(t);
    }
  }
  t.last_receive = jiffy(c);
  if (t.ecn_ok) hear_ecn(t, s, l);
  grow_window(t, s.length, l, out);
}

void delay_ack(tcb& t, const limits& l, const clock& c, actions& out) {
  const std::uint32_t least = l.hz / 25;
  // 0 where no data has come yet: a FIN alone is acknowledged at the next tick.
  std::uint32_t ato = t.ack_ato;
  if (ato > least) {
    std::uint32_t most = l.hz / 2;
    if (pingpong(t, l) || t.ack_pushed) most = l.hz / 5;
    if (t.srtt_us8 != 0) most = std::min(most, std::max(jiffies_of_us(t.srtt_us8 >> 3, l), least));
    ato = std::min(ato, most);
  }
  ato = std::min(ato, l.hz / 5);
  std::uint32_t due = jiffy(c) + ato;
  if (t.ack_timer) {
    // A pending one is only brought forward.
    if (static_cast<std::int32_t>(t.ack_timeout - (jiffy(c) + ato / 4)) <= 0) {
      send_ack(t, l, c, out);
      return;
    }
    if (static_cast<std::int32_t>(due - t.ack_timeout) > 0) due = t.ack_timeout;
  }
  schedule_ack(t, due - jiffy(c), c, out);
}

void schedule_ack(tcb& t, std::uint32_t after, const clock& c, actions& out) {
  t.ack_scheduled = true;
  t.ack_timer = true;
  t.ack_timeout = jiffy(c) + after;
  out.arm(timer::delayed_ack, after);
}

/// __tcp_ack_snd_check()
void send_ack_or_delay(tcb& t, bool owned, const limits& l, const clock& c, actions& out) {
  const std::uint32_t owed = t.rcv_nxt - t.rcv_wup;
  // Who does not read is no reason to move the window on; recv() sends the ACK then.
  const bool two_segments =
      owed > t.rcv_mss && (t.rcv_nxt == t.copied_seq || next_window(t, l, out) >= t.rcv_wnd);
  const bool quick = t.ack_quick != 0 && !pingpong(t, l);
  if (two_segments || quick || t.ack_now) {
    if (owned && l.backlog_ack_defer) {
      t.ack_deferred = true;
    } else {
      send_ack(t, l, c, out);
    }
  } else if (has_out_of_order(t, out)) {
    send_ack(t, l, c, out);
  } else {
    delay_ack(t, l, c, out);
  }
}

void ack_sent(tcb& t) {
  if (t.ack_quick != 0 && t.ack_scheduled) --t.ack_quick;
  t.ack_scheduled = false;
  t.ack_now = false;
  t.ack_pushed = t.ack_pushed2 = false;
  t.ack_timer = false;
}

void challenge_ack(tcb& t, const limits& l, const clock& c, actions& out) {
  if (!within_ratelimit(t.last_oow_ack, l, c)) {
    out.count(counter::TcpExtTCPACKSkippedChallenge);
    return;
  }
  out.count(counter::TcpExtTCPChallengeACK);
  send_ack(t, l, c, out);
}

void duplicate_ack(tcb& t, const wire::segment& s, counter skipped, const limits& l, const clock& c,
                   actions& out) {
  const bool exempt = s.sequence_length() != 0 && !s.has(wire::syn);
  if (!exempt && !within_ratelimit(t.last_oow_ack, l, c)) {
    out.count(skipped);
    return;
  }
  if (s.sequence_length() != 0 && wire::before(s.seq_number, t.rcv_nxt)) {
    out.count(counter::TcpExtDelayedACKLost);
    enter_quickack(t, l);
    note_duplicate(t, s.seq_number, wire::after(s.end(), t.rcv_nxt) ? t.rcv_nxt : s.end(), out);
  }
  send_ack(t, l, c, out);
  settle(t, out);
}

}  // namespace fourtuple::tcp::detail

namespace fourtuple::tcp {

void release(tcb& t, const limits& l, const clock& c, actions& out) {
  const bool due = t.ack_deferred && t.ack_scheduled;
  t.ack_deferred = false;
  if (due) detail::send_ack(t, l, c, out);
}

}  // namespace fourtuple::tcp
