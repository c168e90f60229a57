// RFC 6056 algorithm 1, "simple port randomization": every call starts anywhere and goes on by one.
// It remembers nothing.
#include "sim/ports/allocators.h"

namespace fourtuple::ports {
namespace {

scan_order random_scan(const rules& os, port_range socket_range, draws& d) {
  const effective_range range = range_for(os, socket_range);
  scan_order o = scan_order::over(range.low, range.high, 1);
  o.offset = d.start(o.remaining);
  return o;
}

}  // namespace

result<reservation> connect_by_random_start(table& t, const connect_request& r, draws& d) {
  const connect_outcome found =
      find_for_connect(t, r, random_scan(t.current_rules(), r.socket_range, d));
  if (found.scan.how != scan_outcome::end::found) return errc::eaddrnotavail;
  return found.reserved();
}

result<reservation> bind_by_random_start(table& t, const bind_request& r, draws& d) {
  const scan_outcome found =
      find_for_bind(t, r.who, random_scan(t.current_rules(), r.socket_range, d), any_port);
  if (found.how != scan_outcome::end::found) return errc::eaddrinuse;
  return reservation{found.port, found.index, {}, {}};
}

}  // namespace fourtuple::ports
