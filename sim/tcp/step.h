// The TCP connection state machine of RFC 9293 3.10 with Linux's ways, as functions over values: no
// socket, buffer of bytes, clock or callback inside. A connection is a tcb; a half-open one on the
// listener's side is a request; one in TIME-WAIT (or an orphan's FIN-WAIT-2) is a time_wait. Buffers
// and timers belong to sim/host, which carries out the actions.
#pragma once

#include <fourtuple/errc.h>

#include "sim/tcp/actions.h"
#include "sim/tcp/limits.h"
#include "sim/tcp/request.h"
#include "sim/tcp/tcb.h"
#include "sim/tcp/time_wait.h"
#include "sim/wire/segment.h"

namespace fourtuple::tcp {

// ---- user calls (RFC 9293 3.10.1-3.10.6; net/ipv4/tcp.c) ------------------------------------------

/// OPEN, active: CLOSED -> SYN-SENT; emits the SYN and arms the retransmission timer. `t` was made by
/// new_connection().
void open_active(tcb& t, const limits& l, const clock& c, actions& out);
/// EPOLLOUT: at least a third of the send buffer is free (__sk_stream_is_writeable()).
[[nodiscard]] bool has_send_space(const tcb& t, const transit& x);
[[nodiscard]] inline bool writable(const tcb& t, const transit_pool& transits) {
  return t.transit == 0 || has_send_space(t, transits[t.transit]);
}
/// SEND of `bytes`, at least 1: returns how many the send buffer took, from write_seq on; 0:
/// EAGAIN.
std::uint32_t app_send(tcb& t, std::uint32_t bytes, const limits& l, const clock& c, actions& out);
/// RECEIVE: the application took `bytes` from the receive buffer: window updates and ACKs that the
/// reading causes (tcp_cleanup_rbuf).
void app_read(tcb& t, std::uint32_t bytes, const limits& l, const clock& c, actions& out);
/// shutdown(SHUT_WR) in a state where it sends FIN (or remembers to). The host sets shut_rd itself.
void shutdown_write(tcb& t, const limits& l, const clock& c, actions& out);
/// CLOSE by close(2) in the order of __tcp_close, SO_LINGER's zero included (opt.linger_zero).
/// `unread` is the number of bytes not read, FIN not counted. Ends with orphan(), unless
/// opt.linger_waits is set: then the host waits until lingering() is over and calls orphan() itself.
/// After a backlog processed with the descriptor gone, call orphan() once more (as __tcp_close does).
void close(tcb& t, std::uint32_t unread, const limits& l, const clock& c, actions& out);
/// A lingering close() still waits for its FIN to be acknowledged (sk_stream_wait_close).
[[nodiscard]] inline bool lingering(const tcb& t) {
  return t.st == state::fin_wait_1 || t.st == state::closing || t.st == state::last_ack;
}
/// The second half of close(): the descriptor is gone, FIN-WAIT-2 gets its timer (reference D.8).
/// May be called again; does nothing in the other states.
void orphan(tcb& t, const limits& l, const clock& c, actions& out);
/// The end of a system call in which segments came (tcp_release_cb()): what tcp_backlog_ack_defer
/// held back is acknowledged.
void release(tcb& t, const limits& l, const clock& c, actions& out);
/// setsockopt with an effect at once: TCP_NODELAY and TCP_CORK off push what they held back,
/// SO_KEEPALIVE and TCP_KEEPIDLE arm or cancel the timer, TCP_QUICKACK sends a pending ACK.
void set_nodelay(tcb& t, bool on, const limits& l, const clock& c, actions& out);
void set_cork(tcb& t, bool on, const limits& l, const clock& c, actions& out);
void set_keepalive(tcb& t, bool on, const limits& l, const clock& c, actions& out);
void set_keep_idle(tcb& t, std::uint16_t seconds, const limits& l, const clock& c, actions& out);
void set_quickack(tcb& t, bool on, const limits& l, const clock& c, actions& out);
/// SO_RCVBUF and SO_SNDBUF with the value to be stored (twice what was asked, clamped by the host).
void set_rcvbuf(tcb& t, std::uint32_t bytes);
void set_sndbuf(tcb& t, std::uint32_t bytes);
/// ABORT: connect(AF_UNSPEC), SO_LINGER 0, listener closing with children: tcp_disconnect().
void abort(tcb& t, const limits& l, const clock& c, actions& out);

// ---- segments ------------------------------------------------------------------------------------

/// SEGMENT ARRIVES for a connection found by its four-tuple, any state but LISTEN. `owned` says that
/// the socket is inside a system call (the segment comes from its backlog).
void segment_arrives(tcb& t, const wire::segment& s, bool owned, const limits& l, const clock& c,
                     actions& out);

/// The reset that answers a segment no connection wants (RFC 9293 3.10.7.1); none for a RST.
/// Returns false if nothing is to be sent.
bool reset_for(const wire::segment& s, wire::segment& reply);

// ---- timers --------------------------------------------------------------------------------------

/// USER/RETRANSMISSION/TIME-WAIT TIMEOUT, 3.10.8: the armed timer fired. On giving up, tcb.error is
/// set (soft error or ETIMEDOUT).
void timer_expires(tcb& t, timer which, const limits& l, const clock& c, actions& out);

/// A segment that begins at `quoted` may still be on its way: errors about others are old or forged.
[[nodiscard]] bool is_under_way(const tcb& t, wire::seq quoted);

/// The path to the peer carries segments of at most `mss` bytes (MTU - 40 or - 60): later ones are no
/// larger, and what is under way in larger ones goes out again at once, which is no sign of congestion
/// (tcp_sync_mss(), tcp_simple_retransmit()). Never widens a path.
/// DEVIATION: the kernel cuts what it resends into a full segment and a rest for each that was too
/// large, and so do we; but what it had handed to its device as one burst (GSO) it cuts anew from the
/// burst's start, and takes some of that for lost once more. Measured on 6.18 with one send() into an
/// MTU of 1,000: of 3,000, 8,000 and 14,000 bytes it sends 8, 16 and 19 segments again, we 4, 10 and
/// 20; all bytes arrive on both.
void path_narrows(tcb& t, std::uint16_t mss, const limits& l, const clock& c, actions& out);

/// An ICMP error about this connection that the kernel treats as fatal now (SYN-SENT/SYN-RECEIVED),
/// or else remembers as the soft error (reference G.4). `quoted` is the sequence number inside;
/// `unreachable` says network or host unreachable (codes 0 and 1), which reverts one RTO backoff
/// (RFC 6069). `owned` as above.
void icmp_error(tcb& t, errc e, wire::seq quoted, bool unreachable, bool owned, const limits& l, const clock& c, actions& out);

}  // namespace fourtuple::tcp
