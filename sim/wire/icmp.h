// ICMP and ICMPv6 destination-unreachable messages (RFC 792, RFC 4443 3.1): how one is made about a
// packet, and what its code means to a socket.
#pragma once

#include <fourtuple/address.h>
#include <fourtuple/errc.h>

#include <cstdint>

#include "sim/wire/packet.h"

namespace fourtuple::wire {

inline constexpr std::uint8_t icmp_dest_unreach = 3;    ///< type, IPv4
inline constexpr std::uint8_t icmpv6_dest_unreach = 1;  ///< type, IPv6

/// Port unreachable: code 3, over IPv6 code 4.
[[nodiscard]] constexpr std::uint8_t port_unreachable_code(family f) {
  return f == family::inet ? 3 : 4;
}

/// What the kernel makes of a destination-unreachable message (net/ipv4/icmp.c icmp_err_convert,
/// net/ipv6/icmp.c tab_unreach).
struct icmp_meaning {
  errc error = errc::ok;
  bool hard = false;         ///< fatal for a connected UDP socket
  bool unreachable = false;  ///< network or host unreachable: ends half-open requests (tcp_req_err)
};
[[nodiscard]] icmp_meaning meaning_of(family f, std::uint8_t code);

/// The error about a packet that `from` complains of.
[[nodiscard]] icmp_error unreachable(const segment& about, address_id from, std::uint8_t code);
[[nodiscard]] icmp_error unreachable(const datagram& about, address_id from, std::uint8_t code);

/// The packet that is quoted inside, as far as a message keeps it: no payload bytes, no SACK
/// blocks.
[[nodiscard]] segment quoted_segment(const icmp_error& e);
[[nodiscard]] datagram quoted_datagram(const icmp_error& e);

}  // namespace fourtuple::wire
