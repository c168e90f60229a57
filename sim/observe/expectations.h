// `expect:` tested against the tree.
#pragma once

#include <vector>

#include "sim/observe/outcome.h"
#include "sim/observe/tree.h"

namespace fourtuple::observe {

/// Tests one condition on the tree as it is now.
[[nodiscard]] expectation_row evaluate(const spec::expectation& e, tree_view& tree);
/// The row of a condition whose instant the run did not reach: not met, and says why.
[[nodiscard]] expectation_row not_reached(const spec::expectation& e, instant ended_at);
/// The `expect` list of the tree.
[[nodiscard]] value expect_value(const std::vector<expectation_row>& rows);

}  // namespace fourtuple::observe
