// Explicit congestion notification as far as it goes without a router that marks (RFC 3168 6.1;
// tcp_ecn_*() of net/ipv4/tcp_ecn.c and tcp_output.c): who offers it, what bears ECT(0), and CWR after
// a reduction that a loss has caused.
//
// DEVIATION: no link marks CE, so that nothing is ever echoed by ECE; who marks with fq_codel or RED.
#include "sim/tcp/recovery.h"

namespace fourtuple::tcp::detail {

void offer_ecn(tcb& t, wire::segment& syn, const limits& l) {
  const bool again = t.retrans_stamp != 0;  // set behind the first SYN
  if (!again) t.ecn_ok = l.ecn_requested;
  // tcp_ecn_clear_syn(): who does not answer may be a box that drops such SYNs.
  if (t.ecn_ok && !(again && l.ecn_fallback)) syn.flags |= wire::ece | wire::cwr;
}

void answer_ecn(const tcb& t, wire::segment& syn_ack) {
  if (t.ecn_ok) syn_ack.flags |= wire::ece;
}

void take_ecn(tcb& t, const wire::segment& s) {
  const std::uint8_t wanted = s.has(wire::ack) ? wire::ece : wire::ece | wire::cwr;
  const bool agreed = (s.flags & (wire::ece | wire::cwr)) == wanted;
  t.ecn_ok = t.ecn_ok && agreed;
}

bool ecn_accepted(const wire::segment& syn, const limits& l) {
  return l.ecn_accepted && syn.has(wire::ece) && syn.has(wire::cwr) && !syn.ect;
}

void mark_ecn(tcb& t, wire::segment& data) {
  data.ect = true;
  if (t.ecn_queue_cwr) data.flags |= wire::cwr;
  t.ecn_queue_cwr = false;
}

void queue_cwr(tcb& t) { t.ecn_queue_cwr = t.ecn_ok; }

void hear_ecn(tcb& t, const wire::segment& s, const limits& l) {
  // tcp_ecn_accept_cwr(): the peer's window may be very small now.
  if (s.has(wire::cwr)) t.ack_now = true;
  // __tcp_ecn_check_ce(): without a mark it has probably been sent again.
  if (s.ect) {
    t.ecn_seen = true;
  } else if (t.ecn_seen) {
    enter_quickack(t, l, 2);
  }
}

}  // namespace fourtuple::tcp::detail
