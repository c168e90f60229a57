#include "sim/report/at_once.h"

#include <algorithm>
#include <cmath>

namespace fourtuple::report {

namespace {

// Five standard deviations, and a few for small means, whose distribution is not symmetric.
constexpr double deviations = 5;
constexpr double few = 3;

}  // namespace

double rate_of(const std::vector<stream>& all) {
  double sum = 0;
  for (const auto& s : all) sum += s.rate * static_cast<double>(s.members);
  return sum;
}

bool any_random(const std::vector<stream>& all) {
  return std::any_of(all.begin(), all.end(), [](const stream& s) { return s.random; });
}

std::uint64_t most_at_once(const std::vector<stream>& all, duration each) {
  constexpr double rounding = 1e-9;  // a whole number stays one
  const double seconds = static_cast<double>(ns(each)) / 1e9;
  std::uint64_t even = 0;
  double mean = 0;
  for (const auto& s : all) {
    if (s.random) {
      mean += s.rate * static_cast<double>(s.members) * seconds;
    } else {
      even += s.members * (static_cast<std::uint64_t>(s.rate * seconds * (1 + rounding)) + 1);
    }
  }
  return even + (any_random(all) ? most_of_random(mean) : 0);
}

std::uint64_t most_of_random(double mean) {
  return static_cast<std::uint64_t>(std::ceil(mean + deviations * std::sqrt(mean) + few));
}

double mean_that_fits(std::uint64_t most) {
  const double room = static_cast<double>(most) - few;
  if (room <= 0) return 0;
  const double root = (std::sqrt(deviations * deviations + 4 * room) - deviations) / 2;
  return root * root;
}

}  // namespace fourtuple::report
