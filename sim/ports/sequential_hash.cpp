// connect() of Linux 4.2 to 5.11: RFC 6056 algorithm 3, "simple hash-based port selection": one
// hint for all destinations, so that connects anywhere move every destination's next port on.
// DEVIATION: up to 4.5 a scan that met taken ports went on to the odd ones at once instead of after
// all the even ones; only the order of ports under contention differs.
#include "sim/ports/allocators.h"

namespace fourtuple::ports {

result<reservation> connect_by_sequential_hash(table& t, const connect_request& r, draws& d) {
  const effective_range range = range_for(t.current_rules(), r.socket_range);
  scan_order o = scan_order::over(range.low, range.high, 2);
  o.offset = t.hint() + static_cast<std::uint32_t>(d.port_offset(r.tuple, r.now.window) >> 32);
  o.offset = o.offset % o.remaining & ~1U;

  const connect_outcome found = find_for_connect(t, r, o);
  if (found.scan.how != scan_outcome::end::found) return errc::eaddrnotavail;
  t.hint() += found.scan.index + 2;
  return found.reserved();
}

}  // namespace fourtuple::ports
