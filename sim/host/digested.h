// What the records of a host's digest say, and how a connection is named in one.
#pragma once

#include <cstdint>

#include "sim/wire/four_tuple.h"

namespace fourtuple::host {

/// The lowest byte of a record's last word.
namespace digested {
inline constexpr std::uint64_t segment = 1;    ///< sent
inline constexpr std::uint64_t time_wait = 2;  ///< ended
inline constexpr std::uint64_t datagram = 3;   ///< sent
inline constexpr std::uint64_t forwarded = 4;  ///< a packet
}  // namespace digested

/// All of the four-tuple but the host's own address, as it stands in memory: one load.
[[nodiscard]] constexpr std::uint64_t remote_and_ports(const wire::four_tuple& t) {
  return t.remote.value | std::uint64_t{t.local_port} << 32 | std::uint64_t{t.remote_port} << 48;
}

}  // namespace fourtuple::host
