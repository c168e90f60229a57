// What TCP and UDP sockets ask alike about addresses: whose they are, the way there, may one bind
// to them.
#include <algorithm>

#include "sim/host/tcp_stack.h"

namespace fourtuple::host {

bool kernel_parts::is_local(wire::address_id a) const {
  if (wire::is_any(a)) return false;
  if (world.addresses().is_loopback(a)) return true;
  return std::find(config.addresses.begin(), config.addresses.end(), a) != config.addresses.end();
}

/// ip_route_output_key_hash_rcu(), which asks whose the source is and then for the way;
/// ip6_dst_lookup_tail(), which asks for the way first, and of a source no more than its family.
result<route> kernel_parts::way_from(wire::address_id from, wire::address_id to) const {
  const wire::address_table& addresses = world.addresses();
  const ip_address& source = addresses.at(from);
  if (addresses.family_of(to) == family::inet6) {
    auto found = world.find_route(to);
    if (found && source.family == family::inet) return errc::eafnosupport;
    return found;
  }
  const bool named = !wire::is_any(from) && !source.is_multicast() && !source.is_broadcast();
  if (named && !is_local(from))
    return config.profile->foreign_source_is_unreachable ? errc::enetunreach : errc::einval;
  auto found = world.find_route(to);
  if (found && addresses.is_loopback(from) && !is_local(to)) return errc::einval;
  return found;
}

/// __inet_bind() and __inet6_bind(), which ask the same in different order.
errc kernel_parts::refusal_of_bind(const bind_asker& s, const endpoint& to) const {
  if (to.address.family != s.family)
    return s.family == family::inet ? errc::eafnosupport : errc::einval;
  const bool reserved = to.port != 0 && to.port < sysctls.ip_unprivileged_port_start && s.uid != 0;
  wire::address_table& addresses = world.addresses();
  const wire::address_id address = addresses.unmapped(addresses.intern(to.address));
  // net.ipv6.ip_nonlocal_bind is a sysctl of its own, and not modelled.
  const bool nonlocal_is_fine =
      s.freebind || (addresses.family_of(address) == family::inet && sysctls.ip_nonlocal_bind);
  const bool foreign = !addresses.at(address).is_any() && !nonlocal_is_fine && !is_local(address) &&
                       !to.address.is_multicast() && !to.address.is_broadcast();
  if (s.family == family::inet6) {
    if (reserved) return errc::eacces;
    if (s.active || (to.address.is_v4_mapped() && s.v6only)) return errc::einval;
    return foreign ? errc::eaddrnotavail : errc::ok;
  }
  if (foreign) return errc::eaddrnotavail;
  if (reserved) return errc::eacces;
  return s.active ? errc::einval : errc::ok;
}

}  // namespace fourtuple::host
