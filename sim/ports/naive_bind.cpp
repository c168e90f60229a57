// The scan of bind(0), as the kernel does it: for each port of the scan ask every owner whose
// address overlaps. It decides where owners' flags or devices matter, and is the definition where
// they do not.
#include "sim/ports/allocators.h"

namespace fourtuple::ports {

scan_outcome naive_bind(const table& t, const claim& who, const scan_order& o, leniency how) {
  const owners& all = t.all_owners();
  return naive_scan(o, no_limit, [&](std::uint16_t port) {
    if (t.reserved().contains(port)) return false;
    return !all.any_overlapping(
        port, who.where, [&](owner_id other) { return conflicts(who, all.claim_of(other), how); });
  });
}

}  // namespace fourtuple::ports
