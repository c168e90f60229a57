// Virtual time: 64-bit nanoseconds since the start of the run, on both kernels. RFC timers, sysctl
// seconds and milliseconds are converted once, at the edge; nothing below this header has another
// unit. Standard chrono types, so that 40ms is written 40ms and mixing units is a compile error.
#pragma once

#include <chrono>
#include <cstdint>

namespace fourtuple {

/// A span of time in nanoseconds; about +-292 years.
using duration = std::chrono::duration<std::int64_t, std::nano>;

/// The clock of a run. It has no now(): only a process (process.h) can say what time it is.
struct run_clock {
  using duration = fourtuple::duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<run_clock>;
  static constexpr bool is_steady = true;
};

/// Nanoseconds since the start of the run (0 is the start).
using instant = run_clock::time_point;

/// "Not before the end of time": a deadline that never comes.
inline constexpr instant never = instant::max();

[[nodiscard]] constexpr std::int64_t ns(instant t) { return t.time_since_epoch().count(); }
[[nodiscard]] constexpr std::int64_t ns(duration d) { return d.count(); }
[[nodiscard]] constexpr instant at_ns(std::int64_t t) { return instant{duration{t}}; }

}  // namespace fourtuple
