// Whatever one host hands to another: a TCP segment, a UDP datagram or an ICMP error.
#pragma once

#include <array>
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
  /// Its sender cut it into fragments of this size; 0: it is whole, and may not be cut (DF).
  std::uint16_t fragment_mtu = 0;
};

enum class protocol : std::uint8_t { tcp, udp };

/// Why a packet was not passed on.
enum class icmp_kind : std::uint8_t {
  unreachable,    ///< `code` says what
  time_exceeded,  ///< its hop limit was used up
  too_big,        ///< for the next link, of which `mtu` speaks: IPv4's fragmentation needed
};

/// An error message, ICMP's or ICMPv6's by the family of its addresses, about a packet that its receiver (or
/// a router) would not pass on. `about` is the quoted four-tuple as the sender of
/// that packet sees it, who also gets the message; `from` is who complains. What else is quoted stands
/// field by field: no message is larger than a segment. Made and read by icmp.h.
struct icmp_error {
  four_tuple about;
  address_id from;
  seq quoted_seq = 0;               ///< TCP, as all up to quoted_length
  seq quoted_ack = 0;
  std::uint32_t quoted_ts_value = 0;
  std::uint32_t quoted_ts_echo = 0;
  std::uint32_t quoted_length = 0;  ///< payload bytes of the packet; also UDP
  std::uint16_t quoted_window = 0;
  std::uint16_t quoted_mss = 0;
  std::uint8_t quoted_flags = 0;
  std::uint8_t quoted_window_scale = segment::no_window_scale;
  bool quoted_sack_permitted = false;
  bool quoted_has_timestamps = false;
  std::uint8_t quoted_sack_count = 0;
  std::uint8_t code = 0;
  wire::protocol protocol = wire::protocol::tcp;
  icmp_kind kind = icmp_kind::unreachable;
  std::uint16_t mtu = 0;
  std::array<sack_block, 3> quoted_sack{};
};
static_assert(sizeof(icmp_error) <= sizeof(segment));

using packet = std::variant<segment, datagram, icmp_error>;

}  // namespace fourtuple::wire
