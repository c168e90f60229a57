// A host's timers: the kernel's wheel in jiffies, or under `timers: ideal` the exact moment. One token
// in the world's event queue stands for the next bucket that is not empty.
#pragma once

#include <fourtuple/time.h>

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "sim/core/timer_wheel.h"
#include "sim/host/surroundings.h"
#include "sim/tcp/limits.h"

namespace fourtuple::host {

/// What a timer is about; with the index of its record it is the timer's name.
enum class timer_kind : std::uint8_t {
  retransmit,
  delayed_ack,
  keepalive,
  time_wait,
  request,
  linger,
};

struct timer_settings {
  std::uint32_t hz = 250;
  duration boot{};  ///< how long the host has been up when the run starts: the phase of its jiffies
  bool ideal = false;
};

/// SO_RCVTIMEO and SO_SNDTIMEO as the kernel keeps them: whole jiffies, rounded up
/// (sock_set_timeout).
[[nodiscard]] inline duration kept_timeout(std::int64_t nanoseconds, std::uint32_t hz) {
  const std::int64_t jiffy = 1'000'000'000 / hz;
  const std::int64_t microseconds = nanoseconds / 1000;  // all that a timeval can say
  return duration{(microseconds * 1000 + jiffy - 1) / jiffy * jiffy};
}

class timers {
 public:
  struct due {
    timer_kind kind;
    std::uint32_t index;
  };

  timers(surroundings& world, const timer_settings& how);

  /// Fires `delay` jiffies from now, later as the wheel has it. The id is gone after it fired.
  std::uint32_t arm(timer_kind kind, std::uint32_t index, std::uint64_t delay) {
    return rearm(0, kind, index, delay);
  }
  /// The same for a timer that may be armed already (mod_timer); `id` 0: it is not.
  std::uint32_t rearm(std::uint32_t id, timer_kind kind, std::uint32_t index, std::uint64_t delay);
  void cancel(std::uint32_t id) {
    if (how_.ideal) [[unlikely]] {
      cancel_exactly(id);
    } else {
      wheel_.cancel(id);
    }
  }
  /// When it will fire.
  [[nodiscard]] instant expiry(std::uint32_t id) const;

  [[nodiscard]] std::uint64_t jiffy() const { return clock().jiffy; }
  [[nodiscard]] const tcp::clock& clock() const {
    const instant now = world_.now();
    if (now == clock_.now) return clock_;
    if (now > clock_.now && now < clock_changes_) [[likely]] {
      clock_.move_within_ms(now);
    } else {
      read_clock(now);
    }
    return clock_;
  }

  /// The token came: `fire(due)` for each timer that is due now.
  template <class Fire>
  void on_token(const Fire& fire) {
    collect();
    for (std::size_t i = 0; i < batch_.size(); ++i) {
      const std::uint64_t cookie = take(batch_[i]);
      if (cookie == 0) continue;
      fire(due{static_cast<timer_kind>(cookie >> 32 & 0xff), static_cast<std::uint32_t>(cookie)});
    }
    batch_.clear();
    schedule();
  }

 private:
  struct exact {
    instant at;
    std::uint64_t cookie = 0;
  };
  [[gnu::noinline]] void read_clock(instant now) const;
  [[nodiscard]] std::uint64_t jiffy_at(instant t) const;
  [[nodiscard]] instant instant_of(std::uint64_t jiffy) const;
  [[nodiscard]] instant next() const;
  [[nodiscard, gnu::noinline]] std::uint32_t arm_exactly(std::uint64_t delay, std::uint64_t cookie);
  [[gnu::noinline]] void cancel_exactly(std::uint32_t id);
  [[gnu::noinline]] void schedule();
  void collect();
  [[nodiscard]] std::uint64_t take(std::uint32_t id);

  surroundings& world_;
  timer_settings how_;
  core::timer_wheel wheel_;
  mutable tcp::clock clock_;  ///< of the instant last asked for: a step asks several times
  mutable instant next_jiffy_{};     ///< when clock_.jiffy ends
  mutable instant clock_changes_{};  ///< but for clock_.us: a busy host asks often within a ms
  std::uint64_t token_jiffy_ = core::timer_wheel::none;  ///< of token_, where it is the wheel's
  std::vector<std::uint32_t> batch_;
  instant token_ = never;
  // ideal only
  std::vector<exact> exact_;
  std::vector<std::uint32_t> free_exact_;
  std::set<std::pair<instant, std::uint32_t>> order_;
};

}  // namespace fourtuple::host
