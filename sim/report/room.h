// Where a run came nearest to a limit: ports, descriptors.
#pragma once

#include <cstdint>
#include <string>

#include "sim/observe/outcome.h"

namespace fourtuple::report {

/// Room left at one place; `used` of `of` at the peak.
struct room {
  std::string what;  ///< "client used 101 ports of 1,000"
  std::uint64_t used = 0;
  std::uint64_t of = 0;
  bool taken_over = false;  ///< TIME-WAITs among them that a connect() takes over hold nothing up
  /// More ports than an address has: of several addresses, and nobody counted which are of which.
  [[nodiscard]] bool spread() const { return used > of; }
  [[nodiscard]] double share() const {
    return of == 0 || spread() ? 0 : static_cast<double>(used) / static_cast<double>(of);
  }
};
/// The tightest; of: 0 where no app has any.
[[nodiscard]] room tightest_room(const observe::outcome& o);

}  // namespace fourtuple::report
