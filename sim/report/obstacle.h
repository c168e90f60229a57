// What stands in the way of an app's packets as far as the file says it: a rule of a firewall, a
// link that carries nothing, no link at all.
#pragma once

#include <optional>
#include <string>

#include "sim/report/reading.h"

namespace fourtuple::report {

struct obstacle {
  bool answers = false;  ///< a reject: the sender is told; else it hears nothing
  std::string text;      ///< "the link between a and b is down at that time"
  std::string check;     ///< a command that shows it
};

/// The first on the way from the failed attempt's host to its destination, settings taken as they
/// were when it was sent. Nothing where the way is free, or a script has changed it inside a
/// repeat.
[[nodiscard]] std::optional<obstacle> obstacle_of(const observe::outcome& o, const app_failure& f);

}  // namespace fourtuple::report
