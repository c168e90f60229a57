// The real kernel as a world that scenarios run in: hosts are network namespaces, time is the
// clock's.
#pragma once

#include <cstdint>
#include <memory>

#include "sim/observe/backend.h"
#include "sim/spec/spec.h"

namespace fourtuple::real {

/// Throws observe::unable with one sentence where this machine, or this kernel, cannot do what the
/// file asks. `s` must outlive the world. Must be made, used and destroyed in one thread.
[[nodiscard]] std::unique_ptr<observe::backend> make_world(const spec::scenario& s);

}  // namespace fourtuple::real
