// Whatever one host hands to another: a TCP segment, a UDP datagram or an ICMP error.
#pragma once

#include <fourtuple/errc.h>

#include <cstdint>
#include <variant>

#include "sim/wire/four_tuple.h"
#include "sim/wire/segment.h"

namespace fourtuple::wire {

/// A UDP datagram (RFC 768); tuple as the sender sees it. Payload as in segment.
struct datagram {
  four_tuple tuple;
  std::uint32_t length = 0;
  std::uint32_t payload = 0;
};

enum class protocol : std::uint8_t { tcp, udp };

/// An ICMP error about a packet that its receiver (or a router) could not pass on. `about` is the
/// quoted four-tuple as the sender of that packet sees it; `from` is who complains.
struct icmp_error {
  four_tuple about;
  address_id from;
  seq quoted_seq = 0;     ///< TCP: the sequence number quoted
  errc error = errc::ok;  ///< what the code means to a socket (net/ipv4/icmp.c icmp_err_convert)
  bool hard = false;      ///< fatal for a connected UDP socket
  wire::protocol protocol = wire::protocol::tcp;
};

using packet = std::variant<segment, datagram, icmp_error>;

}  // namespace fourtuple::wire
