// One direction of a link: how long the transmitter is busy, what waits behind it, what gets lost
// on the way. Plain state and numbers; it belongs to the node that sends.
#pragma once

#include <fourtuple/time.h>

#include <cstdint>
#include <optional>

#include "sim/core/ring.h"
#include "sim/spec/host.h"

namespace fourtuple::net {

using spec::link_shape;

class link_direction {
 public:
  /// `key` is the random stream of this direction.
  explicit link_direction(std::uint64_t key) : key_(key) {}

  struct fate {
    std::optional<instant> arrives;  ///< nothing: dropped or lost
    std::optional<instant> again;    ///< its duplicate
  };
  /// A packet of `bytes`, Ethernet header included, is handed to the link now.
  [[nodiscard]] fate pass(const link_shape& shape, instant now, std::uint32_t bytes);

 private:
  /// When its last bit has left; nothing where the queue is full.
  [[nodiscard]] std::optional<instant> transmit(const link_shape& shape, instant now,
                                                std::uint32_t bytes);
  [[nodiscard]] bool happens(std::uint32_t millionths, std::uint64_t draw) const;

  /// A packet that has to wait, and when its turn comes.
  struct waiting {
    instant begins{};
    std::uint32_t bytes = 0;
  };
  std::uint64_t key_;
  std::uint64_t packets_ = 0;  ///< handed over so far: the counter of the draws
  instant free_{};             ///< when the transmitter is idle again
  instant last_arrival_{};
  core::ring<waiting> queue_;
  std::uint64_t queued_bytes_ = 0;
};

}  // namespace fourtuple::net
