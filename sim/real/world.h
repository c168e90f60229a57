// The real kernel as a world that scenarios run in: hosts are network namespaces, time is the
// clock's.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>

#include "sim/observe/backend.h"
#include "sim/spec/spec.h"

namespace fourtuple::real {

/// Throws observe::unable with one sentence where this machine, or this kernel, cannot do what the
/// file asks. `s` must outlive the world. Must be made, used and destroyed in one thread.
[[nodiscard]] std::unique_ptr<observe::backend> make_world(const spec::scenario& s);

/// The same on this machine's loopback, without privilege, for a file that spec::on_one_host() made.
/// `ports` must be free, or become so before `interrupted`. One at a time: they share the machine.
[[nodiscard]] std::unique_ptr<observe::backend> make_loopback_world(
    const spec::scenario& s, const std::set<std::uint16_t>& ports,
    const std::atomic<bool>* interrupted);

}  // namespace fourtuple::real
