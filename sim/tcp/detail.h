// What the files of the state machine share: clocks, composing segments, small questions. Not for
// others.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "sim/tcp/step.h"

namespace fourtuple::tcp::detail {

[[nodiscard]] inline std::uint32_t jiffy(const clock& c) {
  return static_cast<std::uint32_t>(c.jiffy);
}
/// Milliseconds to jiffies, rounded up as msecs_to_jiffies() does.
[[nodiscard]] inline std::uint32_t jiffies_of_ms(std::uint64_t milliseconds, const limits& l) {
  return static_cast<std::uint32_t>((milliseconds * l.hz + 999) / 1000);
}
[[nodiscard]] inline std::uint32_t jiffies_of_us(std::uint64_t microseconds, const limits& l) {
  return static_cast<std::uint32_t>((microseconds * l.hz + 999'999) / 1'000'000);
}
[[nodiscard]] inline std::uint32_t jiffies_of_s(std::uint64_t s, const limits& l) {
  return static_cast<std::uint32_t>(s * l.hz);
}

[[nodiscard]] inline bool pingpong(const tcb& t, const limits& l) {
  return t.ack_pingpong >= l.pingpong_thresh;
}
[[nodiscard]] inline std::uint32_t in_flight(const tcb& t) { return t.snd_nxt - t.snd_una; }
/// Our FIN was sent and is acknowledged.
[[nodiscard]] inline bool fin_acked(const tcb& t) {
  return t.fin_queued && t.snd_una == t.write_seq;
}
/// tcp_receive_window(): what is left of the window of the last ACK sent.
[[nodiscard]] inline std::uint32_t receive_window(const tcb& t) {
  const std::int32_t w = wire::distance(t.rcv_nxt, t.rcv_wup + t.rcv_wnd);
  return w < 0 ? 0 : static_cast<std::uint32_t>(w);
}
/// tcp_in_window() of tcp_minisocks.c, for half-open and TIME-WAIT records: what ends where the
/// window [left, right) begins is old.
[[nodiscard]] inline bool in_window(const wire::segment& s, seq left, seq right) {
  if (s.seq_number == left) return true;
  if (wire::after(s.end(), left) && wire::before(s.seq_number, right)) return true;
  return s.seq_number == right && s.sequence_length() == 0;
}

/// What a SYN can say of a window, which it does not scale; until the handshake is over no more
/// counts (tcp_synack_window()).
[[nodiscard]] inline std::uint32_t window_of_syn(std::uint32_t window) {
  return std::min<std::uint32_t>(window, 65535);
}

// window.cpp
/// tcp_select_initial_window(): the first window and its scale.
struct initial_window {
  std::uint32_t window = 0;
  std::uint8_t scale = 0;
};
[[nodiscard]] initial_window first_window(std::uint32_t mss, bool scaling, std::uint32_t rcvbuf,
                                          const limits& l);
/// DEVIATION: of kernels without tunnels and without wireless and AX.25 drivers, as the one
/// measured; with tunnels MAX_TCP_HEADER is 64 more, with both 128. Who reads SO_SNDBUF where the
/// MSS is 385 to 512.
inline constexpr std::uint32_t max_tcp_header = 192;
inline constexpr std::uint32_t shared_info = 320;
inline constexpr std::uint32_t sk_buff = 256;
inline constexpr std::uint32_t gso_max_size = 65536 - (max_tcp_header + 1);
/// SKB_TRUESIZE() of a buffer whose payload is in page fragments, as the send queue's: its head is
/// one of SKB_SMALL_HEAD_CACHE_SIZE, of which headers get 256 bytes. DEVIATION: before 6.3 too.
inline constexpr std::uint32_t small_head = 256;
inline constexpr std::uint32_t buffer_overhead = small_head + shared_info + sk_buff;

[[nodiscard]] inline std::uint32_t receive_buffer(const tcb& t, const limits& l) {
  return t.opt.rcvbuf != 0 ? t.opt.rcvbuf : l.rmem_default;
}
/// tcp_win_from_space()
[[nodiscard]] inline std::uint32_t window_of(const tcb& t, std::uint64_t space) {
  return static_cast<std::uint32_t>(space * t.window_ratio >> 8);
}
/// tcp_full_space(): the largest window the receive buffer allows.
[[nodiscard]] inline std::uint32_t full_window(const tcb& t, const limits& l) {
  return window_of(t, receive_buffer(t, l));
}
/// A window that is offered is a multiple of what its field can say.
[[nodiscard]] inline std::uint32_t whole_units(const tcb& t, std::uint32_t bytes) {
  const std::uint32_t unit = std::uint32_t{1} << t.rcv_wscale;
  return (bytes + unit - 1) & ~(unit - 1);
}
/// What next_window() is where text waits to be read, or windows are not scaled.
[[nodiscard]] std::uint32_t window_beside_text(tcb& t, const limits& l, const actions& out);
/// __tcp_select_window(): what is offered next, where the right edge may move left.
[[nodiscard]] inline std::uint32_t next_window(tcb& t, const limits& l, const actions& out) {
  // Nothing waits to be read: all of the buffer is free.
  if (t.rcv_wscale != 0 && readable(t) == 0) [[likely]]
    return whole_units(t, std::min(full_window(t, l), t.rcv_ssthresh));
  return window_beside_text(t, l, out);
}
/// tcp_select_window(): the field of the next segment; remembers it in t.
[[nodiscard]] std::uint16_t select_window(tcb& t, const limits& l, actions& out);
/// tp->window_clamp. Until a segment's memory was measured one segment is reserved
/// (tcp_init_buffer_space()).
[[nodiscard]] std::uint32_t window_clamp(const tcb& t, const limits& l);
/// tcp_can_ingest(): an edge that is rounded up with each ACK lets small segments in without end.
[[nodiscard]] bool buffer_is_full(const tcb& t, const limits& l, const actions& out);
/// A segment larger than any before: how much memory the payload costs (scaling_ratio).
void note_full_segment(tcb& t, std::uint32_t length, const limits& l);
/// tcp_init_buffer_space(), tcp_initialize_rcv_mss(), tcp_rcv_rtt_measure_ts() and
/// tcp_rcv_space_adjust(): the receive buffer grows with what the application takes in a round trip.
void begin_space_measurement(tcb& t, const limits& l, const clock& c);
void measure_receiver_rtt(tcb& t, const wire::segment& s, const clock& c);
/// tcp_rcvbuf_grow(): the application took so many bytes in a round trip.
[[gnu::noinline]] void grow_receive_buffer(tcb& t, std::uint32_t taken, const limits& l,
                                           const actions& out);
void adjust_receive_space(tcb& t, const limits& l, const clock& c, const actions& out);
/// tcp_sndbuf_expand(): room for twice the congestion window.
void expand_send_buffer(tcb& t, const limits& l);
/// tcp_grow_window(): a good segment of that size arrived.
void grow_window(tcb& t, std::uint32_t length, const limits& l, const actions& out);

// ecn.cpp
/// tcp_ecn_send_syn() and, where a SYN is sent again, tcp_ecn_clear_syn().
void offer_ecn(tcb& t, wire::segment& syn, const limits& l);
/// tcp_ecn_send_synack()
void answer_ecn(const tcb& t, wire::segment& syn_ack);
/// tcp_ecn_rcv_synack(), and tcp_ecn_rcv_syn() of a simultaneous open.
void take_ecn(tcb& t, const wire::segment& s);
/// tcp_ecn_create_request(): a SYN of RFC 3168, to a host that takes it up.
[[nodiscard]] bool ecn_accepted(const wire::segment& syn, const limits& l);
/// tcp_ecn_send(), where t.ecn_ok: new data is marked; the first after a reduction says so.
void mark_ecn(tcb& t, wire::segment& data);
/// tcp_ecn_queue_cwr()
void queue_cwr(tcb& t);
/// tcp_ecn_accept_cwr() and tcp_ecn_check_ce(), where t.ecn_ok, for a segment with text.
void hear_ecn(tcb& t, const wire::segment& s, const limits& l);

// timeouts.cpp
/// How often an RTO or a probe may fail: an orphan's limit is tcp_orphan_retries, 0 meaning 8 while
/// the RTO is below its cap (reference E.5).
[[nodiscard]] unsigned boundary_of(const tcb& t, const limits& l);

// output.cpp
/// tcp_bound_to_half_wnd()
[[nodiscard]] std::uint32_t within_half_window(const tcb& t, std::uint32_t bytes);
/// tcp_sync_mss(): what t.mss leaves beside time stamps, within half of the peer's window.
void sync_mss(tcb& t);
/// What a segment offers: the window of a SYN is not scaled.
[[nodiscard]] std::uint32_t offered_window(const tcb& t, const wire::segment& s);
/// The peer offered a window: the largest one decides how large a segment may be.
void note_offered_window(tcb& t, std::uint32_t offered);
/// Adds to out.segments one of the connection as it is now: time stamps, ACK, window, SACK blocks.
wire::segment& compose(tcb& t, seq at, std::uint8_t flags, std::uint32_t length, const limits& l,
                       const clock& c, actions& out);
void send_ack(tcb& t, const limits& l, const clock& c, actions& out);
[[gnu::cold]] void send_reset(tcb& t, const limits& l, const clock& c, actions& out);
/// tcp_v4_send_reset(): answers a segment that no connection wants.
[[gnu::cold]] void refuse(const wire::segment& s, actions& out);
void queue_fin(tcb& t, const limits& l, const clock& c, actions& out);
/// Adds a SYN, or the SYN-ACK of a simultaneous open.
void send_syn(tcb& t, bool with_ack, const limits& l, const clock& c, actions& out);

// transmit.cpp
/// tcp_push_pending_frames(): sends what window, cwnd and Nagle allow.
void push_pending(tcb& t, const limits& l, const clock& c, actions& out, bool nonagle);

// acks.cpp
/// tcp_event_data_recv(): in-order data came; adapts the delayed-ACK clock.
void data_received(tcb& t, const wire::segment& s, const limits& l, const clock& c,
                   const actions& out);
/// tcp_measure_rcv_mss(): how large a full segment of the peer is.
void measure_peer_mss(tcb& t, const wire::segment& s, const limits& l);
/// tcp_ack_snd_check(): an ACK is due now, later or not at all.
void send_ack_or_delay(tcb& t, bool owned, const limits& l, const clock& c, actions& out);
inline void check_ack_due(tcb& t, bool owned, const limits& l, const clock& c, actions& out) {
  if ((unsigned{t.ack_scheduled} | unsigned{t.ack_now}) != 0)
    send_ack_or_delay(t, owned, l, c, out);
}
void enter_quickack(tcb& t, const limits& l, std::uint32_t most = 16);
void delay_ack(tcb& t, const limits& l, const clock& c, actions& out);
/// An ACK is due in so many jiffies.
void schedule_ack(tcb& t, std::uint32_t after, const clock& c, actions& out);
/// An ACK is on its way: nothing is owed any more.
void ack_sent(tcb& t);
/// RFC 5961 answer, rate limited.
[[gnu::cold]] void challenge_ack(tcb& t, const limits& l, const clock& c, actions& out);
/// tcp_send_dupack(), for an unacceptable segment; an empty one's is rate limited
/// (tcp_oow_rate_limited()), and counted as `skipped` then.
[[gnu::cold]] void duplicate_ack(tcb& t, const wire::segment& s, counter skipped, const limits& l,
                                 const clock& c, actions& out);
[[nodiscard]] bool within_ratelimit(std::uint32_t& last, const limits& l, const clock& c);

// reassembly.cpp
/// Something came out of order and waits; and does what waits last end at `at`?
[[nodiscard]] bool has_out_of_order(const tcb& t, const actions& out);
[[nodiscard]] bool ends_out_of_order(const tcb& t, seq at, const actions& out);
/// Keeps the segment's text from `first` on, and its FIN.
[[gnu::cold]] void keep_out_of_order(tcb& t, const wire::segment& s, seq first, actions& out);
/// Moves rcv_nxt over what waited for it; true where a FIN is next.
bool close_gap(tcb& t, actions& out);
[[nodiscard]] inline bool fill_gap(tcb& t, actions& out) {
  return t.transit != 0 && close_gap(t, out);
}
/// From rcv_nxt to the end of the last of it.
[[nodiscard]] std::uint32_t out_of_order_span(const tcb& t, const actions& out);
/// The peer's FIN came: what it reports by SACK is over, a duplicate too.
void forget_out_of_order(tcb& t, actions& out);
/// tcp_dsack_set(): the next segment reports [left, right) as received twice.
[[gnu::cold]] void note_duplicate(tcb& t, seq left, seq right, actions& out);
/// Reports what came out of order, and a duplicate.
[[gnu::cold]] void add_sack_blocks(transit& x, wire::segment& s);

// rtt.cpp
/// tcp_update_rtt_min(). DEVIATION: the least of the connection's life, not of tcp_min_rtt_wlen.
void note_min_rtt(tcb& t, std::uint32_t rtt_us);
/// tcp_rtt_tsopt_us(): since the segment was sent whose time stamp is echoed, in whole ms.
[[nodiscard]] std::optional<std::uint32_t> rtt_by_timestamp(const tcb& t, const wire::segment& s,
                                                            const clock& c);
/// The SYN was acknowledged: its round trip is the first sample; if it was sent twice, by its time
/// stamp.
void syn_acknowledged(tcb& t, const wire::segment& s, const limits& l, const clock& c,
                      actions& out);
void rtt_sample(tcb& t, std::uint32_t sample_us, const limits& l);
void set_rto(tcb& t, const limits& l);
void arm_rto(tcb& t, const limits& l, actions& out);

// ending.cpp
/// tcp_done() after an error: state CLOSED, error and wakes set.
void finish(tcb& t, errc error, actions& out);
/// tcp_reset(): a valid RST arrived.
[[gnu::cold]] void reset_received(tcb& t, actions& out);
/// tcp_time_wait(): the record replaces the connection.
void enter_time_wait(tcb& t, const limits& l, actions& out);
/// An orphan reached FIN-WAIT-2 (reference D.8).
void orphan_fin_wait_2(tcb& t, bool reply_reset, const wire::segment* cause, bool owned,
                       const limits& l, const clock& c, actions& out);

}  // namespace fourtuple::tcp::detail
