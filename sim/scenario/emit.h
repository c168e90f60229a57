// The tree as YAML again, defaults filled in.
#pragma once

#include "sim/scenario/reader.h"
#include "sim/scenario/tree.h"

#include <string>
#include <vector>

namespace fourtuple::scenario {

[[nodiscard]] std::string emit_yaml(const node& root, const std::vector<filled>& fills);

}  // namespace fourtuple::scenario
