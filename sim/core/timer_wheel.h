// The kernel's timer wheel (kernel/time/timer.c) for one host: nine levels of 64 buckets, each level
// eight times coarser than the one below. A timer is never early and often late: its expiry is rounded
// up to the next multiple of its level's granularity, and all timers of a bucket fire together. That
// rounding is why TIME-WAIT lasts 60.0 to 62.05 s at HZ=250.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace fourtuple::core {

/// Times are jiffies. A timer is an id of the wheel, made by arm() and gone after it fires or is
/// cancelled; id 0 is none. `cookie` is the owner's, not 0, of 48 bits.
class timer_wheel {
 public:
  static constexpr std::uint64_t none = UINT64_MAX;

  explicit timer_wheel(std::uint64_t now) : clk_(now) { nodes_.emplace_back(); }

  /// A new timer, as add_timer() with expires = now + delay; delays beyond 49 days (HZ=250) end
  /// there, as the kernel's.
  std::uint32_t arm(std::uint64_t now, std::uint64_t delay, std::uint64_t cookie) {
    return rearm(0, now, delay, cookie);
  }
  /// mod_timer(timer, now + delay), with the cookie it has; `id` 0: a new one. A timer whose bucket
  /// stays the same keeps its place in it. The id may be another afterwards (the old one was
  /// collected and waited for take()).
  std::uint32_t rearm(std::uint32_t id, std::uint64_t now, std::uint64_t delay,
                      std::uint64_t cookie);
  void cancel(std::uint32_t id);
  /// When its bucket is due; 0 where it was collected and waits for take().
  [[nodiscard]] std::uint64_t expiry(std::uint32_t id) const {
    const auto number = nodes_[id].bucket;
    return number == collected ? 0 : bucket_at(number).expiry;
  }
  /// The jiffy of the next bucket that is not empty; none if there is none.
  [[nodiscard]] std::uint64_t next_expiry() const { return next_; }

  /// Appends the timers due at `now` to `due` in the order in which the kernel runs them
  /// (__run_timers): the outer levels first, each bucket from its newest. take() each in turn: one of
  /// them may cancel another.
  void collect(std::uint64_t now, std::vector<std::uint32_t>& due);
  /// By so many jiffies at most a timer of that delay is late.
  [[nodiscard]] static constexpr std::uint64_t granularity(std::uint64_t delay) {
    return std::uint64_t{1} << (clk_shift * level_of(delay));
  }
  /// The cookie of a collected timer, whose id is free then; 0 where it was cancelled meanwhile.
  [[nodiscard]] std::uint64_t take(std::uint32_t id);

 private:
  static constexpr unsigned level_count = 9;
  static constexpr unsigned level_size = 64;
  static constexpr unsigned clk_shift = 3;
  /// WHEEL_TIMEOUT_CUTOFF and WHEEL_TIMEOUT_MAX: a longer delay ends at the wheel's capacity.
  static constexpr std::uint64_t cutoff = std::uint64_t{level_size - 1}
                                          << (clk_shift * (level_count - 1));
  static constexpr std::uint64_t longest =
      cutoff - (std::uint64_t{1} << (clk_shift * (level_count - 1)));
  static constexpr std::uint16_t collected = 0xffff;
  [[nodiscard]] static constexpr unsigned level_of(std::uint64_t delay) {
    unsigned l = 0;
    while (delay >= std::uint64_t{level_size - 1} << (clk_shift * l)) ++l;
    return l;
  }
  struct node {
    std::uint32_t next = 0;
    std::uint32_t prev = 0;  ///< 0: the bucket's head
    std::uint32_t cookie_low = 0;
    std::uint16_t cookie_high = 0;
    std::uint16_t bucket = 0;

    [[nodiscard]] std::uint64_t cookie() const {
      return std::uint64_t{cookie_high} << 32 | cookie_low;
    }
    void set_cookie(std::uint64_t cookie) {
      cookie_low = static_cast<std::uint32_t>(cookie);
      cookie_high = static_cast<std::uint16_t>(cookie >> 32);
    }
  };
  static_assert(sizeof(node) == 16);
  struct place {
    unsigned bucket;
    std::uint64_t expiry;
  };
  struct bucket {
    std::uint64_t expiry = 0;
    std::uint32_t head = 0;
  };
  using level = std::array<bucket, level_size>;
  void forward(std::uint64_t now) {
    if (now > clk_) clk_ = now < next_ ? now : next_;
  }
  [[nodiscard]] place place_of(std::uint64_t expires) const;
  [[nodiscard]] bucket& bucket_at(unsigned number) const {
    return (*levels_[number / level_size])[number % level_size];
  }
  [[gnu::noinline]] void grow();
  [[nodiscard]] std::uint32_t allocate(std::uint64_t cookie);
  [[gnu::noinline]] void make_level(unsigned number);
  void link(std::uint32_t id, const place& p);
  void unlink(const node& n);
  void detach(unsigned number, std::vector<std::uint32_t>& due);
  [[gnu::noinline]] void find_next();  // seldom: not into every cancel

  std::vector<node> nodes_;
  std::uint32_t free_ = 0;
  std::uint64_t clk_;
  std::uint64_t next_ = none;
  std::array<std::uint64_t, level_count> pending_{};
  /// Made at a level's first timer: hosts are many, and most arm few.
  std::array<std::unique_ptr<level>, level_count> levels_;
};

}  // namespace fourtuple::core
