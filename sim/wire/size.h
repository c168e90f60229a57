// How many bytes a packet has on a wire.
#pragma once

#include <cstdint>

#include "sim/wire/packet.h"

namespace fourtuple::wire {

inline constexpr std::uint32_t ethernet_header = 14;

/// Bytes of the TCP options as Linux writes them (tcp_options_size()), a multiple of 4.
[[nodiscard]] std::uint32_t option_bytes(const segment& s);
/// From the IP header on. DEVIATION: a datagram larger than the MTU counts as one packet, its
/// fragments' headers are left out: 20 bytes in 1,480 on a link with a bandwidth.
[[nodiscard]] std::uint32_t ip_bytes(const packet& p, bool ipv6);
/// Packets that a datagram travels in on a real network, by the MTU its sender cut it for.
[[nodiscard]] std::uint16_t fragments_of(const datagram& d, bool ipv6);

}  // namespace fourtuple::wire
