// The congestion states and the ways between them (tcp_input.c, from tcp_init_undo() to
// tcp_fastretrans_alert()).
#include "sim/tcp/recovery.h"

namespace fourtuple::tcp::detail {
namespace {

/// tcp_any_retrans_done()
bool any_retransmission(const transit& x) {
  return x.retrans_out != 0 || (!x.sent.empty() && x.sent.front().ever_retransmitted);
}

/// tcp_packet_delayed(): the ACK was caused by a first transmission, late but not lost.
bool packet_delayed(const tcb& t, const transit& x, const wire::segment& s) {
  if (t.retrans_stamp != 0) return echoes_before(t, s, t.retrans_stamp & ~1U);
  // Nothing was sent again yet; but held_without_sack() forgets the stamp, too.
  return t.sack || wire::before(t.snd_una, x.high_seq);
}

bool may_undo(const context& k, const ack_round& a) {
  return k.x.undoable && (k.x.undo_retrans == 0 || packet_delayed(k.t, k.x, a.s));
}

/// tcp_init_undo(): retransmissions in flight, a probe among them, may still be declared unneeded.
void begin_undo(const context& k) {
  k.x.undoable = true;
  k.x.undo_marker = k.t.snd_una;
  k.x.undo_retrans = static_cast<std::int32_t>(k.x.retrans_out);
  if (k.x.tlp_out && k.x.tlp_retrans) ++k.x.undo_retrans;
  if (k.x.undo_retrans == 0) k.x.undo_retrans = -1;
}

/// tcp_undo_cwnd_reduction(), Reno's undo_cwnd among it.
void undo_reduction(const context& k, bool unmark) {
  if (unmark) {
    for (sent_segment& s : k.x.sent.all()) s.lost = false;
    k.x.lost_out = 0;
  }
  if (k.x.prior_ssthresh != 0) {
    k.t.cwnd = static_cast<std::uint16_t>(std::max<std::uint32_t>(k.t.cwnd, k.x.prior_cwnd));
    if (k.x.prior_ssthresh > k.t.ssthresh) {
      k.t.ssthresh = k.x.prior_ssthresh;
      k.t.ecn_queue_cwr = false;  // tcp_ecn_withdraw_cwr()
    }
  }
  k.t.cwnd_stamp = jiffy(k.c);
  k.x.undoable = false;
  k.x.rack_advanced = true;  // losses are looked at again
}

void open_again(const context& k) { k.x.state = congestion_state::open; }

/// tcp_is_non_sack_preventing_reopen(): without SACK the state is held until something above high_seq
/// is acknowledged, or old duplicates would start it anew (RFC 6582).
bool held_without_sack(const context& k) {
  if (k.t.sack || k.t.snd_una != k.x.high_seq) return false;
  if (!any_retransmission(k.x)) k.t.retrans_stamp = 0;
  return true;
}

/// tcp_try_undo_recovery(): everything up to high_seq is acknowledged. True where the state is held.
bool leave_recovery(const context& k, const ack_round& a) {
  if (may_undo(k, a)) {
    k.out.count(k.x.state == congestion_state::loss ? counter::TcpExtTCPLossUndo
                                                    : counter::TcpExtTCPFullUndo);
    undo_reduction(k, false);
  } else if (k.t.reo_wnd_persist != 0) {
    --k.t.reo_wnd_persist;
  }
  if (held_without_sack(k)) return true;
  open_again(k);
  return false;
}

/// tcp_try_undo_dsack(): every retransmission was declared unneeded.
bool undo_by_dsack(const context& k) {
  if (!k.x.undoable || k.x.undo_retrans != 0) return false;
  k.t.reo_wnd_persist = static_cast<std::uint8_t>(std::min(16, k.t.reo_wnd_persist + 1));
  undo_reduction(k, false);
  k.out.count(counter::TcpExtTCPDSACKUndo);
  return true;
}

/// tcp_try_undo_loss()
bool undo_loss(const context& k, const ack_round& a, bool by_frto) {
  if (!by_frto && !may_undo(k, a)) return false;
  undo_reduction(k, true);
  k.out.count(counter::TcpExtTCPLossUndo);
  if (by_frto) k.out.count(counter::TcpExtTCPSpuriousRTOs);
  k.t.retransmits = 0;
  if (held_without_sack(k)) return true;
  if (by_frto || k.t.sack) open_again(k);
  return true;
}

/// tcp_try_undo_partial(): a partial ACK within recovery. True where retransmissions still in flight
/// have to be waited for.
bool undo_partially(const context& k, const ack_round& a) {
  if (!k.x.undoable || !packet_delayed(k.t, k.x, a.s)) return false;
  note_reordering(k, a.prior_una, true);
  if (k.x.retrans_out != 0) return true;
  if (!any_retransmission(k.x)) k.t.retrans_stamp = 0;
  undo_reduction(k, true);
  k.out.count(counter::TcpExtTCPPartialUndo);
  keep_open(k);
  return false;
}

/// tcp_limit_reno_sacked(): of what is out at least the lost segments, and one, are not where the
/// duplicates come from. True where there were more duplicates than that.
bool limit_reno_sacked(transit& x) {
  const std::uint32_t holes = std::min(std::max(x.lost_out, 1U), x.packets_out());
  if (x.sacked_out + holes <= x.packets_out()) return false;
  x.sacked_out = x.packets_out() - holes;
  return true;
}

/// tcp_add_reno_sack(): without SACK duplicate ACKs stand for reports.
void count_duplicates(const context& k, ack_round& a, std::uint32_t duplicates) {
  if (duplicates == 0) return;
  const std::uint32_t before = k.x.sacked_out;
  k.x.sacked_out += duplicates;
  check_reno_reordering(k, 0);
  if (k.x.sacked_out > before) a.delivered += k.x.sacked_out - before;
}

/// tcp_newreno_mark_lost(): the head, after three duplicates or at a partial ACK of a recovery.
void mark_head_lost(const context& k, bool una_advanced) {
  const bool duplicates =
      k.x.state < congestion_state::recovery && k.x.sacked_out >= k.t.reordering;
  const bool partial = k.x.state == congestion_state::recovery && una_advanced;
  sent_segment& head = k.x.sent.front();
  if ((!duplicates && !partial) || head.lost) return;
  mark_lost(k, head);
  limit_reno_sacked(k.x);
}

/// tcp_identify_packet_loss()
void identify_losses(const context& k, ack_round& a) {
  if (k.x.sent.empty()) return;
  if (!k.t.sack) {
    mark_head_lost(k, a.una_advanced);
    return;
  }
  const std::uint32_t before = k.x.retrans_out;
  if (rack_mark_lost(k)) a.set_timer = false;
  if (before > k.x.retrans_out) a.lost_retrans = true;
}

/// tcp_try_to_open()
void try_to_open(const context& k) {
  if (!any_retransmission(k.x)) k.t.retrans_stamp = 0;
  if (k.x.state != congestion_state::cwr) keep_open(k);
}

/// tcp_process_loss()
void process_loss(const context& k, ack_round& a, std::uint32_t duplicates) {
  const bool recovered = !wire::before(k.t.snd_una, k.x.high_seq);
  if (a.una_advanced && undo_loss(k, a, false)) return;
  if (k.x.frto) {
    // RFC 5682 3.1, step 3.b: what was sent but once has arrived, so not all was lost.
    if (a.orig_acked && undo_loss(k, a, true)) return;
    if (wire::after(k.t.snd_nxt, k.x.high_seq)) {
      if (a.data_sacked || duplicates != 0) k.x.frto = false;  // step 3.a: the loss was real
    } else if (a.una_advanced && !recovered) {
      k.x.high_seq = k.t.snd_nxt;
      if (may_send_new(k.t)) {  // step 2.b
        a.rexmit = ack_round::resend::fresh;
        return;
      }
      k.x.frto = false;
    }
  }
  if (recovered) {
    leave_recovery(k, a);
    return;
  }
  if (!k.t.sack) {
    // A Reno sender cannot tell duplicates caused by retransmissions from others.
    if (wire::after(k.t.snd_nxt, k.x.high_seq) && duplicates != 0)
      count_duplicates(k, a, duplicates);
    else if (a.una_advanced)
      k.x.sacked_out = 0;
  }
  a.rexmit = ack_round::resend::lost;
}

/// tcp_check_sack_reneging(): the head was reported and is not acknowledged: the peer has dropped what
/// it had promised to keep.
bool reneged(const context& k, const ack_round& a) {
  if (!a.una_advanced || k.x.sent.empty() || !k.x.sent.front().sacked) return false;
  const std::uint64_t half_srtt = k.t.srtt_us8 >> 4;
  k.t.pending = pending::retransmit;
  k.out.arm(timer::retransmit, jiffies_of_us(std::max<std::uint64_t>(half_srtt, 10'000), k.l));
  return true;
}

/// The ACK ends CWR or Recovery. True where nothing more is to be done.
bool leave_if_high_seq_acked(const context& k, const ack_round& a) {
  if (k.x.state == congestion_state::open) {
    k.t.retrans_stamp = 0;
    return false;
  }
  if (wire::before(k.t.snd_una, k.x.high_seq)) return false;
  if (k.x.state == congestion_state::cwr && k.t.snd_una != k.x.high_seq) {
    end_reduction(k);
    open_again(k);
  } else if (k.x.state == congestion_state::recovery) {
    if (!k.t.sack) k.x.sacked_out = 0;
    if (leave_recovery(k, a)) return true;
    end_reduction(k);
  }
  return false;
}

}  // namespace

void check_reno_reordering(const context& k, std::uint32_t acked) {
  if (!limit_reno_sacked(k.x)) return;
  k.t.reordering = static_cast<std::uint16_t>(
      std::min<std::uint32_t>(k.x.packets_out() + acked, k.l.max_reordering));
  k.t.reordering_seen = true;
  k.out.count(counter::TcpExtTCPRenoReorder);
}

bool echoes_before(const tcb& t, const wire::segment& s, std::uint32_t when) {
  return s.has_timestamps && s.ts_echo != 0 && wire::before(s.ts_echo - t.ts_offset, when);
}

void keep_open(const context& k) {
  const bool disorder = k.x.sacked_out + k.x.lost_out != 0 || any_retransmission(k.x);
  const congestion_state next = disorder ? congestion_state::disorder : congestion_state::open;
  if (k.x.state == next) return;
  k.x.state = next;
  k.x.high_seq = k.t.snd_nxt;
}

void begin_reduction(const context& k) {
  k.x.high_seq = k.t.snd_nxt;
  k.x.tlp_out = false;
  k.t.cwnd_count = 0;
  k.x.prior_cwnd = k.t.cwnd;
  k.x.prr_delivered = k.x.prr_out = 0;
  k.t.ssthresh = ssthresh_after_loss(k);
  queue_cwr(k.t);
}

void reduce_cwnd(const context& k, std::uint32_t delivered, std::uint32_t losses,
                 bool una_advanced) {
  if (delivered == 0 || k.x.prior_cwnd == 0) return;
  const auto flight = static_cast<std::int64_t>(k.x.in_flight());
  const std::int64_t room = std::int64_t{k.t.ssthresh} - flight;
  k.x.prr_delivered += delivered;
  const std::int64_t banked = std::int64_t{k.x.prr_delivered} - k.x.prr_out;
  std::int64_t sendable = 0;
  if (room < 0) {
    const std::uint64_t share =
        (std::uint64_t{k.t.ssthresh} * k.x.prr_delivered + k.x.prior_cwnd - 1) / k.x.prior_cwnd;
    sendable = static_cast<std::int64_t>(share) - k.x.prr_out;
  } else {
    sendable = std::max(banked, std::int64_t{delivered});
    if (una_advanced && losses == 0) ++sendable;
    sendable = std::min(room, sendable);
  }
  // The fast retransmit goes out whatever the count says.
  sendable = std::max<std::int64_t>(sendable, k.x.prr_out != 0 ? 0 : 1);
  k.t.cwnd = static_cast<std::uint16_t>(std::min<std::int64_t>(flight + sendable, 65535));
}

void end_reduction(const context& k) {
  if (k.t.ssthresh >= 0x7fffffff) return;
  if (k.x.state != congestion_state::cwr && !k.x.undoable) return;
  k.t.cwnd = static_cast<std::uint16_t>(std::min<std::uint32_t>(k.t.ssthresh, 65535));
  k.t.cwnd_stamp = jiffy(k.c);
}

void enter_recovery(const context& k) {
  k.out.count(k.t.sack ? counter::TcpExtTCPSackRecovery : counter::TcpExtTCPRenoRecovery);
  if (!any_retransmission(k.x)) k.t.retrans_stamp = 0;
  k.x.prior_ssthresh = 0;
  begin_undo(k);
  if (!k.x.reducing()) {
    k.x.prior_ssthresh = current_ssthresh(k.t, k.x);
    begin_reduction(k);
  }
  k.x.state = congestion_state::recovery;
}

void enter_loss(const context& k) {
  const bool fresh = k.x.state < congestion_state::recovery;
  const bool reneging = !k.x.sent.empty() && k.x.sent.front().sacked;
  if (reneging) {
    k.out.count(counter::TcpExtTCPSACKReneging);
    k.x.sacked_out = 0;
  }
  if (!k.t.sack) k.x.sacked_out = 0;  // tcp_reset_reno_sack()
  bool head = true;
  for (sent_segment& s : k.x.sent.all()) {
    if (reneging) s.sacked = false;
    // tcp_timeout_mark_lost(): what was sent a moment ago is not lost yet.
    if (reneging || head || rack_remaining(k.x, s, 0, k.c) <= 0) mark_lost(k, s);
    head = false;
  }
  if (k.x.state <= congestion_state::disorder || !wire::after(k.x.high_seq, k.t.snd_una) ||
      (k.x.state == congestion_state::loss && k.t.retransmits == 0)) {
    k.x.prior_ssthresh = current_ssthresh(k.t, k.x);
    k.x.prior_cwnd = k.t.cwnd;
    k.t.ssthresh = ssthresh_after_loss(k);
    begin_undo(k);
  }
  k.t.cwnd = static_cast<std::uint16_t>(k.x.in_flight() + 1);
  k.t.cwnd_count = 0;
  k.t.cwnd_stamp = jiffy(k.c);
  if (k.x.state <= congestion_state::disorder && k.x.sacked_out >= k.l.reordering)
    k.t.reordering = std::min<std::uint16_t>(k.t.reordering, k.l.reordering);
  k.x.state = congestion_state::loss;
  note_time_out(k);
  queue_cwr(k.t);
  k.x.high_seq = k.t.snd_nxt;
  k.x.tlp_out = false;
  k.x.frto = k.l.frto && (fresh || k.t.retransmits != 0);
}

void fast_retransmit_alert(const context& k, ack_round& a, std::uint32_t duplicates) {
  if (k.x.sent.empty()) k.x.sacked_out = 0;
  if (reneged(k, a)) return;
  if (leave_if_high_seq_acked(k, a)) return;
  switch (k.x.state) {
    case congestion_state::recovery:
      if (!a.una_advanced) {
        if (!k.t.sack) count_duplicates(k, a, duplicates);
      } else if (undo_partially(k, a)) {
        return;
      }
      if (undo_by_dsack(k)) try_to_open(k);
      identify_losses(k, a);
      if (k.x.state != congestion_state::recovery) {
        if (k.x.lost_out == 0) return;
        enter_recovery(k);  // reordering first, and then a loss
      }
      break;
    case congestion_state::loss:
      process_loss(k, a, duplicates);
      identify_losses(k, a);
      if (k.x.state != congestion_state::open && !a.lost_retrans) return;
      [[fallthrough]];  // undone, or retransmissions were lost: as in the open states
    default:
      if (!k.t.sack) {
        if (a.una_advanced) k.x.sacked_out = 0;
        count_duplicates(k, a, duplicates);
      }
      if (k.x.state <= congestion_state::disorder) undo_by_dsack(k);
      identify_losses(k, a);
      if (k.x.lost_out == 0) {
        try_to_open(k);
        return;
      }
      enter_recovery(k);
  }
  a.rexmit = ack_round::resend::lost;
}

}  // namespace fourtuple::tcp::detail
