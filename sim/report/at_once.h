// How many of the requests that a file asks for are under way at the same time.
#pragma once

#include <fourtuple/time.h>

#include <cstdint>
#include <vector>

namespace fourtuple::report {

/// Requests of one load. Members of a counted host begin theirs at the same instants.
struct stream {
  double rate = 0;  ///< of each member, a second
  std::uint64_t members = 1;
  bool random = false;  ///< arrivals: poisson
};
[[nodiscard]] double rate_of(const std::vector<stream>& all);
[[nodiscard]] bool any_random(const std::vector<stream>& all);

/// At most so many, where each takes that long and what ends at an instant is not yet gone for what
/// begins then. Of random ones more is possible, but less likely than one in a million.
[[nodiscard]] std::uint64_t most_at_once(const std::vector<stream>& all, duration each);
/// Of random ones only, so many on average.
[[nodiscard]] std::uint64_t most_of_random(double mean);
/// The largest mean of which most_of_random() is no more than that.
[[nodiscard]] double mean_that_fits(std::uint64_t most);

}  // namespace fourtuple::report
