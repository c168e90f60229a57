// The kernel's timer wheel (kernel/time/timer.c) for one host: nine levels of 64 buckets, each level
// eight times coarser than the one below. A timer is never early and often late: its expiry is rounded
// up to the next multiple of its level's granularity, and all timers of a bucket fire together. That
// rounding is why TIME-WAIT lasts 60.0 to 62.05 s at HZ=250.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace fourtuple::core {

/// Times are jiffies. A timer is an id of the wheel, made by arm() and gone after it fires or is
/// cancelled; id 0 is none. `cookie` is the owner's.
class timer_wheel {
 public:
  static constexpr std::uint64_t none = UINT64_MAX;

  explicit timer_wheel(std::uint64_t now) : clk_(now) { nodes_.emplace_back(); }

  /// mod_timer(timer, now + delay).
  std::uint32_t arm(std::uint64_t now, std::uint64_t delay, std::uint64_t cookie);
  void cancel(std::uint32_t id);
  /// When its bucket is due.
  [[nodiscard]] std::uint64_t expiry(std::uint32_t id) const {
    return bucket_expiry_[nodes_[id].bucket];
  }
  /// The jiffy of the next bucket that is not empty; none if there is none.
  [[nodiscard]] std::uint64_t next_expiry() const { return next_; }

  /// Moves the timers due at `now` (__run_timers) to `due` as cookies, in the order in which the kernel
  /// runs them: outer levels last-in first... each bucket from its head, the newest first.
  void collect(std::uint64_t now, std::vector<std::uint64_t>& due);

 private:
  static constexpr unsigned levels = 9;
  static constexpr unsigned level_size = 64;
  static constexpr unsigned clk_shift = 3;
  struct node {
    std::uint64_t cookie = 0;
    std::uint32_t next = 0;
    std::uint32_t prev = 0;  ///< 0: the bucket's head
    std::uint16_t bucket = 0;
  };
  void place(std::uint32_t id, std::uint64_t expires);
  void take_bucket(unsigned bucket, std::vector<std::uint64_t>& due);
  void find_next();

  std::vector<node> nodes_;
  std::uint32_t free_ = 0;
  std::uint64_t clk_;
  std::uint64_t next_ = none;
  std::array<std::uint64_t, levels> pending_{};
  std::array<std::uint32_t, levels * level_size> heads_{};
  std::array<std::uint64_t, levels * level_size> bucket_expiry_{};
};

}  // namespace fourtuple::core
