#include "sim/host/path_mtu.h"

#include <algorithm>

namespace fourtuple::host {

const path_mtu::exception* path_mtu::known(wire::address_id destination) const {
  if (known_.empty()) return nullptr;
  const auto found = known_.find(destination);
  return found != known_.end() && world_.now() < found->second.until ? &found->second : nullptr;
}

void path_mtu::learn(wire::address_id destination, std::uint32_t mtu) {
  constexpr std::uint32_t least_for_ipv6 = 1280;
  constexpr auto mtu_expires = std::chrono::seconds(600);  // both families' route/mtu_expires
  if (world_.addresses().family_of(destination) == family::inet6 && mtu < least_for_ipv6) return;
  if (const exception* before = known(destination); before != nullptr && before->mtu < mtu) return;
  known_[destination] = {mtu, world_.now() + mtu_expires};
}

std::uint32_t path_mtu::to(wire::address_id destination, std::uint32_t link_mtu) const {
  const exception* e = known(destination);
  return e != nullptr ? std::min(e->mtu, link_mtu) : link_mtu;
}

}  // namespace fourtuple::host
