// What came out of order: kept, reported by SACK, taken in when the gap closes (tcp_data_queue_ofo(),
// tcp_ofo_queue(), tcp_dsack_set()).
#include "sim/tcp/recovery.h"

namespace fourtuple::tcp::detail {

bool has_out_of_order(const tcb& t, const actions& out) {
  return t.transit != 0 && !(*out.transits)[t.transit].out_of_order.empty();
}

bool ends_out_of_order(const tcb& t, seq at, const actions& out) {
  return has_out_of_order(t, out) &&
         (*out.transits)[t.transit].out_of_order.ranges().back().right == at;
}

std::uint32_t out_of_order_span(const tcb& t, const actions& out) {
  if (!has_out_of_order(t, out)) return 0;
  return (*out.transits)[t.transit].out_of_order.ranges().back().right - t.rcv_nxt;
}

void note_duplicate(tcb& t, seq left, seq right, actions& out) {
  if (!t.sack) return;
  out.count(wire::before(left, t.rcv_nxt) ? counter::TcpExtTCPDSACKOldSent
                                          : counter::TcpExtTCPDSACKOfoSent);
  transit& x = transit_of(t, out);
  x.dsack = {left, right};
  x.dsack_pending = true;
}

void keep_out_of_order(tcb& t, const wire::segment& s, seq first, actions& out) {
  out.count(counter::TcpExtTCPOFOQueue);
  transit& x = transit_of(t, out);
  if (s.has(wire::fin)) {
    x.fin_waits = true;
    x.fin_at = s.end() - 1;
  }
  if (!x.out_of_order.add(first, s.end())) return;
  out.count(counter::TcpExtTCPOFOMerge);
  note_duplicate(t, first, s.end(), out);
}

bool close_gap(tcb& t, actions& out) {
  if (!has_out_of_order(t, out)) return false;
  transit& x = (*out.transits)[t.transit];
  seq next = x.out_of_order.advance(t.rcv_nxt);
  t.ack_now = true;
  const bool fin = x.fin_waits && next == x.fin_at + 1;
  if (fin) next = x.fin_at;  // its own step follows
  if (next != t.rcv_nxt) queue_stretch(t, next - t.rcv_nxt, out);
  t.rcv_nxt = next;
  settle(t, out);
  return fin;
}

void forget_out_of_order(tcb& t, actions& out) {
  if (t.transit == 0) return;
  transit& x = (*out.transits)[t.transit];
  x.out_of_order.clear();
  x.fin_waits = false;
  x.dsack_pending = false;  // tcp_sack_reset()
  settle(t, out);
}

void add_sack_blocks(transit& x, wire::segment& s) {
  // A duplicate is reported first, and once (RFC 2883).
  if (x.dsack_pending) s.sack[s.sack_count++] = {x.dsack.left, x.dsack.right};
  x.dsack_pending = false;
  for (const range& r : x.out_of_order.reported()) {
    if (s.sack_count == s.sack.size()) break;
    s.sack[s.sack_count++] = {r.left, r.right};
  }
}

}  // namespace fourtuple::tcp::detail
