// bind(0) since Linux 4.2 (inet_csk_find_open_port): every call starts at random, on the parity
// that connect() takes last. A SO_REUSEADDR socket tries the lower half of the range before the
// upper, to leave room for those that cannot share.
#include "sim/ports/allocators.h"

namespace fourtuple::ports {
namespace {

enum class part : std::uint8_t { whole, lower_half, upper_half };

scan_order random_odd_scan(const effective_range& range, part p, draws& d) {
  const std::uint32_t half = range.low + (((range.high - range.low) >> 2) << 1);
  scan_order o = scan_order::over(p == part::upper_half ? half : range.low,
                                  p == part::lower_half ? half : range.high, 2);
  o.offset = d.start(o.remaining) | 1U;
  return o;
}

/// One round over the range, by halves or as a whole.
scan_outcome search_range(table& t, const bind_request& r, draws& d, leniency how) {
  const effective_range range = range_for(t.current_rules(), r.socket_range);
  if (!r.who.reuseaddr || range.high - range.low < 4)
    return find_for_bind(t, r.who, random_odd_scan(range, part::whole, d), how);
  const scan_outcome lower =
      find_for_bind(t, r.who, random_odd_scan(range, part::lower_half, d), how);
  if (lower.how == scan_outcome::end::found) return lower;
  return find_for_bind(t, r.who, random_odd_scan(range, part::upper_half, d), how);
}

}  // namespace

result<reservation> bind_odd_first(table& t, const bind_request& r, draws& d) {
  scan_outcome found = search_range(t, r, d, any_port);
  // ip_autobind_reuse: rather share a port, and hope for another destination, than fail.
  if (found.how != scan_outcome::end::found && t.current_rules().autobind_reuse)
    found = search_range(t, r, d, any_port_relaxed);
  if (found.how != scan_outcome::end::found) return errc::eaddrinuse;
  return reservation{found.port, found.index, {}, {}};
}

}  // namespace fourtuple::ports
