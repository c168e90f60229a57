// The report of one run as a page of its own: opens from disk, asks the network for nothing, runs
// no program. Says what the terminal's report says, and draws what it cannot. The same run gives
// the same bytes: no date, no wall time, no memory.
#pragma once

#include <string>
#include <vector>

#include "sim/observe/outcome.h"
#include "sim/report/chosen.h"

namespace fourtuple::report {

/// HTML 5 in UTF-8. A file that did not run gives a page with its mistakes. `o.plots` and `ladders`
/// may be empty.
[[nodiscard]] std::string html_page(const observe::outcome& o,
                                    const std::vector<chosen_ladder>& ladders);

}  // namespace fourtuple::report
