// SEGMENT ARRIVES in SYN-RECEIVED and the synchronized states, in the order of RFC 9293 3.10.7.4:
// sequence number, RST, SYN, ACK, text, FIN. Linux's order where it differs: PAWS stands before the
// sequence check (tcp_validate_incoming), and text is looked at after the ACK changed the state.
#include "sim/tcp/synchronized.h"

#include "sim/tcp/recovery.h"

namespace fourtuple::tcp {

using namespace detail;

namespace {

/// What a check says of the segment.
enum class go : std::uint8_t { on, stop };

bool paws_rejects(const tcb& t, const wire::segment& s) {
  return t.timestamps && s.has_timestamps && t.ts_recent_stamp_s != 0 &&
         wire::before(s.ts_value, t.ts_recent);
}

bool acceptable(const tcb& t, const wire::segment& s, const limits& l) {
  const std::uint32_t window = receive_window(t);
  if (wire::before(s.end(), t.rcv_wup)) return false;
  if (wire::after(s.seq_number, t.rcv_nxt + window)) return false;
  if (l.strict_end_seq && t.copied_seq != t.rcv_nxt) {
    const seq end = s.end() - (s.has(wire::fin) ? 1U : 0U);
    if (wire::after(end, t.rcv_nxt + window)) return false;
  }
  return true;
}

bool fin_was_received(const tcb& t) {
  return t.st == state::close_wait || t.st == state::last_ack || t.st == state::closing;
}

// First, check the sequence number.
go check_sequence(tcb& t, const wire::segment& s, const limits& l, const clock& c, actions& out) {
  if (paws_rejects(t, s) && !s.has(wire::rst)) {
    out.count(counter::TcpExtPAWSEstab);
    if (s.has(wire::syn)) {
      out.count(counter::TcpExtTCPSYNChallenge);
      challenge_ack(t, l, c, out);
    } else {
      duplicate_ack(t, s, counter::TcpExtTCPACKSkippedPAWS, l, c, out);
    }
    return go::stop;
  }
  if (acceptable(t, s, l)) return go::on;
  if (s.has(wire::rst)) {
    if (fin_was_received(t) && s.seq_number == t.rcv_nxt - 1) reset_received(t, out);
    return go::stop;
  }
  if (s.has(wire::syn)) {
    out.count(counter::TcpExtTCPSYNChallenge);
    challenge_ack(t, l, c, out);
  } else {
    duplicate_ack(t, s, counter::TcpExtTCPACKSkippedSeq, l, c, out);
  }
  return go::stop;
}

// Second, check the RST bit (RFC 5961 3.2).
go check_rst(tcb& t, const wire::segment& s, const limits& l, const clock& c, actions& out) {
  if (!s.has(wire::rst)) return go::on;
  bool exact = s.seq_number == t.rcv_nxt;
  if (fin_was_received(t) && s.seq_number == t.rcv_nxt - 1) exact = true;
  // The end of what came out of order counts too: the peer may have sent all that is missing.
  if (ends_out_of_order(t, s.seq_number, out)) exact = true;
  if (exact) {
    reset_received(t, out);
  } else {
    challenge_ack(t, l, c, out);
  }
  return go::stop;
}

// Fourth, check the SYN bit (RFC 5961 4.2).
go check_syn(tcb& t, const wire::segment& s, const limits& l, const clock& c, actions& out) {
  if (!s.has(wire::syn)) return go::on;
  const bool simultaneous = t.st == state::syn_received && !t.passive && s.has(wire::ack) &&
                            s.seq_number + 1 == t.rcv_nxt && s.ack_number == t.snd_nxt;
  if (simultaneous) return go::on;
  out.count(counter::TcpExtTCPSYNChallenge);
  challenge_ack(t, l, c, out);
  return go::stop;
}

go ack_of_unsent(tcb& t, const wire::segment& s, const limits& l, const clock& c, actions& out) {
  if (t.st == state::syn_received) {
    refuse(s, out);
  } else if (t.st != state::established || l.challenge_unsent_ack) {
    challenge_ack(t, l, c, out);
  }
  return go::stop;
}

/// Our FIN is acknowledged: FIN-WAIT-1, CLOSING and LAST-ACK move on.
go after_fin_acked(tcb& t, const wire::segment& s, bool owned, const limits& l, const clock& c,
                   actions& out) {
  switch (t.st) {
    case state::fin_wait_1: {
      t.st = state::fin_wait_2;
      t.shut_wr = true;
      out.wakes |= wake_writable;
      if (!t.orphan) return go::on;
      // Text after close(), or a FIN behind text that is missing.
      const bool more = s.sequence_length() != 0 &&
                        wire::after(s.end() - (s.has(wire::fin) ? 1U : 0U), t.rcv_nxt);
      if (more) {
        out.count(counter::TcpExtTCPAbortOnData);
        refuse(s, out);
        finish(t, errc::ok, out);
        return go::stop;
      }
      orphan_fin_wait_2(t, true, &s, owned, l, c, out);
      return t.st == state::closed ? go::stop : go::on;
    }
    case state::closing:
      enter_time_wait(t, l, out);
      return go::stop;
    case state::last_ack:
      finish(t, errc::ok, out);
      return go::stop;
    default:
      return go::on;
  }
}

// Fifth, check the ACK field.
go check_ack(tcb& t, const wire::segment& s, bool owned, const limits& l, const clock& c,
             actions& out) {
  if (!s.has(wire::ack)) return go::stop;
  if (wire::after(s.ack_number, t.snd_nxt)) return ack_of_unsent(t, s, l, c, out);
  if (t.st == state::syn_received) {
    // DEVIATION: after a simultaneous open Linux takes an ACK of ISS itself for that of the SYN; no peer
    // sends one.
    if (wire::at_or_before(s.ack_number, t.iss)) return ack_of_unsent(t, s, l, c, out);
    const bool fin_was_wanted = t.shut_wr;
    t.snd_una = t.iss + 1;
    t.snd_wnd = std::uint32_t{s.window} << t.snd_wscale;  // Linux: also that of a SYN-ACK
    t.snd_wl1 = s.seq_number;
    note_offered_window(t, offered_window(t, s));
    syn_acknowledged(t, s, l, c, out);
    t.retransmits = 0;
    t.backoff = 0;
    t.retrans_stamp = 0;
    t.pending = pending::none;
    establish(t, l, c, out);
    if (fin_was_wanted) {
      t.st = state::fin_wait_1;
      queue_fin(t, l, c, out);
    }
  }
  t.last_heard = jiffy(c);
  if (wire::before(s.ack_number, t.snd_una)) {
    if (wire::before(s.ack_number, t.snd_una - t.max_window)) {
      challenge_ack(t, l, c, out);
      return go::stop;
    }
    take_old_ack(t, s, l, c, out);
    return go::on;  // an old duplicate: its text may still be wanted
  }
  if (wire::after(s.ack_number, t.snd_una)) out.wakes |= wake_writable;
  take_ack(t, s, l, c, out);
  if (fin_acked(t)) return after_fin_acked(t, s, owned, l, c, out);
  return go::on;
}

/// As if the peer had reset it: who still has a descriptor is told (tcp_reset()).
go abort_on_data(tcb& t, const wire::segment& s, actions& out) {
  out.count(counter::TcpExtTCPAbortOnData);
  refuse(s, out);
  reset_received(t, out);
  return go::stop;
}

/// What is next in order, up to `end`, goes into the receive buffer.
[[gnu::always_inline]] inline void take_text(tcb& t, const wire::segment& s, seq end,
                                             const limits& l, const clock& c, actions& out) {
  out.accepted_left = t.rcv_nxt;
  out.accepted_right = end;
  measure_receiver_rtt(t, s, c);
  queue_text(t, s, end - t.rcv_nxt, out);
  t.rcv_nxt = end;
  out.fin_due = fill_gap(t, out);
  data_received(t, s, l, c, out);
  out.wakes |= wake_readable;
}

// Seventh, process the segment text. Whether what is refused is acknowledged at once, too, is for
// check_ack_due() to say: a receiver whose buffer is half full is not in quick mode.
[[gnu::always_inline]] inline go process_text(tcb& t, const wire::segment& s, const limits& l,
                                              const clock& c, actions& out) {
  const seq text_end = s.end() - (s.has(wire::fin) ? 1U : 0U);
  const seq first = s.seq_number + (s.has(wire::syn) ? 1U : 0U);
  switch (t.st) {
    case state::fin_wait_1:
    case state::fin_wait_2:
      // After close() nobody will read it (RFC 1122 4.2.2.13).
      if (t.shut_rd && s.sequence_length() != 0 && wire::after(text_end, t.rcv_nxt))
        return abort_on_data(t, s, out);
      break;
    case state::close_wait:
    case state::closing:
    case state::last_ack:
      // Nothing may follow the peer's FIN: ignored, unless it claims to have begun before that.
      if (!wire::before(first, t.rcv_nxt)) return go::stop;
      if (s.sequence_length() != 0 && wire::after(text_end, t.rcv_nxt))
        return abort_on_data(t, s, out);
      break;
    default:
      break;
  }
  if (s.length == 0 && (!s.has(wire::fin) || first == t.rcv_nxt)) return go::on;
  if (wire::at_or_before(s.end(), t.rcv_nxt)) {
    // Old text, an old FIN: the sender missed our ACK.
    out.count(counter::TcpExtDelayedACKLost);
    note_duplicate(t, first, s.end(), out);
    enter_quickack(t, l);
    t.ack_scheduled = true;
    return go::stop;
  }
  const seq window_end = t.rcv_nxt + receive_window(t);
  if (wire::after(first, t.rcv_nxt)) {
    out.accepted_left = first;
    out.accepted_right = text_end;
    keep_out_of_order(t, s, first, out);
    if (t.sack) grow_window(t, s.length, l, out);
    if (!t.orphan) grow_receive_buffer(t, t.rcvq_space, l, out);
    t.ack_scheduled = true;
    return go::stop;
  }
  if (wire::before(first, t.rcv_nxt)) note_duplicate(t, first, t.rcv_nxt, out);  // old in part
  if (receive_window(t) == 0) {
    enter_quickack(t, l);
    t.ack_scheduled = true;
    return go::stop;
  }
  if (buffer_is_full(t, l, out)) {
    out.count(counter::TcpExtTCPRcvQDrop);
    t.rcv_wnd = 0;  // ICSK_ACK_NOMEM
    t.rcv_wup = t.rcv_nxt;
    t.ack_now = t.ack_scheduled = true;
    return go::stop;
  }
  const seq end =
      wire::after(text_end, window_end) && t.copied_seq != t.rcv_nxt ? window_end : text_end;
  take_text(t, s, end, l, c, out);
  return go::on;
}

// Eighth, check the FIN bit (tcp_fin).
void check_fin(tcb& t, const wire::segment& s, const limits& l, const clock& c, actions& out) {
  const bool here = s.has(wire::fin) && s.end() - 1 == t.rcv_nxt;
  if ((!here && !out.fin_due) || t.fin_received) return;
  ++t.rcv_nxt;
  t.fin_received = true;
  t.shut_rd = true;
  forget_out_of_order(t, out);
  t.ack_scheduled = true;
  out.wakes |= wake_readable | wake_hangup;
  switch (t.st) {
    case state::syn_received:
    case state::established:
      t.st = state::close_wait;
      if (t.ack_pingpong < l.pingpong_thresh) t.ack_pingpong = l.pingpong_thresh;
      break;
    case state::fin_wait_1:
      send_ack(t, l, c, out);
      t.st = state::closing;
      break;
    case state::fin_wait_2:
      send_ack(t, l, c, out);
      enter_time_wait(t, l, out);
      break;
    default:
      break;
  }
}

/// tcp_data_snd_check(): what an ACK or a window lets go, and who waits for memory.
[[gnu::always_inline]] inline void check_sending(tcb& t, const limits& l, const clock& c,
                                                 actions& out) {
  if (t.snd_nxt != t.write_seq) push_pending(t, l, c, out, false);
  if (t.transit != 0) check_space({t, transit_of(t, out), l, c, out});
}

/// tcp_replace_ts_recent()
void note_timestamp(tcb& t, const wire::segment& s, const clock& c) {
  if (!t.timestamps || !s.has_timestamps || wire::after(s.seq_number, t.rcv_wup)) return;
  t.ts_recent = s.ts_value;
  t.ts_recent_stamp_s = c.seconds;
}

[[gnu::noinline]] void all_steps(tcb& t, const wire::segment& s, bool owned, const limits& l,
                                 const clock& c, actions& out) {
  if (t.st == state::closed) return;
  if (t.st == state::syn_sent) {
    syn_sent(t, s, l, c, out);
    if (t.st == state::established) push_pending(t, l, c, out, false);
    return;
  }
  if (!s.has(wire::ack) && !s.has(wire::rst) && !s.has(wire::syn)) return;
  if (check_sequence(t, s, l, c, out) == go::stop) return;
  if (check_rst(t, s, l, c, out) == go::stop) return;
  if (check_syn(t, s, l, c, out) == go::stop) return;
  note_timestamp(t, s, c);
  const bool was_established = t.st == state::established;
  if (check_ack(t, s, owned, l, c, out) == go::stop) return;
  if (process_text(t, s, l, c, out) == go::on) check_fin(t, s, l, c, out);
  if (t.st == state::closed) return;
  check_sending(t, l, c, out);
  if (!was_established && s.has(wire::syn)) {  // simultaneous open: the SYN was there already
    out.count(counter::TcpExtDelayedACKLost);
    note_duplicate(t, s.seq_number, s.end(), out);
    enter_quickack(t, l);
    t.ack_scheduled = true;
  }
  check_ack_due(t, owned, l, c, out);
}

/// Header prediction (tcp_rcv_established()): the next text within the window, or none, with an ACK
/// that is not old, and nothing else to be looked at. Most segments are like that.
bool is_predicted(const tcb& t, const wire::segment& s) {
  return t.st == state::established && (s.flags & ~unsigned{wire::psh}) == wire::ack &&
         s.seq_number == t.rcv_nxt && s.length <= receive_window(t) &&
         s.ack_number - t.snd_una <= in_flight(t) && !paws_rejects(t, s);
}

/// What all_steps() would do, without the questions whose answers are known; that leaves text for
/// which there is no memory.
[[gnu::noinline]] void predicted_steps(tcb& t, const wire::segment& s, bool owned, const limits& l,
                                       const clock& c, actions& out) {
  if (s.length != 0 && buffer_is_full(t, l, out)) [[unlikely]] {
    all_steps(t, s, owned, l, c, out);
    return;
  }
  note_timestamp(t, s, c);
  t.last_heard = jiffy(c);
  if (s.ack_number != t.snd_una) out.wakes |= wake_writable;
  take_ack(t, s, l, c, out);
  if (s.length != 0) {
    take_text(t, s, s.seq_number + s.length, l, c, out);
    if (out.fin_due) check_fin(t, s, l, c, out);
  }
  check_sending(t, l, c, out);
  check_ack_due(t, owned, l, c, out);
}

}  // namespace

// DEVIATION: the kernel does not ask tcp_can_ingest() of a predicted segment while
// sk_forward_alloc, which is counted in pages, has room for it, and so takes now and then one more:
// who makes SO_RCVBUF smaller than what is under way.
void segment_arrives(tcb& t, const wire::segment& s, bool owned, const limits& l, const clock& c,
                     actions& out) {
  if (is_predicted(t, s)) [[likely]] {
    predicted_steps(t, s, owned, l, c, out);
  } else {
    all_steps(t, s, owned, l, c, out);
  }
}

namespace {

/// tcp_ld_RTO_revert(), RFC 6069: the time-out was no sign of congestion, so its backoff is taken
/// back. Where the shorter one has passed already the head goes out again now.
void revert_backoff(tcb& t, const limits& l, const clock& c, actions& out) {
  if (t.retransmits == 0 || t.backoff == 0) return;
  const rtx_queue& sent = transit_of(t, out).sent;
  if (sent.empty()) return;
  --t.backoff;
  set_rto(t, l);
  t.pending = pending::retransmit;
  const std::uint32_t gone = jiffies_of_us(c.us - sent.front().sent_us, l);
  if (gone < t.rto) {
    out.arm(timer::retransmit, t.rto - gone);
  } else {
    timer_expires(t, timer::retransmit, l, c, out);
  }
}

}  // namespace

void icmp_error(tcb& t, errc e, wire::seq quoted, bool unreachable, bool owned, const limits& l,
                const clock& c, actions& out) {
  if (!is_under_way(t, quoted)) return;
  const bool opening = t.st == state::syn_sent || t.st == state::syn_received;
  if (opening && !owned) {
    finish(t, e, out);
    return;
  }
  t.soft_error = e;
  if (unreachable && !opening && !owned && quoted == t.snd_una) revert_backoff(t, l, c, out);
}

}  // namespace fourtuple::tcp
