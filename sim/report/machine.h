// What programs read of a run: JSON (FORMAT 4), and what was tested.
#pragma once

#include <span>
#include <string>

#include "sim/observe/outcome.h"
#include "sim/report/tested.h"

namespace fourtuple::report {

/// The tree, or (`as_list`) a list of trees with `file`. A file that did not run has `errors`.
[[nodiscard]] std::string json(std::span<const observe::outcome> all, bool as_list);
/// The tree of a file that ran, for whoever has more to add to it.
[[nodiscard]] observe::value json_tree(const observe::outcome& o);
/// Its expectations, tested steps and listeners.
[[nodiscard]] tested_file tested(const observe::outcome& o);

}  // namespace fourtuple::report
