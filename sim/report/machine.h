// Reports that programs read: JSON (FORMAT 4), JUnit XML, GitHub annotations.
#pragma once

#include <span>
#include <string>

#include "sim/observe/outcome.h"

namespace fourtuple::report {

/// The tree, or (`as_list`) a list of trees with `file`. A file that did not run has `errors`.
[[nodiscard]] std::string json(std::span<const observe::outcome> all, bool as_list);
/// One test suite a file, one test case an expectation, tested step or listener.
[[nodiscard]] std::string junit(std::span<const observe::outcome> all);
/// `::error file=,line=::` for everything that failed.
[[nodiscard]] std::string github(std::span<const observe::outcome> all);

}  // namespace fourtuple::report
