// SEGMENT ARRIVES in SYN-RECEIVED and the synchronized states, in the order of RFC 9293 3.10.7.4:
// sequence number, RST, SYN, ACK, text, FIN. Linux's order where it differs: PAWS stands before the
// sequence check (tcp_validate_incoming), and text is looked at after the ACK changed the state.
#include "sim/tcp/synchronized.h"

#include "sim/tcp/detail.h"

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
      duplicate_ack(t, s, l, c, out);
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
    duplicate_ack(t, s, l, c, out);
  }
  return go::stop;
}

// Second, check the RST bit (RFC 5961 3.2).
go check_rst(tcb& t, const wire::segment& s, const limits& l, const clock& c, actions& out) {
  if (!s.has(wire::rst)) return go::on;
  bool exact = s.seq_number == t.rcv_nxt;
  if (fin_was_received(t) && s.seq_number == t.rcv_nxt - 1) exact = true;
  for (unsigned i = 0; i < t.ooo_count; ++i)
    if (s.seq_number == t.ooo[i].right) exact = true;
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

/// Takes RTT samples and forgets what is acknowledged; rearms the retransmission timer.
void acknowledge(tcb& t, seq ack, const limits& l, const clock& c, actions& out) {
  const std::uint32_t before = in_flight(t);
  t.snd_una = ack;
  std::uint32_t sample = 0;
  unsigned done = 0;
  while (done < t.chunk_count && wire::at_or_before(t.chunks[done].end, ack)) {
    if (sample == 0) sample = c.us - t.chunks[done].sent_us;
    ++done;
  }
  for (unsigned i = done; i < t.chunk_count; ++i) t.chunks[i - done] = t.chunks[i];
  t.chunk_count = static_cast<std::uint8_t>(t.chunk_count - done);
  t.retransmits = 0;
  t.probes = 0;
  t.dupacks = 0;
  t.soft_error = errc::ok;
  t.retrans_stamp = 0;
  if (sample != 0 || t.backoff == 0) {
    if (sample != 0) rtt_sample(t, sample, l);
  } else {
    t.backoff = 0;
    set_rto(t, l);
  }
  if (t.in_loss && wire::at_or_after(ack, t.high_seq)) t.in_loss = false;
  // Slow start, then congestion avoidance (RFC 5681 3.1).
  const std::uint32_t segments = (before - in_flight(t) + effective_mss(t) - 1) / effective_mss(t);
  if (t.cwnd < t.ssthresh) {
    t.cwnd = static_cast<std::uint16_t>(std::min<std::uint32_t>(t.cwnd + segments, 65535));
  } else if (++t.cwnd_count >= t.cwnd) {
    t.cwnd_count = 0;
    if (t.cwnd < 65535) ++t.cwnd;
  }
  if (t.snd_una == t.snd_nxt) {
    t.pending = pending::none;
  } else {
    arm_rto(t, l, out);
  }
}

void update_window(tcb& t, const wire::segment& s) {
  const std::uint32_t offered = std::uint32_t{s.window} << t.snd_wscale;
  const bool newer = wire::after(s.seq_number, t.snd_wl1) ||
                     (s.seq_number == t.snd_wl1 && offered > t.snd_wnd) ||
                     wire::after(s.ack_number, t.snd_una);
  if (!newer) return;
  t.snd_wl1 = s.seq_number;
  t.snd_wnd = offered;
  t.max_window = std::max(t.max_window, offered);
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
      const bool more = s.length != 0 && wire::after(s.end() - (s.has(wire::fin) ? 1U : 0U),
                                                     t.rcv_nxt);
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
    default: return go::on;
  }
}

// Fifth, check the ACK field.
go check_ack(tcb& t, const wire::segment& s, bool owned, const limits& l, const clock& c, actions& out) {
  if (!s.has(wire::ack)) return go::stop;
  if (wire::after(s.ack_number, t.snd_nxt)) return ack_of_unsent(t, s, l, c, out);
  if (t.st == state::syn_received) {
    if (wire::at_or_before(s.ack_number, t.iss)) return ack_of_unsent(t, s, l, c, out);
    const bool fin_was_wanted = t.shut_wr;
    t.snd_una = t.iss + 1;
    t.snd_wnd = std::uint32_t{s.window} << (s.has(wire::syn) ? 0 : t.snd_wscale);
    t.snd_wl1 = s.seq_number;
    t.max_window = std::max(t.max_window, t.snd_wnd);
    if (t.chunk_count != 0 && t.retransmits == 0) rtt_sample(t, c.us - t.chunks[0].sent_us, l);
    t.chunk_count = 0;
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
    return go::on;  // an old duplicate: its text may still be wanted
  }
  const bool progress = wire::after(s.ack_number, t.snd_una);
  update_window(t, s);
  if (progress) {
    acknowledge(t, s.ack_number, l, c, out);
    out.wakes |= wake_writable;
  } else if (in_flight(t) != 0 && s.sequence_length() == 0) {
    if (t.dupacks < 255) ++t.dupacks;
    if (t.dupacks == 3 && !t.in_loss) {
      // Fast retransmit (RFC 5681 3.2).
      t.high_seq = t.snd_nxt;
      t.ssthresh = std::max<std::uint32_t>(t.cwnd / 2U, 2);
      t.cwnd = static_cast<std::uint16_t>(t.ssthresh);
      retransmit_head(t, l, c, out);
      arm_rto(t, l, out);
    }
  } else if (t.pending == pending::zero_window_probe) {
    t.probes = 0;
    if (t.snd_wnd != 0) {
      t.pending = pending::none;
      t.backoff = 0;
    }
  }
  if (progress && t.in_loss && in_flight(t) != 0) retransmit_head(t, l, c, out);
  if (fin_acked(t)) return after_fin_acked(t, s, owned, l, c, out);
  return go::on;
}

/// Merges [left, right) into the ranges received out of order; the newest stands first (RFC 2018).
void remember_out_of_order(tcb& t, seq left, seq right) {
  range merged{left, right};
  unsigned kept = 0;
  std::array<range, 3> rest{};
  for (unsigned i = 0; i < t.ooo_count; ++i) {
    const range r = t.ooo[i];
    if (wire::after(merged.left, r.right) || wire::before(merged.right, r.left)) {
      rest[kept++] = r;
    } else {
      if (wire::before(r.left, merged.left)) merged.left = r.left;
      if (wire::after(r.right, merged.right)) merged.right = r.right;
    }
  }
  kept = std::min<unsigned>(kept, 2);
  t.ooo[0] = merged;
  for (unsigned i = 0; i < kept; ++i) t.ooo[i + 1] = rest[i];
  t.ooo_count = static_cast<std::uint8_t>(kept + 1);
}

void take_out_of_order(tcb& t) {
  for (unsigned i = 0; i < t.ooo_count;) {
    if (wire::after(t.ooo[i].left, t.rcv_nxt)) {
      ++i;
      continue;
    }
    if (wire::after(t.ooo[i].right, t.rcv_nxt)) t.rcv_nxt = t.ooo[i].right;
    for (unsigned k = i; k + 1 < t.ooo_count; ++k) t.ooo[k] = t.ooo[k + 1];
    --t.ooo_count;
    i = 0;
  }
}

go abort_on_data(tcb& t, const wire::segment& s, actions& out) {
  out.count(counter::TcpExtTCPAbortOnData);
  refuse(s, out);
  finish(t, errc::ok, out);
  out.wakes |= wake_error;
  return go::stop;
}

// Seventh, process the segment text.
go process_text(tcb& t, const wire::segment& s, const limits& l, const clock& c, actions& out) {
  const seq text_end = s.end() - (s.has(wire::fin) ? 1U : 0U);
  const seq first = s.seq_number + (s.has(wire::syn) ? 1U : 0U);
  switch (t.st) {
    case state::fin_wait_1:
    case state::fin_wait_2:
      // After close() nobody will read it (RFC 1122 4.2.2.13).
      if (t.shut_rd && s.length != 0 && wire::after(text_end, t.rcv_nxt))
        return abort_on_data(t, s, out);
      break;
    case state::close_wait:
    case state::closing:
    case state::last_ack:
      // Nothing may follow the peer's FIN; a FIN sent again is acknowledged again.
      if (s.sequence_length() != 0) {
        if (wire::before(first, t.rcv_nxt) && wire::after(text_end, t.rcv_nxt))
          return abort_on_data(t, s, out);
        send_ack(t, l, c, out);
      }
      return go::stop;
    default: break;
  }
  if (s.length == 0) return go::on;
  if (wire::at_or_before(text_end, t.rcv_nxt)) {
    // Old data: its sender missed our ACK.
    out.count(counter::TcpExtDelayedACKLost);
    note_duplicate(t, first, text_end, out);
    enter_quickack(t, l);
    send_ack(t, l, c, out);
    return s.has(wire::fin) ? go::on : go::stop;
  }
  const seq window_end = t.rcv_nxt + receive_window(t);
  if (wire::after(first, t.rcv_nxt)) {
    out.count(counter::TcpExtTCPOFOQueue);
    out.accepted_left = first;
    out.accepted_right = text_end;
    remember_out_of_order(t, first, text_end);
    send_ack(t, l, c, out);
    return go::stop;
  }
  if (receive_window(t) == 0) {
    enter_quickack(t, l);
    send_ack(t, l, c, out);
    return go::stop;
  }
  const seq end = wire::after(text_end, window_end) && t.copied_seq != t.rcv_nxt ? window_end
                                                                                 : text_end;
  out.accepted_left = t.rcv_nxt;
  out.accepted_right = end;
  t.rcv_nxt = end;
  if (s.has(wire::psh)) {
    if (t.ack_pushed) t.ack_pushed2 = true;
    t.ack_pushed = true;
  }
  const bool gap_filled = t.ooo_count != 0;
  if (gap_filled) {
    take_out_of_order(t);
    t.ack_now = true;
  }
  data_received(t, s.length, l, c);
  out.wakes |= wake_readable;
  return go::on;
}

// Eighth, check the FIN bit (tcp_fin).
void check_fin(tcb& t, const wire::segment& s, const limits& l, const clock& c, actions& out) {
  if (!s.has(wire::fin) || s.end() - 1 != t.rcv_nxt) return;
  if (t.fin_received) return;
  ++t.rcv_nxt;
  t.fin_received = true;
  t.shut_rd = true;
  t.ooo_count = 0;
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
    default: break;
  }
}

}  // namespace

void segment_arrives(tcb& t, const wire::segment& s, bool owned, const limits& l, const clock& c,
                     actions& out) {
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
  if (t.timestamps && s.has_timestamps && wire::at_or_before(s.seq_number, t.rcv_wup)) {
    t.ts_recent = s.ts_value;
    t.ts_recent_stamp_s = c.seconds;
  }
  const bool was_established = t.st == state::established;
  if (check_ack(t, s, owned, l, c, out) == go::stop) return;
  if (process_text(t, s, l, c, out) == go::stop) {
    if (t.st != state::closed) push_pending(t, l, c, out, false);
    return;
  }
  check_fin(t, s, l, c, out);
  if (t.st == state::closed) return;
  if (t.snd_nxt != t.write_seq) push_pending(t, l, c, out, false);
  if (!was_established && s.has(wire::syn)) {  // simultaneous open: the SYN was there already
    out.count(counter::TcpExtDelayedACKLost);
    note_duplicate(t, s.seq_number, s.end(), out);
    send_ack(t, l, c, out);
  }
  check_ack_due(t, l, c, out, false);
}

namespace {

/// tcp_ld_RTO_revert(), RFC 6069: the time-out was no sign of congestion, so its backoff is taken back.
/// DEVIATION: where the shorter time-out has passed already the kernel retransmits in the same moment,
/// here the next tick does.
void revert_backoff(tcb& t, const limits& l, const clock& c, actions& out) {
  if (t.retransmits == 0 || t.backoff == 0) return;
  --t.backoff;
  set_rto(t, l);
  const std::uint32_t gone = jiffy(c) - t.last_send;
  t.pending = pending::retransmit;
  out.arm(timer::retransmit, t.rto - std::min(t.rto, gone));
}

}  // namespace

void icmp_error(tcb& t, errc e, wire::seq quoted, bool unreachable, bool owned, const limits& l,
                const clock& c, actions& out) {
  if (t.st == state::closed || wire::before(quoted, t.snd_una) || wire::after(quoted, t.snd_nxt))
    return;
  const bool opening = t.st == state::syn_sent || t.st == state::syn_received;
  if (opening && !owned) {
    finish(t, e, out);
    return;
  }
  t.soft_error = e;
  if (unreachable && !opening && !owned && quoted == t.snd_una) revert_backoff(t, l, c, out);
}

}  // namespace fourtuple::tcp
