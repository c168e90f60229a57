// The walk over a range that every allocator here is a case of: start somewhere, go on in steps,
// wrap, and with step 2 do the same again for the ports of the other parity.
#pragma once

#include <cstdint>
#include <span>

#include "sim/ports/port_bitmap.h"
#include "sim/ports/rules.h"

namespace fourtuple::ports {

struct scan_order {
  std::uint32_t low = 0;
  std::uint32_t high = 0;       ///< one past the last port
  std::uint32_t remaining = 0;  ///< ports one call may look at; with step 2 an even number, so that
                                ///< of an odd range one port is passed over
  std::uint32_t step = 2;
  std::uint32_t offset = 0;  ///< of the first port from low; may be `remaining` if that is 1

  /// With offset 0; `remaining` as both __inet_hash_connect() and inet_csk_find_open_port() round
  /// it.
  [[nodiscard]] static scan_order over(std::uint32_t low, std::uint32_t high, std::uint32_t step) {
    const std::uint32_t width = high - low;
    return {low, high, step == 2 && width > 1 ? width & ~1U : width, step, 0};
  }
  /// The same scan for the other parity, after the first has found nothing.
  [[nodiscard]] bool has_second_pass() const { return step == 2 && remaining > 1; }
  [[nodiscard]] scan_order second_pass() const { return {low, high, remaining, step, offset ^ 1U}; }
};

/// Where a scan ended.
struct scan_outcome {
  enum class end : std::uint8_t { found, exhausted, gave_up };
  end how = end::exhausted;
  std::uint16_t port = 0;
  std::uint32_t index = 0;  ///< i of the kernel's loop, within the pass that found the port
};

inline constexpr std::uint32_t no_limit = UINT32_MAX;

/// The definition. `is_free(port)` is asked in the kernel's order, at most `probes` times.
template <class IsFree>
[[nodiscard]] scan_outcome naive_scan(scan_order o, std::uint32_t probes, const IsFree& is_free) {
  for (bool second = false;; second = true, o = o.second_pass()) {
    std::uint32_t port = o.low + o.offset;
    for (std::uint32_t i = 0; i < o.remaining; i += o.step, port += o.step) {
      if (port >= o.high) port -= o.remaining;
      if (probes-- == 0) return {scan_outcome::end::gave_up};
      if (is_free(static_cast<std::uint16_t>(port)))
        return {scan_outcome::end::found, static_cast<std::uint16_t>(port), i};
    }
    if (second || !o.has_second_pass()) return {};
  }
}

/// The same, where a port is free if it is in none of the sets.
[[nodiscard]] scan_outcome bitmap_scan(scan_order o, std::span<const port_bitmap* const> sets);

}  // namespace fourtuple::ports
