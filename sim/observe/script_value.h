// The `script` list of the result tree.
#pragma once

#include "sim/observe/script_metrics.h"
#include "sim/observe/value.h"

namespace fourtuple::observe {

/// One map per top-level step, in the order of steps: step n is element n - 1.
[[nodiscard]] value script_value(const script_metrics& script);
/// A number, text or null of a condition's kind as a node of the tree.
[[nodiscard]] value from_spec(const spec::value& v);

}  // namespace fourtuple::observe
