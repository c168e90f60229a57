// The receive buffer as memory (tcp_input.c: tcp_queue_rcv(), tcp_try_coalesce(); tcp.c:
// tcp_recvmsg_locked()). Whoever reads what comes as it comes has no record of it.
//
// DEVIATION: what was out of order and what was sent again counts as if it belonged to the last
// buffer; off a direct path payload alone is counted. Who leaves much unread is offered more than
// the kernel would.
#include "sim/tcp/recovery.h"

namespace fourtuple::tcp::detail {

void note_text(tcb& t, std::uint32_t length, std::uint32_t fragments, bool behind_held,
               actions& out) {
  transit& x = transit_of(t, out);
  if (x.unread.empty()) x.unread.begin(t.copied_seq, t.copied_seq + readable(t));
  x.unread.add(length, fragments, behind_held);
}

void note_read(tcb& t, std::uint32_t bytes, actions& out) {
  const std::uint32_t unread = readable(t);
  const bool noted = t.transit != 0 && !(*out.transits)[t.transit].unread.empty();
  if (bytes == 0 || (!noted && bytes == unread)) return;
  transit& x = transit_of(t, out);
  if (!noted) x.unread.begin(t.copied_seq, t.copied_seq + unread);
  x.unread.read(t.copied_seq + bytes);
  settle(t, out);
}

std::uint32_t unread_memory(const tcb& t, std::uint32_t unread, const actions& out) {
  if (t.transit != 0) {
    const receive_queue& q = (*out.transits)[t.transit].unread;
    if (!q.empty()) return q.bytes() + q.buffers() * buffer_overhead;
  }
  return unread + buffer_overhead;
}

}  // namespace fourtuple::tcp::detail
