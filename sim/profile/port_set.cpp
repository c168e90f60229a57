#include "sim/profile/sysctl.h"

#include <algorithm>

namespace fourtuple::profile {

void port_set::add(port_range r) {
  std::vector<port_range> merged;
  for (const auto& old : ranges_) {
    const bool apart = std::uint32_t{old.high} + 1 < r.low || std::uint32_t{r.high} + 1 < old.low;
    if (apart) {
      merged.push_back(old);
    } else {
      r = {std::min(r.low, old.low), std::max(r.high, old.high)};
    }
  }
  merged.insert(std::upper_bound(merged.begin(), merged.end(), r), r);
  ranges_ = std::move(merged);
}

bool port_set::contains(std::uint16_t port) const {
  return std::any_of(ranges_.begin(), ranges_.end(),
                     [port](const port_range& r) { return r.contains(port); });
}

std::uint32_t port_set::count_in(port_range r) const {
  std::uint32_t n = 0;
  for (const auto& own : ranges_) {
    const auto low = std::max(own.low, r.low);
    const auto high = std::min(own.high, r.high);
    if (low <= high) n += port_range{low, high}.size();
  }
  return n;
}

}  // namespace fourtuple::profile
