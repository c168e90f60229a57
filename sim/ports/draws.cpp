#include "sim/ports/draws.h"

namespace fourtuple::ports {
namespace {

/// The finalizer of SplitMix64: a bijection in which every input bit moves every output bit.
constexpr std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}
constexpr std::uint64_t golden = 0x9e3779b97f4a7c15ULL;

}  // namespace

// The kernel's hash is SipHash; any keyed hash of 64 well-mixed bits serves, and this one is short.
std::uint64_t draws::port_offset(const wire::four_tuple& t, std::uint64_t window) const {
  const std::uint64_t addresses = (std::uint64_t{t.local.value} << 32) | t.remote.value;
  const std::uint64_t when = mix(key_ + golden * (window + 1));
  return mix(when ^ mix(addresses + golden * (t.remote_port + 1ULL)));
}

}  // namespace fourtuple::ports
