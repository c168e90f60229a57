// What TCP and UDP sockets do alike with their options.
#pragma once

#include <fourtuple/address.h>
#include <fourtuple/errc.h>
#include <fourtuple/process.h>

#include <algorithm>
#include <cstdint>
#include <optional>

#include "sim/profile/profile.h"

namespace fourtuple::host {

constexpr std::int64_t least_rcvbuf = 2304;  ///< SOCK_MIN_RCVBUF
constexpr std::int64_t least_sndbuf = 4608;  ///< SOCK_MIN_SNDBUF

/// net.core.rmem_max and wmem_max at boot: 4 MiB since 6.18 (SK_RMEM_MAX, SK_WMEM_MAX).
constexpr std::uint32_t core_buffer_max(const profile::host_profile& p) {
  return p.version >= profile::kernel_version{6, 18} ? 4'194'304 : 212'992;
}

/// sk_setsockopt(SO_RCVBUF, SO_SNDBUF): doubled, at least the kernel's minimum. What is compared
/// with net.core.rmem_max (wmem_max), `most`, is unsigned, so that -1 asks for the most.
constexpr std::uint32_t stored_buffer(std::int64_t asked, std::int64_t least, std::uint32_t most) {
  const auto doubled = std::int64_t{std::min(static_cast<std::uint32_t>(asked), most)} * 2;
  return static_cast<std::uint32_t>(std::max(doubled, least));
}

/// IP_LOCAL_PORT_RANGE: both ends, 0 for either is the system's; nothing where it is EINVAL.
constexpr std::optional<profile::port_range> port_range_of(const option_value& v) {
  if (v.number < 0 || v.number > 65535 || v.second < 0 || v.second > 65535) return std::nullopt;
  if (v.number != 0 && v.second != 0 && v.number > v.second) return std::nullopt;
  return profile::port_range{static_cast<std::uint16_t>(v.number),
                             static_cast<std::uint16_t>(v.second)};
}

/// getsockopt(2) of a level that the socket has not: do_ip_getsockopt() says EOPNOTSUPP where
/// do_ipv6_getsockopt(), and setsockopt(2) of both, say ENOPROTOOPT.
constexpr errc of_another_level(family f) {
  return f == family::inet ? errc::eopnotsupp : errc::enoprotoopt;
}

}  // namespace fourtuple::host
