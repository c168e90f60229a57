// The first line of a report: what somebody who asked "what happens to my load?" wants to know, and
// the paragraph below it: why, and what would cure it, from the scenario's own numbers.
#pragma once

#include <string>
#include <vector>

#include "sim/observe/outcome.h"
#include "sim/report/reading.h"

namespace fourtuple::report {

/// One line, unpainted, not clipped: a listener that could not start, the first failed attempt, a
/// failed script step or expectation, or how much room was left.
[[nodiscard]] std::string headline(const observe::outcome& o);

/// "load on client: first EADDRNOTAVAIL at 28.232 s (attempt 28,233 to 10.0.0.2:443)"
[[nodiscard]] std::string failure_text(const observe::outcome& o, const app_failure& f);

/// A sentence of the paragraph, and what it is: "why", "cures", "check", ...; empty: as the one
/// before.
struct remark {
  std::string label;
  std::string text;
};

/// Why the first failure happened and what helps; where nothing failed how far each load is from
/// what its ports sustain. Empty where nothing is known.
[[nodiscard]] std::vector<remark> explanation(const observe::outcome& o);

}  // namespace fourtuple::report
