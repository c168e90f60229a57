// Inside of reserve.h: the allocators, one file each, and the two searches they share. An allocator
// decides where a scan starts and what it leaves behind; a search finds the first port of that
// scan.
#pragma once

#include <fourtuple/result.h>

#include "sim/ports/reserve.h"
#include "sim/ports/scan.h"

namespace fourtuple::ports {

// --- connect() without a port ---
[[nodiscard]] result<reservation> connect_by_hash_table(table& t, const connect_request& r,
                                                        draws& d);
[[nodiscard]] result<reservation> connect_by_sequential_hash(table& t, const connect_request& r,
                                                             draws& d);
[[nodiscard]] result<reservation> connect_by_random_start(table& t, const connect_request& r,
                                                          draws& d);
// --- bind() to port 0 ---
[[nodiscard]] result<reservation> bind_odd_first(table& t, const bind_request& r, draws& d);
[[nodiscard]] result<reservation> bind_by_random_start(table& t, const bind_request& r, draws& d);

/// The first port of the scan on which the four-tuple can be had, by the table's search mode.
struct connect_outcome {
  scan_outcome scan;
  tuple_table::place where;  ///< of the four-tuple with that port

  [[nodiscard]] reservation reserved() const {
    return {scan.port, scan.index, where.what(), where};
  }
};
[[nodiscard]] connect_outcome find_for_connect(table& t, const connect_request& r,
                                               const scan_order& o);
/// The first port of the scan on which nobody is in the way.
[[nodiscard]] scan_outcome find_for_bind(table& t, const claim& who, const scan_order& o,
                                         leniency how);

// --- the definitions (naive_connect.cpp, naive_bind.cpp) ---
[[nodiscard]] connect_outcome naive_connect(const table& t, const connect_request& r,
                                            const scan_order& o, std::uint32_t probes);
[[nodiscard]] scan_outcome naive_bind(const table& t, const claim& who, const scan_order& o,
                                      leniency how);

}  // namespace fourtuple::ports
