// What of a link may change while it carries packets, as data: what a script's `link` step and
// `changes:` say and what both kernels' worlds can be told.
#pragma once

#include <fourtuple/time.h>

#include <cstdint>
#include <optional>

namespace fourtuple {

/// Absent members stay as they are. Shares are millionths; the queue is in packets or in bytes.
struct link_change {
  std::optional<duration> latency;  ///< one way; not to or from 0
  std::optional<duration> jitter;
  std::optional<std::uint64_t> bandwidth;  ///< bit/s; 0: no limit
  std::optional<std::uint64_t> queue_packets;
  std::optional<std::uint64_t> queue_bytes;  ///< 0: counted in packets
  std::optional<std::uint32_t> loss;
  std::optional<std::uint32_t> duplicate;
  std::optional<std::uint32_t> reorder;
  std::optional<bool> up;
  friend bool operator==(const link_change&, const link_change&) = default;
};

}  // namespace fourtuple
