#include "sim/core/random.h"

#include <cmath>
#include <vector>

#include "tests/support/catch.h"

using namespace fourtuple::core;

TEST_CASE("Philox4x32-10 gives the published values", "[core][random]") {
  // Random123, tests/kat_vectors: the first two of the four words.
  CHECK(philox(0, 0, 0) == 0xe169c58d'6627e8d5);
  CHECK(philox(UINT64_MAX, UINT64_MAX, UINT64_MAX) == 0x41c83b0e'408f276d);
  CHECK(philox(0x299f31d0'a4093822, 0x85a308d3'243f6a88, 0x03707344'13198a2e) ==
        0x94fdcceb'd16cfe09);
}

TEST_CASE("a number below n is spread evenly and never n", "[core][random]") {
  CHECK(below(UINT64_MAX, 7) == 6);
  CHECK(below(0, 7) == 0);
  CHECK(below(UINT64_MAX, 1) == 0);
  std::vector<int> seen(7);
  for (std::uint64_t i = 0; i < 70'000; ++i) ++seen[below(philox(3, i, 0), 7)];
  for (const int n : seen) {
    CHECK(n > 9'600);
    CHECK(n < 10'400);
  }
}

TEST_CASE("streams of other entities, purposes and seeds are other streams", "[core][random]") {
  const auto base = stream_key(1, 1, purpose::isn);
  CHECK(base != stream_key(2, 1, purpose::isn));
  CHECK(base != stream_key(1, 2, purpose::isn));
  CHECK(base != stream_key(1, 1, purpose::ports));
  CHECK(base == stream_key(1, 1, purpose::isn));
}

TEST_CASE("exponential gaps are -ln(u) to a billionth", "[core][random]") {
  constexpr std::int64_t mean = std::int64_t{1} << 40;
  for (std::uint64_t i = 0; i < 200'000; ++i) {
    // Also u near 0 and near 1, where an approximation shows first.
    const auto bits = i % 3 == 0   ? philox(4, i, 0)
                      : i % 3 == 1 ? philox(4, i, 0) >> (i % 64)
                                   : ~(philox(4, i, 0) >> (i % 64));
    const long double u = std::ldexp(static_cast<long double>(bits) + 1, -64);
    const long double want = -std::log(u) * static_cast<long double>(mean);
    const auto got = static_cast<long double>(exponential_ns(bits, mean));
    REQUIRE(std::fabs(got - want) <= want * 1e-9L + 1.5L);
  }
}
