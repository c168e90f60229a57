// Slab, ring, frame pool, digest and assertions.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "sim/core/assert.h"
#include "sim/core/digest.h"
#include "sim/core/frame_pool.h"
#include "sim/core/one_piece.h"
#include "sim/core/ring.h"
#include "sim/core/slab.h"
#include "tests/support/catch.h"

using namespace fourtuple::core;
using Catch::Matchers::Contains;

namespace {

/// Counts how many of it are alive.
struct counted {
  explicit counted(int& alive, int number = 0) : alive_(&alive), value(number) { ++*alive_; }
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  ~counted() { --*alive_; }
  int* alive_;
  int value;
};

}  // namespace

TEST_CASE("a failed assertion says where, what and the expression", "[core][assert]") {
  FOURTUPLE_ASSERT(true, "never shown");
  CHECK_THROWS_AS([] { FOURTUPLE_ASSERT(1 + 1 == 3, "arithmetic is broken"); }(), internal_error);
  try {
    FOURTUPLE_ASSERT(1 + 1 == 3, "arithmetic is broken");
  } catch (const internal_error& e) {
    CHECK_THAT(e.what(), Contains("core_containers_test.cpp") && Contains("1 + 1 == 3") &&
                             Contains("arithmetic is broken"));
  }
}

TEST_CASE("a slab's records stay where they are while it grows", "[core][slab]") {
  slab<std::string> s;
  const auto first = s.make("first");
  const std::string* const where = &s[first];
  for (int i = 0; i < 5000; ++i) s.make(std::to_string(i));
  CHECK(&s[first] == where);
  CHECK(s[first] == "first");
  CHECK(s.size() == 5001);
}

TEST_CASE("a slab never gives out index 0 and reuses the last freed first", "[core][slab]") {
  slab<int> s;
  const auto a = s.make(1);
  const auto b = s.make(2);
  const auto c = s.make(3);
  CHECK(std::set<std::uint32_t>{0, a, b, c}.size() == 4);
  s.free(a);
  s.free(b);
  CHECK_FALSE(s.live(a));
  CHECK(s.make(4) == b);
  CHECK(s.make(5) == a);
  CHECK_FALSE(s.live(0));
  CHECK_FALSE(s.live(99'999));
}

TEST_CASE("a slab visits the living in the order of indices and destroys them with it",
          "[core][slab]") {
  int alive = 0;
  {
    slab<counted> s;
    std::vector<std::uint32_t> indices;
    for (int i = 0; i < 3000; ++i) indices.push_back(s.make(alive, i));
    for (std::size_t i = 0; i < indices.size(); i += 2) s.free(indices[i]);
    CHECK(alive == 1500);
    int expected = 1;
    s.each([&](std::uint32_t, const counted& c) {
      REQUIRE(c.value == expected);
      expected += 2;
    });
    CHECK(expected == 3001);
  }
  CHECK(alive == 0);
}

TEST_CASE("freeing a record twice is our own mistake", "[core][slab]") {
  slab<int> s;
  const auto a = s.make(1);
  s.free(a);
  CHECK_THROWS_AS(s.free(a), internal_error);
  CHECK_THROWS_AS(s.free(0), internal_error);
}

TEST_CASE("a ring gives back in the order in which it took, across its growth", "[core][ring]") {
  ring<int> r;
  int in = 0;
  int out = 0;
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < 7; ++i, ++in) CHECK(r.push(in) == static_cast<std::uint32_t>(in));
    for (int i = 0; i < 3; ++i) CHECK(r.pop() == out++);
  }
  CHECK(r.size() == 800);
  CHECK(r.at(static_cast<std::uint32_t>(out + 5)) == out + 5);
  while (!r.empty()) CHECK(r.pop() == out++);
  CHECK(out == in);
}

TEST_CASE("a frame is reused by the next of its size class", "[core][frame_pool]") {
  frame_pool pool;
  void* const frame = pool.allocate(100);
  CHECK(reinterpret_cast<std::uintptr_t>(frame) % __STDCPP_DEFAULT_NEW_ALIGNMENT__ == 0);
  pool.free(frame, 100);
  CHECK(pool.allocate(112) == frame);
  CHECK(pool.allocate(112) != frame);
}

TEST_CASE("frames of every size are apart from each other", "[core][frame_pool]") {
  frame_pool pool;
  std::vector<std::pair<unsigned char*, std::size_t>> frames;
  for (std::size_t size = 1; size < 3000; size += 13) {
    for (int i = 0; i < 3; ++i) {
      auto* const frame = static_cast<unsigned char*>(pool.allocate(size));
      std::fill_n(frame, size, static_cast<unsigned char>(frames.size()));
      frames.emplace_back(frame, size);
    }
  }
  for (std::size_t n = 0; n < frames.size(); ++n) {
    const auto& [frame, size] = frames[n];
    REQUIRE(std::all_of(frame, frame + size,
                        [&](unsigned char c) { return c == static_cast<unsigned char>(n); }));
    pool.free(frame, size);
  }
}

TEST_CASE("a digest depends on every number of every record and on their order", "[core][digest]") {
  const auto of = [](auto... records) {
    digest d;
    (records(d), ...);
    return d.value();
  };
  const auto x = [](digest& d) { d.add(1000, 1, 2, 3); };
  const auto y = [](digest& d) { d.add(1001, 1, 2, 3); };
  std::set<std::uint64_t> values{of(),
                                 of(x),
                                 of(y),
                                 of(x, y),
                                 of(y, x),
                                 of(x, x),
                                 of([](digest& d) { d.add(1000, 2, 2, 3); }),
                                 of([](digest& d) { d.add(1000, 1, 3, 3); }),
                                 of([](digest& d) { d.add(1000, 1, 2, 4); }),
                                 of([](digest& d) { d.add(1000, 1, 3, 2); })};
  CHECK(values.size() == 10);
  CHECK(of(x, y) == of(x, y));
}

TEST_CASE("a flipped bit anywhere changes half of a digest", "[core][digest]") {
  digest base;
  base.add(1000, 7, 42, 43);
  base.add(2000, 7, 42, 43);
  int flipped = 0;
  for (int bit = 0; bit < 64; ++bit) {
    digest d;
    d.add(1000, 7, 42 ^ std::uint64_t{1} << bit, 43);
    d.add(2000, 7, 42, 43);
    const int n = __builtin_popcountll(d.value() ^ base.value());
    CHECK(n > 8);
    flipped += n;
  }
  CHECK(flipped > 64 * 26);
  CHECK(flipped < 64 * 38);
}

TEST_CASE("Objects in one piece never move, and end in the order in which they were made", "[core]") {
  struct noisy {
    noisy(int n, std::vector<int>& to) : number(n), ended(to) {}
    ~noisy() { ended.push_back(number); }
    int number;
    std::vector<int>& ended;
  };
  std::vector<int> ended;
  {
    fourtuple::core::one_piece<noisy> all(100'000);  // more than a huge page
    const noisy& first = all.emplace_back(1, ended);
    all.emplace_back(2, ended);
    CHECK(&first == &all[0]);
    CHECK(all.size() == 2);
    CHECK(all[1].number == 2);
    CHECK(ended.empty());
  }
  CHECK(ended == std::vector{1, 2});
  const fourtuple::core::one_piece<int> none(0);
  CHECK(none.begin() == none.end());
}
