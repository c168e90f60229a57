#include <chrono>
#include <vector>

#include "sim/apps/arrivals.h"
#include "sim/apps/retry.h"
#include "sim/core/random.h"
#include "tests/support/catch.h"

using namespace fourtuple;
using namespace std::chrono_literals;
using apps::arrivals;

namespace {

spec::rate per_second(std::uint64_t n) { return {n, 1'000'000'000}; }

std::vector<std::int64_t> all_of(arrivals a) {
  std::vector<std::int64_t> times;
  while (const auto t = a.next()) times.push_back(t->count());
  return times;
}

}  // namespace

TEST_CASE("a constant rate puts attempt k at floor((k - 1) / rate), without drift",
          "[apps][arrivals]") {
  arrivals a = arrivals::constant(per_second(3));
  CHECK(a.next() == duration{0});
  CHECK(a.next() == duration{333'333'333});
  CHECK(a.next() == duration{666'666'666});
  CHECK(a.next() == duration{1'000'000'000});
  for (int i = 4; i < 3'000'000; ++i) static_cast<void>(a.next());
  CHECK(a.next() == duration{1'000'000s});
}

TEST_CASE("a rate that changes goes on from where it stands", "[apps][arrivals]") {
  arrivals a =
      arrivals::constant(per_second(10), {{250ms, per_second(100)}, {256ms, per_second(1)}});
  CHECK(a.next() == duration{0ms});
  CHECK(a.next() == duration{100ms});
  CHECK(a.next() == duration{200ms});
  CHECK(a.next() ==
        duration{255ms});  // 2.5 requests are earned by 250 ms, the half that is left takes 5
  CHECK(a.next() == duration{1156ms});  // a tenth by 256 ms, nine tenths of a second for the rest
  CHECK(a.next() == duration{2156ms});
}

TEST_CASE("a stage of no length is a jump, and what follows is a constant rate",
          "[apps][arrivals]") {
  const auto times = all_of(arrivals::ramps({{0s, per_second(1000)}, {3s, per_second(1000)}}));
  REQUIRE(times.size() == 3000);
  CHECK(times[1] == 1'000'000);
  CHECK(times[2999] == 2'999'000'000);
}

TEST_CASE("a ramp from 0 to 100/s in 10 s brings 500, at the square roots", "[apps][arrivals]") {
  const auto times = all_of(arrivals::ramps({{10s, per_second(100)}}));
  REQUIRE(times.size() == 500);
  CHECK(times[0] == 0);
  CHECK(times[1] == 447'213'595);    // sqrt(2 * 1 * 10 / 100) s
  CHECK(times[5] == 1'000'000'000);  // sqrt(2 * 5 * 10 / 100) s, exactly
  CHECK(times[499] == 9'989'994'994);
}

TEST_CASE("what one ramp leaves over goes on in the next", "[apps][arrivals]") {
  const auto times =
      all_of(arrivals::ramps({{1500ms, per_second(3)}, {2s, per_second(3)}, {1s, per_second(0)}}));
  // 2.25 + 6 + 1.5 = 9.75 happenings
  REQUIRE(times.size() == 10);
  CHECK(times[3] == 1'750'000'000);  // 0.75 happenings after 1.5 s at 3/s
  CHECK(times[8] == 3'416'666'666);
  for (std::size_t i = 1; i < times.size(); ++i) CHECK(times[i] > times[i - 1]);
}

TEST_CASE("nothing happens while the rate is 0", "[apps][arrivals]") {
  const auto times = all_of(arrivals::ramps({{1s, per_second(0)},
                                             {0s, per_second(2)},
                                             {1s, per_second(2)},
                                             {0s, per_second(0)},
                                             {5s, per_second(0)},
                                             {0s, per_second(1)},
                                             {1s, per_second(1)}}));
  CHECK(times == std::vector<std::int64_t>{1'000'000'000, 1'500'000'000, 7'000'000'000});
}

TEST_CASE("Poisson arrivals have the mean of their rate", "[apps][arrivals]") {
  arrivals a = arrivals::constant(per_second(500));
  duration last{};
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    const auto t = a.next_poisson(core::philox(7, i, 0));
    REQUIRE(t.has_value());
    CHECK(*t >= last);
    last = *t;
  }
  CHECK(last > 198s);
  CHECK(last < 202s);
}

TEST_CASE("retries back off by a factor, plus a draw", "[apps][retry]") {
  spec::retry_rules r;
  r.after = 100ms;
  CHECK(apps::retry_wait(r, 1, 0) == 100ms);
  CHECK(apps::retry_wait(r, 5, 0) == 100ms);
  r.backoff_permille = 2000;
  CHECK(apps::retry_wait(r, 1, 0) == 100ms);
  CHECK(apps::retry_wait(r, 4, 0) == 800ms);
  CHECK(apps::retry_wait(r, 4'000'000, 0) == duration{8760h});
  r.jitter = 50ms;
  CHECK(apps::retry_wait(r, 1, 0) == 100ms);
  CHECK(apps::retry_wait(r, 1, ~std::uint64_t{0}) == 150ms);
  r.jitter_ppm = 100'000;
  CHECK(apps::retry_wait(r, 2, ~std::uint64_t{0}) == 220ms);
}
