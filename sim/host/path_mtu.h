// What a host has been told of narrow links on its ways (path MTU discovery: RFC 1191, RFC 8201;
// the kernel's next-hop exceptions: net/ipv4/route.c __ip_rt_update_pmtu(), net/ipv6/route.c
// __ip6_rt_update_pmtu()).
#pragma once

#include <map>

#include "sim/host/surroundings.h"

namespace fourtuple::host {

class path_mtu {
 public:
  explicit path_mtu(const surroundings& world) : world_(world) {}

  /// A router says that packets to `destination` of more than `mtu` bytes do not get through. Larger
  /// than what is known already, or less than IPv6's 1,280: not believed.
  /// DEVIATION: over IPv4 less than 552 bytes (net.ipv4.route.min_pmtu) is believed; the kernel sends
  /// 552 without DF then and lets the router cut. Who has so narrow a link sees more segments here.
  void learn(wire::address_id destination, std::uint32_t mtu);

  /// The largest packet that may go to `destination`, whose first link takes `link_mtu` bytes.
  [[nodiscard]] std::uint32_t to(wire::address_id destination, std::uint32_t link_mtu) const;

 private:
  struct exception {
    std::uint32_t mtu = 0;
    instant until{};
  };
  [[nodiscard]] const exception* known(wire::address_id destination) const;

  const surroundings& world_;
  std::map<wire::address_id, exception> known_;
};

}  // namespace fourtuple::host
