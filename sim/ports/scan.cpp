#include "sim/ports/scan.h"

#include <algorithm>

namespace fourtuple::ports {
namespace {

/// One pass: upwards from the first port, then, `remaining` lower, what lies beyond the end.
scan_outcome bitmap_pass(const scan_order& o, std::span<const port_bitmap* const> sets) {
  const std::uint32_t first = o.low + o.offset;
  const std::uint32_t end = first + o.remaining;
  const std::uint32_t upper_end = std::min(o.high, end);
  if (first < upper_end) {
    const std::uint32_t port = first_absent(sets, first, upper_end, o.step);
    if (port < upper_end)
      return {scan_outcome::end::found, static_cast<std::uint16_t>(port), port - first};
  }
  // The first stop at or beyond `high` is where the kernel's loop wraps.
  std::uint32_t beyond = first;
  if (beyond < o.high) beyond += (o.high - first + o.step - 1) / o.step * o.step;
  if (beyond >= end) return {};
  const std::uint32_t port = first_absent(sets, beyond - o.remaining, first, o.step);
  if (port >= first) return {};
  return {scan_outcome::end::found, static_cast<std::uint16_t>(port), port + o.remaining - first};
}

}  // namespace

scan_outcome bitmap_scan(scan_order o, std::span<const port_bitmap* const> sets) {
  const scan_outcome outcome = bitmap_pass(o, sets);
  if (outcome.how == scan_outcome::end::found || !o.has_second_pass()) return outcome;
  return bitmap_pass(o.second_pass(), sets);
}

}  // namespace fourtuple::ports
