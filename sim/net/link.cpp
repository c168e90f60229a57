#include "sim/net/link.h"

#include <algorithm>

#include "sim/core/random.h"

namespace fourtuple::net {
namespace {

/// The second word of the draw's counter.
enum draw : std::uint64_t { loss, duplicate, reorder, jitter };

/// ceil(bytes * 8 / bandwidth), in ns.
duration serialization(std::uint32_t bytes, std::uint64_t bandwidth) {
  __extension__ using wide = unsigned __int128;
  const wide bits = static_cast<wide>(bytes) * 8 * 1'000'000'000;
  return duration{static_cast<std::int64_t>((bits + bandwidth - 1) / bandwidth)};
}

}  // namespace

bool link_direction::happens(std::uint32_t millionths, std::uint64_t draw) const {
  return millionths != 0 && core::below(core::philox(key_, packets_, draw), 1'000'000) < millionths;
}

std::optional<instant> link_direction::transmit(const link_shape& shape, instant now,
                                                std::uint32_t bytes) {
  if (shape.bandwidth == 0) return now;
  while (!queue_.empty() && queue_.front().begins <= now) queued_bytes_ -= queue_.pop().bytes;
  if (free_ > now) {
    const bool full = shape.queue_bytes != 0 ? queued_bytes_ + bytes > shape.queue_bytes
                                             : queue_.size() >= shape.queue_packets;
    if (full) return std::nullopt;
    queue_.push({free_, bytes});
    queued_bytes_ += bytes;
  }
  free_ = std::max(free_, now) + serialization(bytes, shape.bandwidth);
  return free_;
}

link_direction::fate link_direction::pass(const link_shape& shape, instant now,
                                          std::uint32_t bytes) {
  if (!shape.up) return {};
  ++packets_;
  const auto left = transmit(shape, now, bytes);
  if (!left || happens(shape.loss, draw::loss)) return {};
  instant at = *left + shape.latency;
  if (shape.jitter != duration{}) {
    const auto most = static_cast<std::uint64_t>(ns(shape.jitter)) + 1;
    at += duration{
        static_cast<std::int64_t>(core::below(core::philox(key_, packets_, draw::jitter), most))};
  }
  if (shape.reorder == 0) {
    at = last_arrival_ = std::max(at, last_arrival_);  // a direction keeps its order
  } else if (happens(shape.reorder, draw::reorder)) {
    at += shape.latency;
  }
  fate f{at, {}};
  if (happens(shape.duplicate, draw::duplicate)) f.again = at;
  return f;
}

}  // namespace fourtuple::net
