#include "sim/ports/draws.h"

namespace fourtuple::ports {

// The kernel's hash is SipHash; any keyed hash of 64 well-mixed bits serves, and this one is short.
std::uint64_t draws::port_offset(const wire::four_tuple& t, std::uint64_t window) const {
  const std::uint64_t addresses = (std::uint64_t{t.local.value} << 32) | t.remote.value;
  return core::mix(core::splitmix(key_, window) ^ core::splitmix(addresses, t.remote_port));
}

}  // namespace fourtuple::ports
