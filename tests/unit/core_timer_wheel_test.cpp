// The wheel against the formulas of kernel/time/timer.c and the durations that were measured.
#include "sim/core/timer_wheel.h"

#include <map>
#include <vector>

#include "sim/core/random.h"
#include "tests/support/catch.h"

using fourtuple::core::timer_wheel;

namespace {

constexpr std::uint64_t some_boot = 4'294'892'296;  // INITIAL_JIFFIES at HZ=250

/// Cookies in the order in which they run at `now`.
std::vector<std::uint64_t> run(timer_wheel& w, std::uint64_t now) {
  std::vector<std::uint32_t> due;
  w.collect(now, due);
  std::vector<std::uint64_t> cookies;
  for (const auto id : due) {
    if (const auto cookie = w.take(id)) cookies.push_back(cookie);
  }
  return cookies;
}

/// How many jiffies a timer of that delay lasts when armed at `now` on an otherwise empty wheel.
std::uint64_t lasts(std::uint64_t now, std::uint64_t delay) {
  timer_wheel w(now);
  w.arm(now, delay, 1);
  const auto at = w.next_expiry();
  CHECK(run(w, at - 1).empty());
  CHECK(run(w, at) == std::vector<std::uint64_t>{1});
  CHECK(w.next_expiry() == timer_wheel::none);
  return at - now;
}

struct bounds {
  std::uint64_t least = UINT64_MAX;
  std::uint64_t most = 0;
};

bounds range_of(std::uint64_t delay) {
  bounds b;
  for (std::uint64_t phase = 0; phase < 1100; ++phase) {
    const auto n = lasts(some_boot + phase, delay);
    b.least = std::min(b.least, n);
    b.most = std::max(b.most, n);
  }
  return b;
}

}  // namespace

TEST_CASE("at HZ=250 a timer of 60 s lasts 60.0 to 62.05 s and one of 1 s up to 1.032 s",
          "[core][timer_wheel]") {
  // One jiffy more than the delay at least: the jiffy in which it was armed had begun already.
  const auto minute = range_of(15'000);
  CHECK(minute.least == 15'001);
  CHECK(minute.most == 15'512);  // 62.048 s
  const auto second = range_of(250);
  CHECK(second.least == 251);
  CHECK(second.most == 258);  // 1.032 s
}

TEST_CASE("all timers of one 2.048 s slot end together", "[core][timer_wheel]") {
  timer_wheel w(some_boot);
  const std::uint64_t slot = (some_boot / 512 + 1) * 512;
  std::map<std::uint64_t, int> ended;
  for (std::uint64_t now = slot; now < slot + 512; ++now) {
    w.arm(now, 15'000, 1);
    CHECK(run(w, now).empty());
  }
  for (std::uint64_t now = slot + 512; now < slot + 20'000; ++now) {
    if (const auto n = run(w, now).size()) ended[now] += static_cast<int>(n);
  }
  // expires = slot + k + 15000; the multiples of 512 above it are two.
  REQUIRE(ended.size() == 2);
  CHECK(ended.begin()->first % 512 == 0);
  CHECK(ended.rbegin()->first - ended.begin()->first == 512);
  CHECK(ended.begin()->second + ended.rbegin()->second == 512);
}

TEST_CASE("a timer is never early and late by one granule of its level at most",
          "[core][timer_wheel]") {
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const auto bits = fourtuple::core::philox(1, i, 0);
    const auto now = some_boot + bits % 100'000;
    const auto delay = (bits >> 20) % (std::uint64_t{1} << (i % 26));
    std::uint64_t granule = 1;
    while (delay >= 63 * granule) granule *= 8;
    const auto n = lasts(now, delay);
    REQUIRE(n > delay);
    REQUIRE(n <= delay + granule);
    REQUIRE((now + n) % granule == 0);
    REQUIRE((now + n) / granule == (now + delay) / granule + 1);
  }
}

TEST_CASE("of timers due at one jiffy the coarse levels run first, each from the newest",
          "[core][timer_wheel]") {
  timer_wheel w(0);
  w.arm(0, 511, 1);   // level 2 (64 jiffies): due at 512
  w.arm(0, 509, 2);   // the same bucket, later armed
  w.arm(448, 62, 3);  // level 0: 511
  w.arm(448, 63, 4);  // level 1 (8 jiffies): 512
  w.arm(460, 51, 5);  // level 0: 512
  w.arm(460, 51, 6);
  CHECK(run(w, 511) == std::vector<std::uint64_t>{3});
  CHECK(run(w, 512) == std::vector<std::uint64_t>{2, 1, 4, 6, 5});
}

TEST_CASE("a cancelled timer does not run, also when it is cancelled by one of its jiffy",
          "[core][timer_wheel]") {
  timer_wheel w(1000);
  const auto first = w.arm(1000, 10, 1);
  const auto second = w.arm(1000, 10, 2);
  const auto third = w.arm(1000, 10, 3);
  w.cancel(second);
  std::vector<std::uint32_t> due;
  w.collect(1011, due);
  REQUIRE(due == std::vector<std::uint32_t>{third, first});
  CHECK(w.take(third) == 3);
  w.cancel(first);
  CHECK(w.take(first) == 0);
  CHECK(w.next_expiry() == timer_wheel::none);
}

TEST_CASE("the next expiry is that of the earliest timer left", "[core][timer_wheel]") {
  timer_wheel w(some_boot);
  std::map<std::uint32_t, std::uint64_t> armed;  // id -> expiry
  std::uint64_t now = some_boot;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const auto bits = fourtuple::core::philox(2, i, 0);
    const auto next = [&] {
      auto least = timer_wheel::none;
      for (const auto& [id, at] : armed) least = std::min(least, at);
      return least;
    };
    REQUIRE(w.next_expiry() == next());
    if (bits % 8 < 4 && armed.size() < 40) {
      const auto id = w.arm(now, (bits >> 8) % (std::uint64_t{1} << (bits >> 3) % 20), 1);
      armed[id] = w.expiry(id);
    } else if (bits % 8 < 6 && !armed.empty()) {
      const auto victim = armed.begin();
      w.cancel(victim->first);
      armed.erase(victim);
    } else {
      now += (bits >> 8) % 600;
      for (auto at = w.next_expiry(); at <= now; at = w.next_expiry()) {
        std::vector<std::uint32_t> due;
        w.collect(at, due);
        REQUIRE_FALSE(due.empty());
        for (const auto id : due) {
          REQUIRE(armed.at(id) == at);
          armed.erase(id);
          (void)w.take(id);
        }
      }
    }
  }
}

TEST_CASE("a timer of 2 s does not hide one of 1 s that is due before it", "[core][timer_wheel]") {
  // At HZ=250 2 s are 500 jiffies, in the last granule of level 1: its bucket may be the clock's own,
  // one turn later.
  timer_wheel w(1004);
  w.arm(1004, 250, 1);
  w.arm(1004, 500, 2);
  w.cancel(w.arm(1004, 1, 3));  // makes the wheel look for the next one again
  CHECK(w.next_expiry() == 1256);
  CHECK(run(w, 1256) == std::vector<std::uint64_t>{1});
  CHECK(w.next_expiry() == 1512);
}

TEST_CASE("a timer without delay that is armed while its jiffy's timers run fires at the next tick",
          "[core][timer_wheel]") {
  timer_wheel w(1000);
  w.arm(1000, 4, 1);
  CHECK(run(w, 1005) == std::vector<std::uint64_t>{1});
  // The wheel's clock stands one ahead now (calc_wheel_index: delta < 0 goes to the clock's
  // bucket).
  w.arm(1005, 0, 2);
  CHECK(w.next_expiry() == 1006);
  CHECK(run(w, 1006) == std::vector<std::uint64_t>{2});
}

TEST_CASE("a delay beyond the wheel ends at its capacity and disturbs no other timer",
          "[core][timer_wheel]") {
  constexpr std::uint64_t granule = std::uint64_t{1} << 24;
  constexpr std::uint64_t cutoff = 63 * granule;  // WHEEL_TIMEOUT_CUTOFF: 49 days at HZ=250
  timer_wheel w(0);
  w.arm(0, 20 * granule, 1);
  w.arm(0, (20 + 64) * granule, 2);
  w.arm(0, std::uint64_t{1} << 60, 3);
  CHECK(w.next_expiry() == 21 * granule);
  CHECK(run(w, 21 * granule) == std::vector<std::uint64_t>{1});
  CHECK(w.next_expiry() == cutoff);  // WHEEL_TIMEOUT_MAX, rounded up
  CHECK(run(w, cutoff) == std::vector<std::uint64_t>{3, 2});
}
