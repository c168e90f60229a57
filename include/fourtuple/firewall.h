// The packet filter of a host, as data: what a scenario's `firewall:` says and what both kernels
// can be told. First match wins; what no rule matches is accepted.
#pragma once

#include <fourtuple/address.h>

#include <cstdint>
#include <vector>

namespace fourtuple {

/// What a reject answers with: names of nft(8). The first four exist in both families, as nft's
/// icmpx types; the others make a rule match packets of their family only.
enum class reject_with : std::uint8_t {
  icmp_port_unreachable,
  icmp_admin_prohibited,
  icmp_host_unreachable,  ///< over IPv6 addr-unreachable
  icmp_net_unreachable,   ///< over IPv6 no-route
  icmp_prot_unreachable,
  icmp_net_prohibited,
  icmp_host_prohibited,
  icmpv6_no_route,
  icmpv6_admin_prohibited,
  icmpv6_addr_unreachable,
  icmpv6_port_unreachable,
  icmpv6_policy_fail,
  icmpv6_reject_route,
  tcp_reset,
};

/// All addresses from `first` to `last`, both of one family.
struct address_range {
  ip_address first;
  ip_address last;
};

struct firewall_rule {
  enum class action : std::uint8_t { accept, drop, reject };
  enum class protocol : std::uint8_t { all, tcp, udp, icmp };  ///< icmp: ICMPv6 too
  /// nft's hooks input, output and forward (of a router: what is not for itself).
  enum class direction : std::uint8_t { in, out, forward };

  action what = action::drop;
  protocol of = protocol::all;
  direction which = direction::in;
  reject_with with = reject_with::icmp_port_unreachable;
  std::uint16_t low_port = 0;  ///< destination port of TCP and UDP, [low, high]
  std::uint16_t high_port = 65535;
  std::vector<address_range> from;  ///< source addresses; empty: any

  /// Types of one family narrow a rule to it, as nft's `reject with icmp type` does.
  [[nodiscard]] constexpr bool is_about(family f) const {
    if (what != action::reject || with == reject_with::tcp_reset) return true;
    if (with >= reject_with::icmpv6_no_route) return f == family::inet6;
    return with < reject_with::icmp_prot_unreachable || f == family::inet;
  }
};

}  // namespace fourtuple
