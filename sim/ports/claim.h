// Who asks for a port and who holds one, and when two of them are in each other's way: the whole
// conflict rule of bind(), listen() and UDP, as pure functions. Everything else in this folder that
// has to decide "may these two share a port?" decides it here.
#pragma once

#include <bit>
#include <cstdint>

#include "sim/wire/address_table.h"

namespace fourtuple::ports {

/// Which local addresses a socket would receive on: one of them, all of IPv4, all of IPv6, or both.
/// A v4-mapped IPv6 address is the IPv4 address it maps, so the address alone tells the family.
struct scope {
  wire::address_id address;  ///< the one address; any_v4 or any_v6 for a wildcard
  bool all_v4 = false;
  bool all_v6 = false;
  bool is_v6 = false;       ///< the one address is an IPv6 address
  bool dual_stack = false;  ///< and its socket is not IPV6_V6ONLY: it keeps 0.0.0.0 out, though it
                            ///< will never see an IPv4 packet (ipv4_rcv_saddr_equal; measured)

  [[nodiscard]] constexpr bool wildcard() const { return all_v4 || all_v6; }
  friend constexpr bool operator==(const scope& a, const scope& b) {
    return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
  }
};

/// The scope of a socket whose local address is `a`; `v6only` is its IPV6_V6ONLY.
[[nodiscard]] scope scope_of(wire::address_id a, bool v6only, const wire::address_table& t);
/// Does bind() to `a` turn IPV6_V6ONLY on? To one IPv6 address it does, and for good
/// (__inet6_bind); a connection from "::" or from no address keeps it off.
[[nodiscard]] bool bind_sets_v6only(wire::address_id a, const wire::address_table& t);

/// inet_rcv_saddr_equal() with wildcards matching: is there an address that both receive on?
[[nodiscard]] constexpr bool overlaps(const scope& a, const scope& b) {
  if ((a.all_v4 && b.all_v4) || (a.all_v6 && b.all_v6)) return true;
  if (a.wildcard() && b.wildcard()) return false;
  if (b.wildcard()) return overlaps(b, a);
  if (a.wildcard()) return b.is_v6 ? a.all_v6 || (a.all_v4 && b.dual_stack) : a.all_v4;
  return a.address == b.address;
}

/// Everything about one socket (or what is left of it in TIME-WAIT) that conflict rules look at.
struct claim {
  scope where;
  std::uint32_t uid = 0;
  std::uint16_t device = 0;  ///< SO_BINDTODEVICE: interface number on this host; 0: none
  bool reuseaddr = false;    ///< SO_REUSEADDR
  bool reuseport = false;    ///< SO_REUSEPORT
  bool listening = false;
  bool time_wait = false;
  bool connect_bound = false;  ///< connect() chose its port (SOCK_CONNECT_BIND, tw_connect_bind)
};

/// How lenient the question is: the two last arguments of inet_csk_bind_conflict().
struct leniency {
  bool relax = true;         ///< two SO_REUSEADDR sockets may share
  bool reuseport_ok = true;  ///< two SO_REUSEPORT sockets may share
};
inline constexpr leniency explicit_port{true, true};      ///< bind(port), listen()
inline constexpr leniency any_port{false, false};         ///< bind(0)
inline constexpr leniency any_port_relaxed{true, false};  ///< bind(0), ip_autobind_reuse's round

/// inet_bind_conflict(): may `asks` not have a port that `holds` has? (TCP; EADDRINUSE if so.)
/// DEVIATION: a socket that already is in a reuseport group asks as one that is not; only a
/// listener that listens a second time after shutdown() could notice.
[[nodiscard]] bool conflicts(const claim& asks, const claim& holds, leniency how);

/// inet_rcv_saddr_equal() and the flags of udp_lib_lport_inuse(): the same question for UDP, which
/// knows neither LISTEN nor TIME-WAIT.
[[nodiscard]] bool udp_conflicts(const claim& asks, const claim& holds);
/// They would conflict if they were not of one SO_REUSEPORT group.
[[nodiscard]] bool udp_same_group(const claim& asks, const claim& holds);

}  // namespace fourtuple::ports
