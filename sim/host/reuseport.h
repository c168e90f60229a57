// SO_REUSEPORT: which of a group of sockets gets a connection or a datagram (reuseport_select_sock).
#pragma once

#include <cstdint>
#include <vector>

#include "sim/core/random.h"
#include "sim/host/host_config.h"

namespace fourtuple::host {

/// By the hash of the four-tuple, as who sent the packet sees it. The group is not empty.
[[nodiscard]] inline std::uint32_t member_of_group(const std::vector<std::uint32_t>& group,
                                                   const wire::four_tuple& t,
                                                   const host_config& config) {
  const std::uint64_t key =
      core::stream_key(config.seed, config.entity, core::purpose::reuseport);
  const std::uint64_t draw = core::philox(key, wire::hash(t), 0);
  return group[core::below(draw, group.size())];
}

}  // namespace fourtuple::host
