// What the user wrote wrong, with its place. All mistakes of a file are reported at once.
#pragma once

#include "sim/spec/units.h"

#include <string>

namespace fourtuple::scenario {

struct config_error {
  std::string file;      ///< as the user named it; "-" is standard input
  spec::position where;  ///< 1-based; line 0: no place in the file (unreadable, --set)
  std::string message;   ///< one line, without the place

  /// "scenarios/a.yaml:14:9: unknown key 'latencey' (did you mean 'latency'?)"
  [[nodiscard]] std::string text() const;
};

}  // namespace fourtuple::scenario
