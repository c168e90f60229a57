// The text report: the answer first, then why and the cures, a plot, tables, expectations.
#pragma once

#include <string>

#include "sim/observe/outcome.h"
#include "sim/report/sections.h"
#include "sim/report/text.h"

namespace fourtuple::report {

/// `quiet`: only what failed; empty where nothing did.
[[nodiscard]] std::string summary(const observe::outcome& o, const style& s, bool quiet);
/// One line for many files: "3 files: 2 as expected, 1 not as expected".
[[nodiscard]] std::string totals(const std::vector<observe::outcome>& all);

}  // namespace fourtuple::report
