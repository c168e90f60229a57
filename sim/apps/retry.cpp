#include "sim/apps/retry.h"

#include <algorithm>

#include "sim/core/random.h"

namespace fourtuple::apps {

duration retry_wait(const spec::retry_rules& r, std::uint32_t n, std::uint64_t bits) {
  __extension__ using wide = unsigned __int128;
  constexpr wide year = wide{365} * 86400 * 1'000'000'000;
  wide wait = static_cast<wide>(r.after.count());
  for (std::uint32_t i = 1; i < n && wait < year && r.backoff_permille != 1000; ++i)
    wait = wait * r.backoff_permille / 1000;
  wait = std::min(wait, year);
  const wide spread =
      r.jitter_ppm != 0 ? wait * r.jitter_ppm / 1'000'000 : static_cast<wide>(r.jitter.count());
  const auto drawn = core::below(bits, static_cast<std::uint64_t>(std::min(spread, year)) + 1);
  return duration{static_cast<std::int64_t>(wait) + static_cast<std::int64_t>(drawn)};
}

}  // namespace fourtuple::apps
