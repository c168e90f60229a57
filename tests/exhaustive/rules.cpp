// By which rule a cell of the table is as it is: the section of RFC 9293 3.10 that looks at the
// event, or what Linux does instead and where its source, an RFC or a manual page says so.
#include <fmt/format.h>

#include "tests/exhaustive/state_table.h"

namespace fourtuple::exhaustive {
namespace {

using enum place;

/// A set of places.
using places = std::uint32_t;
constexpr places of(place p) { return places{1} << static_cast<unsigned>(p); }
template <class... P>
constexpr places any(P... p) {
  return (of(p) | ...);
}

constexpr places listening = any(listen, half_open);
constexpr places opening = any(syn_sent, syn_received);
constexpr places records = any(fin_wait_2_record, time_wait);
constexpr places orphans = any(fin_wait_1_orphan, fin_wait_2_record);
constexpr places finished = any(close_wait, closing, last_ack);  ///< the peer has
constexpr places waiting = any(fin_wait_1, fin_wait_2);
constexpr places synchronized = any(established, close_wait, closing, last_ack) | waiting | orphans;
constexpr places everywhere = (places{1} << place_count) - 1;

/// Linux departs from the RFC, or adds to it. The first that fits is taken.
struct departure {
  kind first;
  kind last;
  places where;
  std::string_view text;
};

constexpr departure departures[] = {
    // ---- calls
    {kind::open, kind::open, any(closed), "3.10.1; does not block: EINPROGRESS, connect(2)"},
    {kind::open, kind::open, listening,
     "Linux: LISTEN does not become active, inet_stream_connect()"},
    {kind::open, kind::open, opening, "3.10.1: already exists; EALREADY, connect(2)"},
    {kind::listen, kind::listen, any(closed), "3.10.1, passive OPEN; listen(2)"},
    {kind::listen, kind::listen, listening, "Linux: only the backlog changes, inet_listen()"},
    {kind::open, kind::open, everywhere, "3.10.1: already exists; EISCONN, connect(2)"},
    {kind::listen, kind::listen, everywhere, "3.10.1: already exists; EINVAL, listen(2)"},
    {kind::accept, kind::accept, everywhere, "accept(2)"},
    {kind::send, kind::send, opening, "3.10.2 queues; Linux: EAGAIN, sk_stream_wait_connect()"},
    {kind::send, kind::send, listening | of(closed), "3.10.2; EPIPE, send(2)"},
    {kind::receive, kind::receive, opening, "3.10.3 queues; does not block: EAGAIN, recv(2)"},
    {kind::receive, kind::receive, listening | of(closed), "3.10.3; ENOTCONN, recv(2)"},
    {kind::shutdown_rd, kind::shutdown_rd, listening, "Linux: stops listening, inet_shutdown()"},
    {kind::shutdown_rd, kind::shutdown_wr, any(syn_sent), "Linux: aborts, inet_shutdown()"},
    {kind::shutdown_wr, kind::shutdown_wr, listening, "Linux: no effect, inet_shutdown()"},
    {kind::shutdown_rd, kind::shutdown_rd, everywhere, "not in RFC 9293; shutdown(2)"},
    {kind::shutdown_wr, kind::shutdown_wr, everywhere, "3.10.4, one direction; shutdown(2)"},
    {kind::close, kind::close_reset, any(half_open),
     "3.10.4; the request goes with its timer, inet_csk_listen_stop()"},
    {kind::close_unread, kind::close_unread, synchronized & ~orphans,
     "Linux: data is lost, so reset; RFC 2525 2.17, __tcp_close()"},
    {kind::close_reset, kind::close_reset, any(closing, last_ack),
     "3.10.5; all was sent: no RST, tcp_disconnect()"},
    {kind::close_reset, kind::close_reset, everywhere, "3.10.5, ABORT; SO_LINGER, socket(7)"},
    {kind::abort, kind::abort, any(closing, last_ack),
     "3.10.5; all was sent: no RST, tcp_disconnect()"},
    {kind::abort, kind::abort, everywhere, "3.10.5, ABORT; connect(2)"},
    // ---- segments that open
    {kind::syn_listened, kind::syn_listened, any(closed), "3.10.7.2, third"},
    {kind::syn_again, kind::syn_listened, any(listen),
     "3.10.7.2, third; a request, no socket, tcp_conn_request()"},
    {kind::syn_again, kind::syn_again, any(half_open),
     "Linux: SYN-ACK again, twice a second at most, tcp_check_req()"},
    {kind::syn_new, kind::syn_listened, any(half_open), "3.10.7.4, fourth; tcp_check_req()"},
    {kind::syn_again, kind::syn_listened, any(syn_sent), "3.10.7.3, fourth; simultaneous open"},
    {kind::syn_new, kind::syn_listened, any(fin_wait_2_record),
     "Linux: resets, tcp_timewait_state_process()"},
    {kind::syn_listened, kind::syn_listened, any(time_wait),
     "3.10.7.4, fourth; RFC 6191, tcp_timewait_state_process()"},
    {kind::syn_again, kind::syn_listened, records, "Linux: ACK, twice a second at most"},
    {kind::syn_ack, kind::syn_ack, any(syn_received),
     "Linux: crossing SYN-ACKs complete it, tcp_validate_incoming()"},
    {kind::syn_again, kind::syn_ack, synchronized | of(syn_received),
     "3.10.7.4, fourth; challenge ACK, RFC 5961 4.2"},
    // ---- acknowledgements
    {kind::rst_unsent, kind::rst_unsent, any(syn_sent),
     "3.10.7.3, first; Linux: and the SYN again, tcp_rcv_synsent_state_process()"},
    {kind::ack_duplicate, kind::probe, any(syn_sent),
     "3.10.7.3, first; Linux: and the SYN again, tcp_rcv_synsent_state_process()"},
    {kind::ack_duplicate, kind::ack_duplicate, any(syn_received),
     "3.10.7.4, fifth; DEVIATION: Linux is ESTABLISHED then"},
    {kind::ack_old, kind::ack_old, synchronized & ~records,
     "3.10.7.4, fifth; challenge ACK, RFC 5961 5.2"},
    {kind::ack_unsent, kind::ack_unsent, synchronized & ~records,
     "3.10.7.4, fifth; challenge ACK, RFC 5961 5.2"},
    {kind::ack, kind::ack, any(fin_wait_1_orphan),
     "3.10.7.4, fifth; a record for tcp_fin_timeout, tcp_time_wait()"},
    {kind::ack, kind::ack_unsent, any(fin_wait_2_record),
     "Linux: nothing new, tcp_timewait_state_process()"},
    {kind::ack, kind::ack_unsent, any(time_wait),
     "Linux: the timer begins anew, tcp_timewait_state_process()"},
    // ---- text and FIN
    {kind::text, kind::fin_gap, any(time_wait),
     "3.10.7.4, first; Linux: the timer begins anew where ACK is set"},
    {kind::text_without_ack, kind::text_without_ack, any(listen), "3.10.7.2, fourth"},
    {kind::text_shut, kind::text_shut, any(listen, half_open, syn_sent),
     "3.10.7.1: shutdown(RD) has closed it"},
    {kind::text, kind::fin_gap, any(syn_sent), "3.10.7.3, fifth: neither SYN nor RST"},
    {kind::text_paws, kind::text_paws, synchronized | any(half_open, syn_received),
     "RFC 7323 5.3 R1; before the sequence check, tcp_validate_incoming()"},
    {kind::text_without_ack, kind::text_without_ack, synchronized | any(half_open, syn_received),
     "3.10.7.4, fifth: no ACK bit"},
    {kind::text, kind::text_shut, orphans, "Linux: nobody will read it; RFC 1122 4.2.2.13"},
    {kind::text_gap, kind::text_gap, orphans, "Linux: nobody will read it; RFC 1122 4.2.2.13"},
    {kind::fin_gap, kind::fin_gap, orphans, "Linux: text is missing that nobody will read"},
    {kind::text_shut, kind::text_shut, waiting,
     "Linux: both directions are shut; RFC 1122 4.2.2.13, tcp_rcv_state_process()"},
    {kind::text, kind::text_shut, finished, "3.10.7.4, seventh: should not occur"},
    {kind::text_gap, kind::text_gap, finished, "3.10.7.4, seventh: should not occur"},
    {kind::fin, kind::fin_acks, any(established),
     "3.10.7.4, eighth; Linux: the ACK is delayed, tcp_fin()"},
    {kind::fin_gap, kind::fin_gap, finished, "3.10.7.4, eighth: should not occur"},
    // ---- resets
    {kind::rst, kind::rst, any(fin_wait_2_record),
     "3.10.7.4, second; tcp_timewait_state_process()"},
    {kind::rst_unsent, kind::rst_unsent, any(fin_wait_2_record),
     "3.10.7.4, second; tcp_timewait_state_process()"},
    {kind::rst_inexact, kind::rst_inexact, any(fin_wait_2_record),
     "Linux: need not be exact, tcp_timewait_state_process()"},
    {kind::rst_outside, kind::rst_outside, any(fin_wait_2_record),
     "Linux: ACK as to any segment outside, tcp_timewait_state_process()"},
    {kind::rst, kind::rst_unsent, any(time_wait), "3.10.7.4, second; unless tcp_rfc1337"},
    {kind::rst_inexact, kind::rst_outside, any(time_wait), "3.10.7.4, second; RFC 1337"},
    {kind::rst, kind::rst_unsent, any(close_wait), "3.10.7.4, second; EPIPE, tcp_reset()"},
    {kind::rst_inexact, kind::rst_inexact, synchronized | any(half_open, syn_received),
     "3.10.7.4, second; challenge ACK, RFC 5961 3.2"},
    // ---- time
    {kind::timer, kind::silence, any(half_open), "3.10.8; tcp_synack_retries, tcp(7)"},
    {kind::timer, kind::silence, any(time_wait),
     "3.10.8, TIME-WAIT; 60 s from its begin, not 2 MSL of 2 min"},
    {kind::timer, kind::silence, any(fin_wait_2_record), "Linux: tcp_fin_timeout, tcp(7)"},
    {kind::timer, kind::silence, opening, "3.10.8; tcp_syn_retries, tcp(7)"},
    {kind::silence, kind::silence, any(fin_wait_1_orphan), "3.10.8; tcp_orphan_retries, tcp(7)"},
    {kind::timer, kind::timer, any(fin_wait_1, fin_wait_1_orphan, closing, last_ack),
     "3.10.8; a tail loss probe, RFC 8985 7"},
    {kind::timer, kind::silence, any(closed, listen, established, fin_wait_2, close_wait),
     "3.10.8: nothing is waited for"},
    {kind::silence, kind::silence, any(fin_wait_1, closing, last_ack),
     "3.10.8; tcp_retries2, tcp(7)"},
    {kind::unacknowledged, kind::unacknowledged, any(established, close_wait),
     "3.10.8; tcp_retries2, tcp(7)"},
    {kind::send, kind::send, any(fin_wait_1, fin_wait_2, closing, last_ack, time_wait),
     "3.10.2; EPIPE, send(2)"},
    {kind::keepalive, kind::keepalive, any(half_open), "3.10.8; tcp_synack_retries, tcp(7)"},
    {kind::keepalive, kind::keepalive, any(closed, listen), "3.10.8: nothing is waited for"},
    {kind::keepalive, kind::keepalive, opening, "3.10.8; tcp_syn_retries, tcp(7)"},
    {kind::keepalive, kind::keepalive, any(fin_wait_1, closing, last_ack),
     "3.10.8; tcp_retries2, tcp(7)"},
    {kind::keepalive, kind::keepalive, any(established, fin_wait_2, close_wait),
     "RFC 9293 3.8.4; tcp_keepalive_time, tcp(7)"},
};

std::string_view call_section(kind k) {
  switch (k) {
    case kind::open:
    case kind::listen:
    case kind::accept:
      return "3.10.1";
    case kind::send:
    case kind::unacknowledged:
      return "3.10.2";
    case kind::receive:
      return "3.10.3";
    case kind::close:
    case kind::close_unread:
      return "3.10.4";
    default:
      return "3.10.8";
  }
}

/// Outside the window, as the sequence check of 3.10.7.4 finds.
bool fails_first_check(kind k) {
  return k == kind::probe || k == kind::text_old || k == kind::text_beyond ||
         k == kind::fin_again || k == kind::rst_outside;
}

std::string_view step_of(kind k) {
  if (fails_first_check(k)) return "first";
  if (k >= kind::rst && k <= kind::rst_outside) return "second";
  if (k >= kind::syn_again && k <= kind::syn_ack) return "fourth";
  if (k >= kind::ack && k <= kind::ack_unsent) return "fifth";
  return k >= kind::fin && k <= kind::fin_gap ? "eighth" : "seventh";
}

bool is_segment(kind k) { return k >= kind::syn_again && k <= kind::rst_outside; }

/// Of LISTEN and SYN-SENT, where the checks come in another order.
std::string early_step(place p, kind k) {
  const bool has_rst = k >= kind::rst && k <= kind::rst_outside;
  if (p == listen) return fmt::format("3.10.7.2, {}", has_rst ? "first" : "second");
  if (k == kind::ack) return "3.10.7.3, fifth: neither SYN nor RST";
  if (k == kind::rst_unsent) return "3.10.7.3, first";
  return fmt::format("3.10.7.3, {}", has_rst ? "second" : "fourth");
}

}  // namespace

std::string reason(place p, kind k) {
  for (const departure& d : departures)
    if (d.first <= k && k <= d.last && (d.where & of(p)) != 0) return std::string(d.text);
  if (!is_segment(k)) return std::string(call_section(k));
  if (p == closed) return "3.10.7.1";
  if (p == listen || p == syn_sent) return early_step(p, k);
  return fmt::format("3.10.7.4, {}", step_of(k));
}

}  // namespace fourtuple::exhaustive
