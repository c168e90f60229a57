// A packet with its real addresses and bytes, as a capture would have it: what traces are made of, on
// the simulated and the real kernel alike. The simulation itself moves wire::packet.
#pragma once

#include <fourtuple/address.h>

#include <cstdint>
#include <string>
#include <variant>

#include "sim/wire/segment.h"

namespace fourtuple::wire {

/// ICMP or ICMPv6 destination unreachable and the like, about a packet that is quoted.
struct icmp_message {
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::uint16_t mtu = 0;  ///< fragmentation needed / packet too big
  bool about_tcp = true;  ///< else UDP
  endpoint quoted_source;
  endpoint quoted_destination;
  segment quoted;  ///< TCP: its header; `length` is the payload the packet had, also for UDP
};

struct udp_header {};

/// `tcp` is a segment whose tuple and payload id mean nothing here. Ports of ICMP are 0.
struct frame {
  endpoint source;
  endpoint destination;
  std::variant<segment, udp_header, icmp_message> what;
  std::string payload;
  std::uint8_t ttl = 64;  ///< IPv6: hop limit

  [[nodiscard]] const segment* tcp() const { return std::get_if<segment>(&what); }
  [[nodiscard]] const icmp_message* icmp() const { return std::get_if<icmp_message>(&what); }
  [[nodiscard]] bool udp() const { return std::holds_alternative<udp_header>(what); }
};

}  // namespace fourtuple::wire
