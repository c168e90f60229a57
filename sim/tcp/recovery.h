// Loss detection and recovery as tcp_input.c has them since 6.17: SACK marks, RACK-TLP (RFC 8985), PRR
// (RFC 6937), F-RTO (RFC 5682), undo by time stamps (Eifel, RFC 3522) and by D-SACK. For the files of
// the state machine; nobody else includes this.
#pragma once

#include "sim/tcp/detail.h"
#include "sim/tcp/transit.h"

namespace fourtuple::tcp::detail {

/// What a decision of this part looks at and writes to.
struct context {
  tcb& t;
  transit& x;
  const limits& l;
  const clock& c;
  actions& out;
};

/// What tcp_ack() knows of the ACK at hand: its FLAG_ bits and what they are decided from.
struct ack_round {
  const wire::segment& s;
  seq prior_una = 0;
  seq prior_fack = 0;              ///< highest SACKed sequence number before
  std::uint32_t delivered = 0;     ///< segments newly acknowledged or SACKed
  std::uint32_t losses = 0;        ///< segments newly marked lost
  bool una_advanced = false;       ///< FLAG_SND_UNA_ADVANCED
  bool carries_data = false;       ///< FLAG_DATA
  bool window_update = false;      ///< FLAG_WIN_UPDATE
  bool data_acked = false;         ///< FLAG_DATA_ACKED
  bool retrans_acked = false;      ///< FLAG_RETRANS_DATA_ACKED
  bool orig_acked = false;         ///< FLAG_ORIG_SACK_ACKED: something sent once before high_seq
  bool data_sacked = false;        ///< FLAG_DATA_SACKED
  bool dsacking = false;           ///< FLAG_DSACKING_ACK
  bool dsack_of_probe = false;     ///< FLAG_DSACK_TLP
  bool lost_retrans = false;       ///< FLAG_LOST_RETRANS
  bool set_timer = false;          ///< FLAG_SET_XMIT_TIMER
  std::uint32_t first_sack_us = 0; ///< send times of what was newly SACKed; 0: nothing
  std::uint32_t last_sack_us = 0;
  seq reordered = 0;               ///< lowest sequence number found delivered late
  enum class resend : std::uint8_t { none, fresh, lost } rexmit = resend::none;

  [[nodiscard]] bool not_duplicate() const { return carries_data || window_update || data_acked; }
};

/// The record of `t`, made if it has none.
[[nodiscard]] inline transit& transit_of(tcb& t, actions& out) {
  if (t.transit != 0) return (*out.transits)[t.transit];
  t.transit = out.transits->take();
  transit& x = (*out.transits)[t.transit];
  x.pushed_seq = t.write_seq;  // tcp_push(): whatever was written has PSH at its end
  return x;
}
/// Gives the record back where nothing is under way any more.
inline void settle(tcb& t, const transit& x, actions& out) {
  if (t.transit == 0 || !x.settled()) return;
  out.transits->give_back(t.transit);
  t.transit = 0;
}
inline void settle(tcb& t, actions& out) {
  if (t.transit != 0) settle(t, (*out.transits)[t.transit], out);
}
inline void drop_transit(tcb& t, actions& out) {
  if (t.transit != 0) out.transits->give_back(t.transit);
  t.transit = 0;
}
inline void drop_cubic(tcb& t, actions& out) {
  if (t.cubic != 0) out.cubics->give_back(t.cubic);
  t.cubic = 0;
}

/// tcp_tsopt_ecr_before(): the ACK echoes a time stamp older than `when` (ms of retrans_stamp).
[[nodiscard]] bool echoes_before(const tcb& t, const wire::segment& s, std::uint32_t when);

// receive_queue.cpp
[[gnu::noinline]] void note_text(tcb& t, std::uint32_t length, std::uint32_t fragments,
                                 bool behind_held, actions& out);
[[gnu::noinline]] void note_read(tcb& t, std::uint32_t bytes, actions& out);
[[nodiscard, gnu::noinline]] std::uint32_t unread_memory(const tcb& t, std::uint32_t unread,
                                                         const actions& out);
/// tcp_queue_rcv(): the next `length` bytes came in order; rcv_nxt moves after it.
inline void queue_text(tcb& t, const wire::segment& s, std::uint32_t length, actions& out) {
  if (t.direct_path && readable(t) != 0)
    note_text(t, length, s.page_fragments(), s.behind_held, out);
}
/// tcp_ofo_queue(): so do bytes that were out of order.
inline void queue_stretch(tcb& t, std::uint32_t length, actions& out) {
  if (t.direct_path && readable(t) != 0) note_text(t, length, 1 + length / 32768, false, out);
}
/// How much of `bytes` tcp_recvmsg_locked() copies at a time: what lies in the first buffer.
[[nodiscard]] inline std::uint32_t one_buffer_of(const tcb& t, std::uint32_t bytes,
                                                 const actions& out) {
  if (t.transit == 0) return bytes;
  const receive_queue& q = (*out.transits)[t.transit].unread;
  return q.empty() ? bytes : std::min(bytes, q.first_end() - t.copied_seq);
}
/// The application takes `bytes`; copied_seq moves after it.
inline void text_read(tcb& t, std::uint32_t bytes, actions& out) {
  if (t.direct_path && (t.transit != 0 || bytes != readable(t))) note_read(t, bytes, out);
}
/// sk_rmem_alloc, less what the ratio of memory to window allows for.
[[nodiscard]] inline std::uint32_t receive_memory(const tcb& t, const actions& out) {
  const std::uint32_t unread = readable(t);
  return t.direct_path && unread != 0 ? unread_memory(t, unread, out) : unread;
}

// sack.cpp
/// tcp_sacktag_write_queue(): marks what the blocks of the segment report.
[[gnu::cold]] void mark_sacked(const context& k, ack_round& a);
/// tcp_highest_sack_seq(): where the last SACKed segment begins; snd_una where none is.
[[nodiscard]] seq highest_sacked(seq snd_una, const transit& x);
/// tcp_check_sack_reordering(): something at `low` was delivered after later segments.
[[gnu::cold]] void note_reordering(const context& k, seq low, bool by_timestamp);

// rack.cpp
/// tcp_rack_advance(): a segment sent at `sent_us` was delivered.
void rack_advance(const context& k, const sent_segment& s);
/// tcp_rack_mark_lost(): marks what was sent long enough before something delivered. True if it armed
/// the reordering timer.
[[gnu::cold]] bool rack_mark_lost(const context& k);
/// tcp_rack_reo_timeout()
[[gnu::cold]] void reordering_timeout(const context& k);
/// tcp_rack_update_reo_wnd()
void widen_reordering_window(const context& k);
/// How long until RACK calls the segment lost, us; not positive: now.
[[nodiscard]] std::int32_t rack_remaining(const transit& x, const sent_segment& s,
                                          std::uint32_t window_us, const clock& c);
/// tcp_schedule_loss_probe(); false where a time-out is to be armed instead.
bool schedule_loss_probe(const context& k, bool advancing_rto);
/// tcp_send_loss_probe()
[[gnu::cold]] void send_loss_probe(const context& k);
/// tcp_process_tlp_ack()
[[gnu::cold]] void answer_to_probe(const context& k, const ack_round& a);
void mark_lost(const context& k, sent_segment& s);

// transmit.cpp
/// The next new segment fits the peer's window (tcp_snd_wnd_test()).
[[nodiscard]] bool may_send_new(const tcb& t);
/// push_one of tcp_write_xmit(): all that may go, one buffer, or one segment whatever cwnd says.
enum class burst : std::uint8_t { all, one, probe };
/// tcp_write_xmit(): new segments as windows and Nagle allow. False where nothing was sent.
bool send_new(const context& k, bool nonagle, burst how);
/// The same, where nothing is under way, for `bytes` that fill no segment, or a FIN by itself (0):
/// nothing but the peer's window and a firewall could hold them.
[[nodiscard]] inline bool may_send_alone(const tcb& t, std::uint32_t bytes, const actions& out) {
  return t.transit == 0 && bytes < t.mss_cache && t.snd_wnd > bytes && !out.refused;
}
/// Sends them; write_seq counts them already.
void send_alone(const context& k, std::uint32_t bytes);
/// tcp_push_pending_frames(), where something waits.
void push_pending(const context& k, bool nonagle);
/// The next `bytes` of the first buffer that waits go, with the FIN behind them; 0: only that.
/// `push`: PSH ends them even where they do not end the buffer. False where the firewall refuses
/// them: they stay unsent.
bool send_part(const context& k, std::uint32_t bytes, bool push);

// window_probe.cpp
/// tcp_check_probe_timer(): nothing is in flight that could bring a window.
void check_probe_timer(const context& k);
/// tcp_probe_timer(); false where it was asked long enough.
[[nodiscard, gnu::cold]] bool window_probe(const context& k);
/// tcp_ack_probe(): an ACK came while nothing was in flight.
void window_probe_answered(const context& k);

// write_queue.cpp
/// tcp_check_space(): who found no memory may get more of it, and is woken.
void give_space(const context& k);
inline void check_space(const context& k) {
  if (k.x.no_space) [[unlikely]]
    give_space(k);
}

// ack.cpp
/// tcp_ack_update_window() with tcp_may_update_window(); says whether the window is news.
[[nodiscard]] inline bool update_window(tcb& t, const wire::segment& s) {
  const std::uint32_t offered = offered_window(t, s);
  const bool newer = wire::after(s.ack_number, t.snd_una) || wire::after(s.seq_number, t.snd_wl1) ||
                     (s.seq_number == t.snd_wl1 && (offered > t.snd_wnd || offered == 0));
  if (!newer) return false;
  t.snd_wl1 = s.seq_number;
  t.snd_wnd = offered;
  note_offered_window(t, offered);
  return true;
}
/// What take_ack() has to do where something is under way, or SACK blocks came. `prior_una`:
/// snd_una before.
void work_on_ack(tcb& t, const wire::segment& s, seq prior_una, bool window_update, const limits& l,
                 const clock& c, actions& out);
/// tcp_ack() from where the ACK is known to lie between snd_una and snd_nxt.
inline void take_ack(tcb& t, const wire::segment& s, const limits& l, const clock& c,
                     actions& out) {
  const seq prior_una = t.snd_una;
  const bool window_update = update_window(t, s);
  t.snd_una = s.ack_number;
  t.soft_error = errc::ok;
  t.probes = 0;
  if (t.transit != 0 || s.sack_count != 0) work_on_ack(t, s, prior_una, window_update, l, c, out);
}
/// Its old_ack: the number is old, its SACK blocks may still be news.
[[gnu::cold]] void take_old_ack(tcb& t, const wire::segment& s, const limits& l, const clock& c,
                                actions& out);

// recovery.cpp
/// tcp_fastretrans_alert(): the state machine Open, Disorder, CWR, Recovery, Loss.
[[gnu::cold]] void fast_retransmit_alert(const context& k, ack_round& a, std::uint32_t duplicates);
/// tcp_check_reno_reordering(): more duplicates than segments: some came out of order. `acked`
/// segments have just left the queue.
[[gnu::cold]] void check_reno_reordering(const context& k, std::uint32_t acked);
/// tcp_enter_loss()
[[gnu::cold]] void enter_loss(const context& k);
/// tcp_enter_recovery()
[[gnu::cold]] void enter_recovery(const context& k);
/// tcp_init_cwnd_reduction(), tcp_cwnd_reduction() (PRR) and tcp_end_cwnd_reduction()
[[gnu::cold]] void begin_reduction(const context& k);
[[gnu::cold]] void reduce_cwnd(const context& k, std::uint32_t delivered, std::uint32_t losses,
                               bool una_advanced);
[[gnu::cold]] void end_reduction(const context& k);
/// tcp_try_keep_open()
[[gnu::cold]] void keep_open(const context& k);

// congestion.cpp
/// tcp_cong_control() as long as nothing is lost.
void control_congestion(const context& k, const ack_round& a);
/// tcp_reno_cong_avoid(), cubictcp_cong_avoid(): so many segments were acknowledged.
void grow_cwnd(const context& k, std::uint32_t acked);
/// The algorithm's part of tcp_congestion_ops: ssthresh after a loss; an ACK with an RTT sample
/// (pkts_acked); the state Loss begins (set_state); data is sent with nothing in flight
/// (CA_EVENT_TX_START).
[[nodiscard]] std::uint32_t ssthresh_after_loss(const context& k);
void note_acked(const context& k, std::uint32_t rtt_us);
[[gnu::cold]] void note_time_out(const context& k);
void note_first_of_a_flight(const context& k);
/// tcp_cwnd_validate(): is the window used?
void validate_cwnd(const context& k, bool limited);
/// tcp_current_ssthresh()
[[nodiscard]] std::uint32_t current_ssthresh(const tcb& t, const transit& x);
/// tcp_slow_start_after_idle_check(); for a connection with nothing in flight.
void restart_after_idle(tcb& t, const limits& l, const clock& c);

// cubic.cpp
/// The same of CUBIC, and how many segments must be acknowledged for cwnd to grow by one.
namespace cubic {
[[nodiscard, gnu::noinline]] std::uint32_t growth_count(const context& k, std::uint32_t acked);
[[nodiscard]] std::uint32_t ssthresh(const context& k);
void note_acked(const context& k, std::uint32_t rtt_us);
void note_time_out(const context& k);
void note_first_of_a_flight(const context& k);
}  // namespace cubic

// retransmit.cpp
/// tcp_xmit_retransmit_queue(): what is lost and cwnd allows.
[[gnu::cold]] void retransmit_lost(const context& k);
/// tcp_retransmit_skb(): segment i once more; false where the window forbids it or
/// the firewall refuses it. `probe`: a tail loss
/// probe, which is not marked as a retransmission in flight.
[[gnu::cold]] bool retransmit_segment(const context& k, std::size_t i, bool probe);
/// tcp_rearm_rto()
void rearm_rto(const context& k);

}  // namespace fourtuple::tcp::detail
