// A half-open connection on the listener's side (request_sock, state NEW_SYN_RECV): a compact record
// between SYN and final ACK, and the syncookie that replaces it. The listener (sim/host) decides
// whether a SYN gets a request, a cookie or nothing (tcp_conn_request) and keeps the timer.
#pragma once

#include <cstdint>

#include "sim/tcp/actions.h"
#include "sim/tcp/limits.h"
#include "sim/tcp/tcb.h"
#include "sim/wire/segment.h"

namespace fourtuple::tcp {

struct request {
  wire::four_tuple tuple;
  seq rcv_isn = 0;
  seq snt_isn = 0;
  std::uint32_t ts_recent = 0;
  std::uint32_t ts_recent_stamp_s = 0;
  std::uint32_t ts_offset = 0;
  std::uint32_t ts_sent_first = 0;  ///< our TSval in the first SYN-ACK: what TSecr may not precede
  std::uint32_t ts_sent_last = 0;   ///< ... and in the last: what it may not exceed
  std::uint32_t sent_us = 0;        ///< when the SYN-ACK was sent first, for the RTT; 0: no sample
  std::uint32_t rcv_wnd = 0;        ///< offered in the SYN-ACK, as far as that can say it
  std::uint32_t last_oow_ack = 0;   ///< jiffy + 1; 0: never (D.5)
  std::uint16_t peer_mss = 536;
  std::uint16_t mss = 1460;         ///< ours, as offered
  std::uint8_t snd_wscale : 4 = 0;
  std::uint8_t rcv_wscale : 4 = 0;
  std::uint8_t timeouts = 0;        ///< num_timeout: how often the timer fired
  std::uint8_t retransmits = 0;     ///< num_retrans
  bool timestamps : 1 = false;
  bool sack : 1 = false;
  bool window_scaling : 1 = false;
  bool ecn_ok : 1 = false;
  bool direct_path : 1 = false;     ///< see path_facts::direct
  bool loopback : 1 = false;        ///< see path_facts::loopback
  bool acked : 1 = false;           ///< final ACK seen, no child yet (full queue, TCP_DEFER_ACCEPT)
  friend bool operator==(const request&, const request&) = default;
};
static_assert(sizeof(request) <= 64);

/// What the SYN leads to. `syn` was sent to a listener with options `opt`; `iss` from D.3, from
/// make_cookie() or isn_after_reuse().
[[nodiscard]] request open_request(const wire::segment& syn, seq iss, std::uint32_t ts_offset,
                                   const path_facts& way, const socket_options& opt,
                                   const limits& l, const clock& c);

/// Appends the SYN-ACK of this request to out.segments, and remembers its time stamp. The host arms its timer for
/// request_timeout() after the first one.
void make_syn_ack(request& r, const limits& l, const clock& c, actions& out);

/// Jiffies until the request's timer fires next: 1, 2, 4, ... s.
[[nodiscard]] std::uint64_t request_timeout(const request& r, const limits& l);

enum class request_verdict : std::uint8_t {
  drop,        ///< nothing more (an ACK may be in out.segments)
  resent,      ///< a SYN-ACK is in out.segments; restart the timer with request_timeout()
  make_child,  ///< the handshake is complete: child_of(), then segment_arrives() with this segment;
               ///< if the accept queue is full instead: overflowed()
  kill,        ///< delete the request; a RST may be in out.segments
};

/// A segment whose four-tuple is this request's (tcp_check_req, reference C.4).
[[nodiscard]] request_verdict request_segment(request& r, const wire::segment& s,
                                              const socket_options& listener, const limits& l,
                                              const clock& c, actions& out);

/// The final ACK came while the accept queue was full: false: keep the request (the ACK is
/// forgotten); true: tcp_abort_on_overflow, a RST is in out.segments, delete it.
[[nodiscard]] bool overflowed(request& r, const wire::segment& s, const limits& l, actions& out);

/// The request's timer fired (reqsk_timer_handler, C.3): false: delete it; true: keep it, arm
/// request_timeout(); a SYN-ACK may be in out.segments. `max_retries` is synack_retries_of() unless
/// the listener prunes.
[[nodiscard]] bool request_timer(request& r, unsigned max_retries, const socket_options& listener,
                                 const limits& l, const clock& c, actions& out);
[[nodiscard]] inline unsigned synack_retries_of(const socket_options& listener, const limits& l) {
  return listener.syncnt != 0 ? listener.syncnt : l.synack_retries;
}

/// The accepted connection, in SYN-RECEIVED; feed it the same segment with segment_arrives() next,
/// which makes it ESTABLISHED (C.5).
[[nodiscard]] tcb child_of(const request& r, const wire::segment& final_ack,
                           const socket_options& listener, const limits& l, const clock& c);

// ---- syncookies (C.9) ----------------------------------------------------------------------------

/// Keyed hashes of (tuple, minute); the host draws them from its secret so that this stays pure.
struct cookie_keys {
  std::uint32_t first = 0;   ///< of the tuple alone
  std::uint32_t second = 0;  ///< of the tuple and the minute counter
};

/// The counter that ages cookies: whole minutes of virtual time.
[[nodiscard]] inline std::uint32_t cookie_minute(const clock& c) {
  return static_cast<std::uint32_t>(ns(c.now) / 60'000'000'000);
}
/// The ISN that carries the SYN's MSS; `k` for the current minute.
[[nodiscard]] seq make_cookie(const wire::segment& syn, cookie_keys k, const clock& c);
/// The request for a SYN answered by a cookie: as open_request(), options limited to what the
/// SYN-ACK's time stamp can carry. Emit with make_syn_ack(), then forget it. No counter here.
[[nodiscard]] request cookie_request(const wire::segment& syn, seq cookie, std::uint32_t ts_offset,
                                     const path_facts& way, const socket_options& opt,
                                     const limits& l, const clock& c);
/// The final ACK of a cookie handshake: rebuilds the request if the cookie is genuine and at most two
/// minutes old. `second_key(minute)` is asked for the minute written in the cookie.
struct cookie_check {
  bool valid = false;
  request rebuilt;
};
/// Age of the cookie in `ack` in minutes as its top bits say, given the first key; 2 or more: invalid.
[[nodiscard]] std::uint32_t cookie_age(const wire::segment& ack, std::uint32_t first_key, const clock& c);
/// `k.second` must belong to minute cookie_minute(c) - cookie_age().
[[nodiscard]] cookie_check check_cookie(const wire::segment& ack, cookie_keys k,
                                        std::uint32_t ts_offset, const path_facts& way,
                                        const socket_options& opt, const limits& l, const clock& c);

}  // namespace fourtuple::tcp
