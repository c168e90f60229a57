// ICMP and ICMPv6 error messages (RFC 792, RFC 4443 3): how one is made about a packet, and what it means
// to a socket.
#pragma once

#include <fourtuple/address.h>
#include <fourtuple/errc.h>

#include <cstdint>

#include "sim/wire/packet.h"

namespace fourtuple::wire {

[[nodiscard]] std::uint8_t icmp_type(icmp_kind k, family f);

/// Port unreachable: code 3, over IPv6 code 4.
[[nodiscard]] constexpr std::uint8_t port_unreachable_code(family f) {
  return f == family::inet ? 3 : 4;
}

/// What the kernel makes of an error (net/ipv4/icmp.c icmp_err_convert, net/ipv6/icmp.c
/// icmpv6_err_convert, and the handlers tcp_v4_err, udp_err and their IPv6 twins).
struct icmp_meaning {
  errc error = errc::ok;
  bool hard = false;         ///< fatal for a connected UDP socket
  bool unreachable = false;  ///< network or host unreachable: the time-out is no sign of congestion
};
[[nodiscard]] icmp_meaning meaning_of(family f, const icmp_error& e);

/// The error about a packet that `from` complains of.
[[nodiscard]] icmp_error unreachable(const segment& about, address_id from, std::uint8_t code);
[[nodiscard]] icmp_error unreachable(const datagram& about, address_id from, std::uint8_t code);
template <class Packet>
[[nodiscard]] icmp_error time_exceeded(const Packet& about, address_id from) {
  icmp_error e = unreachable(about, from, 0);
  e.kind = icmp_kind::time_exceeded;
  return e;
}
/// IPv4's fragmentation needed is code 4 of destination unreachable.
template <class Packet>
[[nodiscard]] icmp_error too_big(const Packet& about, address_id from, std::uint32_t mtu, family f) {
  icmp_error e = unreachable(about, from, f == family::inet ? 4 : 0);
  e.kind = icmp_kind::too_big;
  e.mtu = static_cast<std::uint16_t>(mtu);
  return e;
}

/// The packet that is quoted inside, as far as a message keeps it: no payload bytes.
[[nodiscard]] segment quoted_segment(const icmp_error& e);
[[nodiscard]] datagram quoted_datagram(const icmp_error& e);

}  // namespace fourtuple::wire
