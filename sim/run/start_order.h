// The order in which the applications of a file start, where they start together.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/spec/spec.h"

namespace fourtuple::run {

/// One process: an application of the file, by number, on one member of its host.
struct start {
  std::uint32_t app = 0;
  std::uint32_t member = 0;
  friend bool operator==(const start&, const start&) = default;
};

/// Host by host in the order of their names, as whatever happens at one instant (DESIGN 4.2); the
/// applications of one host in the file's order, as the lines of a shell script.
[[nodiscard]] std::vector<start> start_order(const spec::scenario& s);

}  // namespace fourtuple::run
