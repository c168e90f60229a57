// Hosts and links of a scenario in Graphviz's language.
#pragma once

#include <string>

#include "sim/spec/spec.h"

namespace fourtuple::report {

[[nodiscard]] std::string topology_dot(const spec::scenario& s);

}  // namespace fourtuple::report
