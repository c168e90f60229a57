// Packets as bytes from the IP header on (LINKTYPE_RAW), and back: IPv4 (RFC 791), IPv6 (RFC 8200), TCP
// (RFC 9293, options of RFC 7323 and RFC 2018), UDP (RFC 768), ICMP errors (RFC 792, RFC 4443).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/wire/frame.h"

namespace fourtuple::wire {

/// With the checksums right, TTL 64, don't-fragment set and TCP options in the order in which Linux
/// writes them (tcp_options_write). What a header cannot say is cut: a window of 16 bits, SACK blocks
/// that fit.
[[nodiscard]] std::string encode(const frame& f);

/// Nothing where it is not a whole packet of the kinds above. Checksums are not looked at (captures of
/// a host's own packets often have none yet); unknown TCP options and IP options are passed over.
[[nodiscard]] std::optional<frame> decode(std::string_view bytes);

/// The Internet checksum (RFC 1071) of `bytes`, 0 where they contain a right one.
[[nodiscard]] std::uint16_t internet_checksum(std::string_view bytes);

}  // namespace fourtuple::wire
