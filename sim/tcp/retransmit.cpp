// Segments go out again (tcp_output.c: tcp_retransmit_skb() and tcp_xmit_retransmit_queue()).
#include "sim/tcp/recovery.h"

namespace fourtuple::tcp::detail {
namespace {

/// A simultaneous open was closed before the other side acknowledged our SYN: that leads the queue.
bool is_syn(const context& k, std::size_t i) { return i == 0 && k.t.snd_una == k.t.iss; }

/// tcp_retrans_try_collapse(): small neighbours travel in one segment where they fit.
void collapse(const context& k, std::size_t i, std::uint32_t most) {
  while (i + 1 < k.x.sent.size()) {
    const sent_segment next = k.x.sent[i + 1];
    const seq begin = k.x.sent.begin_of(i, k.t.snd_una);
    if (next.sacked || next.end - begin > most) return;
    if (wire::after(next.end, k.t.snd_una + k.t.snd_wnd)) return;
    if (next.lost) --k.x.lost_out;
    if (next.retransmitted) --k.x.retrans_out;
    // tcp_adjust_pcount(): without SACK one segment less is one duplicate ACK less.
    if (!k.t.sack && k.x.sacked_out != 0) --k.x.sacked_out;
    if (k.x.sent[i + 1].head) --k.x.buffers;
    k.x.sent.merge(i);
  }
}

}  // namespace

bool retransmit_segment(const context& k, std::size_t i, bool probe) {
  const std::uint32_t mss = k.t.mss_cache;
  const seq begin = k.x.sent.begin_of(i, k.t.snd_una);
  const std::int32_t room = wire::distance(begin, k.t.snd_una + k.t.snd_wnd);
  std::uint32_t most = mss;
  if (room <= 0) {
    if (begin != k.t.snd_una) return false;  // only the head goes against a closed window
  } else {
    most = std::min(most, static_cast<std::uint32_t>(room));
  }
  const bool fin_inside = k.t.fin_queued && k.x.sent[i].end == k.t.write_seq;
  const std::uint32_t whole = k.x.sent[i].end - begin - (fin_inside ? 1U : 0U);
  if (whole > most) {
    // The window or a smaller MSS cuts it; both parts bear the marks.
    const sent_segment marks = k.x.sent[i];
    k.x.sent.split(i, begin + most);
    if (marks.lost) ++k.x.lost_out;
    if (marks.retransmitted) ++k.x.retrans_out;
  } else if (k.l.retrans_collapse && whole < most && !is_syn(k, i)) {
    collapse(k, i, most);
  }
  sent_segment& s = k.x.sent[i];
  const bool fin = k.t.fin_queued && s.end == k.t.write_seq;
  const std::uint32_t length = s.end - begin - (fin ? 1U : 0U);
  std::uint8_t flags = wire::ack;
  if (s.push) flags |= wire::psh;
  if (fin) flags |= wire::fin;
  k.out.count(counter::TcpRetransSegs);
  ++k.t.unreported_resends;
  if (is_syn(k, i)) {
    send_syn(k.t, true, k.l, k.c, k.out);
  } else {
    compose(k.t, begin, flags, length, k.l, k.c, k.out);
    if (length != 0) k.t.last_send = jiffy(k.c);
  }
  k.out.segments.back().resent = true;
  s.sent_us = k.c.us;
  s.ever_retransmitted = true;
  if (k.out.refused) {
    k.out.count(counter::TcpExtTCPRetransFail);
  } else {
    s.order = ++k.x.sendings;
  }
  if (probe) return !k.out.refused;
  if (k.t.retrans_stamp == 0) k.t.retrans_stamp = k.c.ms | 1U;
  if (k.x.undo_retrans < 0) k.x.undo_retrans = 0;
  ++k.x.undo_retrans;
  if (k.out.refused) return false;
  s.retransmitted = true;
  ++k.x.retrans_out;
  return true;
}

void retransmit_lost(const context& k) {
  bool rearm = false;
  for (std::size_t i = 0; i < k.x.sent.size(); ++i) {
    if (k.x.in_flight() >= k.t.cwnd || k.x.lost_out <= k.x.retrans_out) break;
    const sent_segment& s = k.x.sent[i];
    if (!s.lost || s.sacked || s.retransmitted) continue;
    if (!retransmit_segment(k, i, false)) break;
    k.out.count(k.x.state == congestion_state::loss ? counter::TcpExtTCPSlowStartRetrans
                                                    : counter::TcpExtTCPFastRetrans);
    if (k.x.reducing()) ++k.x.prr_out;
    if (i == 0 && k.t.pending != pending::reordering) rearm = true;
  }
  if (rearm) arm_rto(k.t, k.l, k.out);
}

void rearm_rto(const context& k) {
  if (k.x.sent.empty()) {
    k.t.pending = pending::none;
    return;
  }
  std::uint32_t wait = k.t.rto;
  if (k.t.pending == pending::reordering || k.t.pending == pending::loss_probe) {
    // tcp_rto_delta_us(): the time-out counts from when the head was sent.
    const std::int64_t left = std::int64_t{k.t.rto} * 1'000'000 / k.l.hz -
                              (k.c.us - k.x.sent.front().sent_us);
    wait = jiffies_of_us(static_cast<std::uint64_t>(std::max<std::int64_t>(left, 1)), k.l);
  }
  k.t.pending = pending::retransmit;
  k.out.arm(timer::retransmit, wait);
}

}  // namespace fourtuple::tcp::detail

namespace fourtuple::tcp {

bool is_under_way(const tcb& t, wire::seq quoted) {
  return t.st != state::closed && !wire::before(quoted, t.snd_una) &&
         !wire::after(quoted, t.snd_nxt);
}

void path_narrows(tcb& t, std::uint16_t mss, const limits& l, const clock& c, actions& out) {
  constexpr std::uint16_t least = 48;  // tcp_min_snd_mss
  if (t.st == state::closed || mss >= t.mss) return;
  t.mss = std::max(mss, least);
  detail::sync_mss(t);
  if (t.transit == 0) return;
  const detail::context k{t, (*out.transits)[t.transit], l, c, out};
  const std::uint32_t fits = t.mss_cache;
  for (std::size_t i = 0; i < k.x.sent.size(); ++i) {
    sent_segment& s = k.x.sent[i];
    const bool fin = t.fin_queued && s.end == t.write_seq;
    if (s.end - k.x.sent.begin_of(i, t.snd_una) - (fin ? 1U : 0U) > fits) detail::mark_lost(k, s);
  }
  if (k.x.lost_out == 0) return;
  if (k.x.state != congestion_state::loss) {
    t.ssthresh = detail::current_ssthresh(t, k.x);
    k.x.high_seq = t.snd_nxt;
    k.x.prior_ssthresh = 0;
    k.x.undoable = false;
    k.x.state = congestion_state::loss;
    detail::note_time_out(k);
  }
  detail::retransmit_lost(k);
}

}  // namespace fourtuple::tcp
