// The two searches: by bitmap where that says the same as the naive scan, else the naive scan.
#include <array>

#include "sim/core/assert.h"
#include "sim/ports/allocators.h"

namespace fourtuple::ports {
namespace {

/// So many ports a connect() tries one by one before its pair is worth a bitmap.
constexpr std::uint32_t probes_before_bitmap = 64;

connect_outcome bitmap_connect(table& t, const connect_request& r, const scan_order& o) {
  pair* p = t.busy_pair(r.tuple);
  if (p == nullptr) p = &t.make_busy(r.tuple);
  p->advance(r.now, t.current_rules(), t.tuples(), t.known());
  const std::array sets{&p->taken(), &t.all_buckets().bound(), &t.reserved()};
  const scan_outcome scan = bitmap_scan(o, sets);
  if (scan.how != scan_outcome::end::found) return {scan, {}};
  wire::four_tuple tuple = r.tuple;
  tuple.local_port = scan.port;
  const tuple_table::place where = t.look_up(tuple);
  const entry displaced = where.what();
  FOURTUPLE_ASSERT(!displaced || displaced.type() == kind::time_wait,
                   "a port was called free whose four-tuple is in use");
  return {scan, where};
}

/// Under bind(0) two owners whose addresses overlap conflict whatever their flags are, unless
/// devices keep them apart or ip_autobind_reuse has made SO_REUSEADDR count.
bool overlap_decides(const table& t, const claim& who, leniency how) {
  const bool flags_matter = how.reuseport_ok || (how.relax && who.reuseaddr);
  const bool devices_matter = who.device != 0 && t.all_owners().with_device() != 0;
  return !flags_matter && !devices_matter;
}

}  // namespace

connect_outcome find_for_connect(table& t, const connect_request& r, const scan_order& o) {
  if (t.search_mode() == search::naive) return naive_connect(t, r, o, no_limit);
  if (t.search_mode() == search::automatic && t.busy_pair(r.tuple) == nullptr) {
    const connect_outcome short_scan = naive_connect(t, r, o, probes_before_bitmap);
    if (short_scan.scan.how != scan_outcome::end::gave_up) return short_scan;
  }
  return bitmap_connect(t, r, o);
}

scan_outcome find_for_bind(table& t, const claim& who, const scan_order& o, leniency how) {
  if (t.search_mode() == search::naive || !overlap_decides(t, who, how))
    return naive_bind(t, who, o, how);
  std::vector<const port_bitmap*>& sets = t.scratch();
  sets.assign(1, &t.reserved());
  t.all_owners().collect_used(who.where, sets);
  return bitmap_scan(o, sets);
}

}  // namespace fourtuple::ports
