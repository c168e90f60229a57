// The simulated world of one scenario: hosts, their network, virtual time. Built from a checked spec;
// runs on one thread; two worlds in one program do not know of each other.
#pragma once

#include <cstdint>
#include <memory>

#include "sim/observe/backend.h"
#include "sim/spec/spec.h"

namespace fourtuple::engine {

struct world_options {
  std::uint64_t event_limit = 0;  ///< 0: none
};

/// `s` must outlive the world. Throws core::internal_error only for our own mistakes: what a user can
/// write wrong was refused by the loader.
[[nodiscard]] std::unique_ptr<observe::backend> make_world(const spec::scenario& s,
                                                           const world_options& options = {});

}  // namespace fourtuple::engine
