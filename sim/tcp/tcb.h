// The transmission control block of RFC 9293 3.3.1 as a plain value: every number a TCP decision
// needs and nothing else. No bytes, timers or sockets: those belong to sim/host, which keeps one tcb
// per connection and hands it to the functions of step.h. Copy it, compare it, print it.
#pragma once

#include <fourtuple/errc.h>

#include <cstdint>
#include <type_traits>

#include "sim/tcp/limits.h"
#include "sim/tcp/state.h"
#include "sim/wire/four_tuple.h"
#include "sim/wire/seq.h"

namespace fourtuple::tcp {

using wire::seq;

/// What the one retransmission timer of a Linux socket stands for (icsk_pending).
enum class pending : std::uint8_t { none, retransmit, loss_probe, reordering, zero_window_probe };

/// scaling_ratio before a segment's memory is known (TCP_DEFAULT_SCALING_RATIO).
inline constexpr std::uint8_t default_ratio = 128;

/// What is known of the way to a peer.
struct path_facts {
  std::uint16_t mss = 1460;  ///< its MTU - 40 or - 60, as far as it is known
  bool direct = false;       ///< hands over the sender's buffers: loopback, a link without delay
  bool loopback = false;     ///< takes a buffer of several segments whole
};

/// Options of the socket that change a TCP rule; an accepted connection copies its listener's.
/// The host writes them; where a change has an effect at once, step.h has a function for it.
struct socket_options {
  std::uint32_t user_timeout_ms = 0;  ///< TCP_USER_TIMEOUT; 0: none
  std::uint32_t rcvbuf = 0;           ///< sk_rcvbuf (SO_RCVBUF: twice what was asked); 0: tcp_rmem[1]
  std::uint32_t sndbuf = 0;           ///< sk_sndbuf likewise; 0: tcp_wmem[1]; grows unless locked
  std::int16_t linger2_s = 0;         ///< TCP_LINGER2; 0: tcp_fin_timeout; -1: no FIN-WAIT-2 as orphan
  std::uint16_t keep_idle_s = 0;      ///< TCP_KEEPIDLE; 0: the sysctl
  std::uint16_t keep_intvl_s = 0;     ///< TCP_KEEPINTVL
  std::uint16_t maxseg = 0;           ///< TCP_MAXSEG; 0: none
  std::uint8_t keep_cnt = 0;          ///< TCP_KEEPCNT
  std::uint8_t syncnt = 0;            ///< TCP_SYNCNT; on a listener SYN-ACK retries
  std::uint8_t defer_accept = 0;      ///< TCP_DEFER_ACCEPT as a count of retransmissions
  bool nodelay : 1 = false;           ///< TCP_NODELAY
  bool cork : 1 = false;              ///< TCP_CORK
  bool keepalive : 1 = false;         ///< SO_KEEPALIVE
  bool linger_zero : 1 = false;       ///< SO_LINGER on, time 0: close() resets
  bool linger_waits : 1 = false;      ///< SO_LINGER on, time > 0: close() does not orphan at once
  bool rcvbuf_locked : 1 = false;     ///< SO_RCVBUF was set: no autotuning, children inherit it
  bool sndbuf_locked : 1 = false;     ///< SO_SNDBUF was set
  friend bool operator==(const socket_options&, const socket_options&) = default;
};

/// One connection. Jiffy fields are the low 32 bits of clock.jiffy; ms and us fields are virtual time.
/// The first two cache lines are what a segment in order touches.
struct tcb {
  // ---- line 1: identity, receive side, ACK policy
  wire::four_tuple tuple;
  state st = state::closed;
  std::uint8_t snd_wscale : 4 = 0;
  std::uint8_t rcv_wscale : 4 = 0;
  std::uint8_t ack_quick = 0;     ///< ACKs still to be sent at once (icsk_ack.quick)
  std::uint8_t ack_pingpong = 0;  ///< counts answers; >= pingpong_thresh is interactive mode
  seq rcv_nxt = 0;
  seq rcv_wup = 0;                ///< rcv_nxt of the last ACK sent
  std::uint32_t rcv_wnd = 0;      ///< window of the last ACK sent, counted from rcv_wup
  seq copied_seq = 0;             ///< next byte the application reads
  std::uint32_t ts_recent = 0;
  std::uint32_t ts_offset = 0;    ///< added to the millisecond clock: TSval
  std::uint32_t last_receive = 0;      ///< jiffy of the last data segment (lrcvtime)
  std::uint32_t ack_timeout = 0;       ///< jiffy at which the delayed-ACK timer is due
  std::uint16_t ack_ato = 0;           ///< jiffies; 0 before the first data segment
  std::uint16_t rcv_mss = 536;         ///< estimate of the peer's segment size, never 0
  bool ack_scheduled : 1 = false;
  bool ack_timer : 1 = false;
  bool ack_now : 1 = false;
  bool ack_deferred : 1 = false;  ///< until the system call ends: see release()
  bool ack_pushed : 1 = false;
  bool ack_pushed2 : 1 = false;
  bool timestamps : 1 = false;         ///< negotiated
  bool sack : 1 = false;               ///< negotiated
  bool window_scaling : 1 = false;     ///< negotiated
  bool orphan : 1 = false;             ///< no descriptor any more (SOCK_DEAD)
  bool shut_rd : 1 = false;            ///< RCV_SHUTDOWN
  bool shut_wr : 1 = false;            ///< SEND_SHUTDOWN
  bool fin_queued : 1 = false;         ///< our FIN is part of write_seq
  bool fin_received : 1 = false;       ///< SOCK_DONE: reading ends after rcv_nxt - 1
  bool passive : 1 = false;            ///< made by a listener
  bool reordering_seen : 1 = false;    ///< reord_seen

  // ---- line 2: send side
  seq snd_una = 0;
  seq snd_nxt = 0;
  seq write_seq = 0;              ///< end of the send buffer, FIN included once queued
  std::uint32_t snd_wnd = 0;
  seq snd_wl1 = 0;
  std::uint32_t max_window = 0;   ///< largest window the peer offered
  std::uint32_t srtt_us8 = 0;     ///< 8 * smoothed RTT, us; 0: no sample yet
  std::uint32_t rto = 0;          ///< jiffies, backoff included
  std::uint32_t last_send = 0;    ///< jiffy of the last data segment sent (lsndtime)
  std::uint32_t last_heard = 0;   ///< jiffy of the last valid ACK (rcv_tstamp)
  std::uint32_t rcv_ssthresh = 0;
  std::uint32_t cwnd_count = 0;   ///< segments acknowledged since cwnd last grew
  std::uint16_t mss = 0;          ///< what the path and the peer allow, without options
  std::uint16_t mss_cache = 536;  ///< payload bytes of a full segment; see sync_mss()
  std::uint16_t advmss = 0;       ///< MSS we offered, less time stamps once established
  std::uint16_t cwnd = 0;         ///< segments; DEVIATION: at most 65,535, 95 MB in flight
  enum pending pending = pending::none;
  std::uint8_t backoff = 0;
  std::uint8_t retransmits = 0;   ///< timeouts since the last progress
  std::uint8_t probes = 0;        ///< unanswered window or keepalive probes
  std::uint8_t reo_wnd_steps = 1;    ///< RACK: quarters of the least round trip (RFC 8985 6.2)
  std::uint8_t reo_wnd_persist = 0;  ///< recoveries for which the steps stay
  errc error = errc::ok;          ///< sk_err
  errc soft_error = errc::ok;     ///< sk_err_soft

  // ---- line 3: what is under way, estimator, congestion window
  std::uint32_t transit = 0;      ///< its record in the host's pool; 0: nothing is under way
  std::uint32_t mdev_us = 0;
  std::uint32_t mdev_max_us = 0;
  std::uint32_t rttvar_us = 0;
  seq rtt_seq = 0;
  seq snd_sml = 0;                ///< end of the last small segment sent (Minshall)
  std::uint32_t min_rtt_us = 0;   ///< least round trip; 0: no sample yet
  seq reo_wnd_round = 0;          ///< no D-SACK of this round widens RACK's window again
  std::uint32_t cwnd_stamp = 0;   ///< jiffy at which cwnd was last in full use
  std::uint16_t cwnd_used = 0;    ///< most segments out since then
  std::uint16_t reordering = 3;   ///< segments by which the path is known to reorder
  std::uint32_t rcv_rtt_us8 = 0;  ///< 8 * round trip as the receiver sees it (rcv_rtt_est); 0: none
  std::uint32_t rcv_rtt_echo = 0; ///< TSecr it was last measured by
  std::uint32_t rcvq_space = 0;   ///< bytes the application took within a round trip, at most
  seq rcvq_seq = 0;               ///< where the measurement at hand began, and when
  std::uint32_t rcvq_us = 0;
  std::uint32_t retrans_stamp = 0;  ///< ms of the first retransmission (SYN-SENT: first SYN); 0: none
  std::uint32_t ssthresh = 0x7fffffff;
  std::uint32_t cubic = 0;          ///< its record in the host's cubic_pool; 0: never left slow start

  // ---- rarely used
  std::uint32_t ts_recent_stamp_s = 0;  ///< second at which ts_recent was taken; 0: never
  std::uint32_t last_oow_ack = 0;  ///< jiffy + 1 of the last rate-limited ACK (D.5); 0: never
  std::int32_t unreported_resends = 0;  ///< total_retrans - dsack_dups
  seq iss = 0;
  seq irs = 0;
  std::uint16_t last_seg_size = 0;  ///< of the last data segment smaller than rcv_mss
  std::uint8_t window_ratio = default_ratio;  ///< scaling_ratio: payload per memory, 1/256
  bool slow_start_ended : 1 = false;  ///< HyStart found that the path is full (bictcp.found)
  bool ecn_ok : 1 = false;            ///< both ends speak ECN; before the SYN-ACK: was offered
  bool ecn_queue_cwr : 1 = false;     ///< the window was reduced: the next new segment says so
  bool ecn_seen : 1 = false;          ///< the peer marks what it sends
  bool direct_path : 1 = false;       ///< see path_facts::direct
  bool loopback : 1 = false;          ///< see path_facts::loopback
  socket_options opt;

  friend bool operator==(const tcb&, const tcb&) = default;
};
static_assert(std::is_trivially_copyable_v<tcb>);
static_assert(sizeof(tcb) <= 240);

/// What every one begins as. To copy it costs less than to clear one and to set what is not 0.
extern const tcb unused_tcb;

/// What a socket brings to an active OPEN.
struct connection_setup {
  wire::four_tuple tuple;
  seq iss = 0;                   ///< D.3, next_iss() or isn_after_reuse()
  std::uint32_t ts_offset = 0;
  path_facts way;                ///< its mss is offered
  std::uint16_t assumed_mss = 536;  ///< what the peer takes as long as it has not said (mss_clamp)
  std::uint32_t ts_recent = 0;   ///< after TIME-WAIT reuse: the old connection's, and its stamp
  std::uint32_t ts_recent_stamp_s = 0;
};

/// A CLOSED tcb ready for open_active(). `opt` are the socket's options.
[[nodiscard]] tcb new_connection(const connection_setup& s, const socket_options& opt,
                                 const limits& l);
/// The same of one that has not been connected yet, with the options it has.
void set_up(tcb& t, const connection_setup& s, const limits& l);
/// Of a connection that was before, only what a socket keeps is left.
[[gnu::cold]] void forget_connection(tcb& t);

/// The ISN of the next connect() of a socket that was disconnected: tcp_disconnect() leaves
/// write_seq + max_window + 2 there (never 0).
[[nodiscard]] seq next_iss(const tcb& t);

/// Bytes in the receive buffer that recv() may take; FIN not counted.
[[nodiscard]] inline std::uint32_t readable(const tcb& t) {
  return t.rcv_nxt - t.copied_seq - (t.fin_received ? 1U : 0U);
}
/// Bytes between snd_una and write_seq, FIN not counted: what the send buffer must still hold.
[[nodiscard]] inline std::uint32_t unacked(const tcb& t) {
  const std::uint32_t n = t.write_seq - t.snd_una;
  return n - (n != 0 && t.fin_queued ? 1U : 0U);
}

}  // namespace fourtuple::tcp
