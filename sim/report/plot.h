// Ports in use over time, and when attempts failed, as characters.
#pragma once

#include <string>

#include "sim/observe/outcome.h"
#include "sim/report/text.h"

namespace fourtuple::report {

/// The plot of one member host (an index of series.hosts); `capacity` is drawn as the top where the
/// peak comes near it. Empty where there is nothing to see.
[[nodiscard]] std::string ports_plot(const observe::series& series, std::size_t host,
                                     std::uint64_t capacity, const style& s);

}  // namespace fourtuple::report
