// Step 7 of an automatic connect(), as the kernel takes it: for each port of the scan look at its
// bucket and at the established hash. This is what the bitmap search is held against.
#include "sim/ports/allocators.h"

namespace fourtuple::ports {

connect_outcome naive_connect(const table& t, const connect_request& r, const scan_order& o,
                              std::uint32_t probes) {
  tuple_table::place where;
  wire::four_tuple tuple = r.tuple;
  const auto is_free = [&](std::uint16_t port) {
    if (t.reserved().contains(port)) return false;
    // Step 7a: a bucket that anybody bound, on any address, is not for automatic connects.
    if (const bucket* b = t.all_buckets().find(port); b != nullptr && b->bound()) return false;
    // Steps 7b and 7c: the tuple must be new or replace an old TIME-WAIT
    // (__inet_check_established).
    tuple.local_port = port;
    where = t.look_up(tuple);
    const entry holder = where.what();
    if (!holder) return true;
    if (holder.type() != kind::time_wait) return false;
    return reusable(t.known().time_wait(holder.index()), t.current_rules(), t.loopback(tuple),
                    r.now);
  };
  const scan_outcome scan = naive_scan(o, probes, is_free);
  return {scan, where};
}

}  // namespace fourtuple::ports
