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
void open_active(tcb& t, const limits& l, clock c, actions& out);
/// SEND: `bytes` were appended to the send buffer (the host has checked space with send_space()).
void app_send(tcb& t, std::uint32_t bytes, const limits& l, clock c, actions& out);
/// RECEIVE: the application took `bytes` from the receive buffer: window updates and ACKs that the
/// reading causes (tcp_cleanup_rbuf).
void app_read(tcb& t, std::uint32_t bytes, const limits& l, clock c, actions& out);
/// shutdown(SHUT_WR) in a state where it sends FIN (or remembers to). The host sets shut_rd itself.
void shutdown_write(tcb& t, const limits& l, clock c, actions& out);
/// CLOSE by close(2) in the order of __tcp_close, SO_LINGER's zero included (tcb.linger_zero);
/// the tcb becomes an orphan unless it ended. `unread` is the number of bytes not read, FIN not
/// counted. For a socket with SO_LINGER > 0 the host calls this, waits, then calls orphan().
void close(tcb& t, std::uint32_t unread, const limits& l, clock c, actions& out);
/// The second half of close(): the descriptor is gone, FIN-WAIT-2 gets its timer (reference D.8).
void orphan(tcb& t, const limits& l, clock c, actions& out);
/// ABORT: connect(AF_UNSPEC), SO_LINGER 0, listener closing with children: tcp_disconnect().
void abort(tcb& t, const limits& l, clock c, actions& out);

// ---- segments ------------------------------------------------------------------------------------

/// SEGMENT ARRIVES for a connection found by its four-tuple, any state but LISTEN. `owned` says that
/// the socket is inside a system call (the segment comes from its backlog).
void segment_arrives(tcb& t, const wire::segment& s, bool owned, const limits& l, clock c,
                     actions& out);

/// The reset that answers a segment no connection wants (RFC 9293 3.10.7.1); none for a RST.
/// Returns false if nothing is to be sent.
bool reset_for(const wire::segment& s, wire::segment& reply);

// ---- timers --------------------------------------------------------------------------------------

/// USER/RETRANSMISSION/TIME-WAIT TIMEOUT, 3.10.8: the armed timer fired. On giving up, tcb.error is
/// set (soft error or ETIMEDOUT).
void timer_expires(tcb& t, timer which, const limits& l, clock c, actions& out);

/// An ICMP error about this connection that the kernel treats as fatal now (SYN-SENT/SYN-RECEIVED),
/// or else remembers as the soft error. `hard` as in reference G.4; `owned` as above.
void icmp_error(tcb& t, errc e, bool owned, const limits& l, clock c, actions& out);

}  // namespace fourtuple::tcp
