// Why a client that keeps its connections runs out of ports, and what helps: a pool that renews
// them, an echo_client that opens all of its at once.
#pragma once

#include <vector>

#include "sim/report/headline.h"

namespace fourtuple::report {

/// Empty for other apps, and where fixed ports are bound.
[[nodiscard]] std::vector<remark> kept_ports_explanation(const observe::outcome& o,
                                                         const app_failure& f);

}  // namespace fourtuple::report
