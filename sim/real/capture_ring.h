// Packets of one network namespace in memory that the kernel fills (packet(7), PACKET_RX_RING with
// TPACKET_V3). A packet is copied as it passes; a socket that queues packets would hold a clone of
// each until it is read, and TCP does not put a segment that somebody else holds together with the
// next one (skb_try_coalesce()): receivers would be watched into offering smaller windows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

#include "sim/real/descriptor.h"

namespace fourtuple::real {

/// A packet from its IP header on, as it passed.
struct captured {
  std::string_view bytes;  ///< valid while it is shown
  bool outgoing = false;
  std::int64_t at_ns = 0;  ///< CLOCK_REALTIME
};

class capture_ring {
 public:
  capture_ring() = default;
  capture_ring(capture_ring&& other) noexcept
      : socket_(std::move(other.socket_)),
        memory_(std::exchange(other.memory_, nullptr)),
        blocks_(std::exchange(other.blocks_, 0)),
        next_(other.next_) {}
  capture_ring& operator=(capture_ring&&) = delete;
  ~capture_ring();

  /// Captures in the calling thread's network namespace from now on, into at most `bytes` of memory
  /// (less where the kernel has not so much). Needs CAP_NET_RAW there. 0, or errno.
  [[nodiscard]] int open(std::size_t bytes);
  /// Shows what waits, oldest first, and gives its memory back. What came within the last
  /// retire_ms may still be on its way.
  void take(const std::function<void(const captured&)>& show);
  /// Packets for which there was no room since the last call.
  [[nodiscard]] std::uint32_t take_drops();

  /// A block is closed so long after its first packet at the latest: a reader may be late by that
  /// times the number of blocks.
  static constexpr unsigned retire_ms = 20;

 private:
  file socket_;
  char* memory_ = nullptr;
  std::size_t blocks_ = 0;
  std::size_t next_ = 0;  ///< block to be shown next
};

}  // namespace fourtuple::real
