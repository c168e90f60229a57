// What would help where ports run out, and by how much.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/report/port_budget.h"

namespace fourtuple::report {

struct cure {
  std::string name;                   ///< "tcp_tw_reuse: 1"
  std::optional<double> rate;         ///< that it sustains
  std::optional<std::uint64_t> room;  ///< connections at one time, where none ends
  bool enough = false;                ///< for what the file asks, if it names a rate or a number
  std::string remark = {};
  bool perhaps = false;  ///< not surely enough, but it may be

  [[nodiscard]] bool no_limit() const { return !rate && !room; }
};
/// Enough ones first, in the order of what they cost to do. None where by these numbers the ports
/// do not run out: then it is not known what holds them.
[[nodiscard]] std::vector<cure> cures_of(const port_budget& b);

}  // namespace fourtuple::report
