// The script of a file: socket calls one by one, across hosts, as a coordinator outside all of them
// makes them (FORMAT 3). Runs on either kernel through `control`.
#pragma once

#include <fourtuple/control.h>

#include <functional>
#include <string_view>

#include "sim/observe/script_metrics.h"
#include "sim/spec/spec.h"

namespace fourtuple::apps {

struct script_options {
  /// Between steps, where the file has no `pace`: one round trip of the slowest path plus 1 ms.
  duration pace{1'000'000};
  /// Told of every process the script makes, with the name it has in the file ("script" for the one
  /// that a host's steps share). May be empty.
  std::function<void(process&, std::string_view name)> made;
  bool wants_sockets = false;  ///< as script_metrics says; set by start_script
};

/// Starts the script in world.coordinator(), which calls finished() after the last step. All
/// arguments but the last must live as long as the world.
void start_script(const spec::scenario& s, control& world, observe::script_metrics& m,
                  script_options options);

}  // namespace fourtuple::apps
