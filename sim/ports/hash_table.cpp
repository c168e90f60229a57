// connect() since Linux 5.18: RFC 6056 algorithm 4, "double-hash port selection", with its table,
// the low parity first and random noise (__inet_hash_connect).
#include <algorithm>

#include "sim/core/assert.h"
#include "sim/ports/allocators.h"

namespace fourtuple::ports {

result<reservation> connect_by_hash_table(table& t, const connect_request& r, draws& d) {
  const rules& os = t.current_rules();
  const effective_range range = range_for(os, r.socket_range);
  scan_order o = scan_order::over(range.low, range.high, range.local ? os.local_range_step : 2);

  FOURTUPLE_ASSERT(os.perturb_entries != 0, "this allocator needs a perturb table");
  const std::uint64_t port_offset = t.offsets().of(r.tuple, r.now.window, d);
  const auto index = static_cast<std::uint32_t>(port_offset % os.perturb_entries);
  std::uint32_t& perturb = t.perturb().at(index, d);
  o.offset = perturb + static_cast<std::uint32_t>(port_offset >> 32);
  o.offset %= o.remaining;
  if (o.step == 2) o.offset &= ~1U;  // the parity of `low` first: bind(0) takes the other

  const connect_outcome found = find_for_connect(t, r, o);
  if (found.scan.how != scan_outcome::end::found) return errc::eaddrnotavail;

  // Where ports are plenty the next connect() starts 1 to 8 steps on; where they are few, behind
  // everything that this one has tried.
  const std::uint32_t noise = os.noise_steps == 0 ? 0 : d.noise(os.noise_steps) * o.step;
  perturb += std::max(found.scan.index, noise) + o.step;
  return found.reserved();
}

}  // namespace fourtuple::ports
