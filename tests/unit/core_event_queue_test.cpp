#include "sim/core/event_queue.h"

#include <algorithm>
#include <vector>

#include "sim/core/assert.h"
#include "sim/core/random.h"
#include "tests/support/catch.h"

using fourtuple::core::event;
using fourtuple::core::event_queue;
using fourtuple::core::phase;

namespace {

/// Numbered draws of one test.
class dice {
 public:
  explicit dice(std::uint64_t seed) : seed_(seed) {}
  std::uint64_t below(std::uint64_t n) {
    return fourtuple::core::below(fourtuple::core::philox(seed_, count_++, 0), n);
  }

 private:
  std::uint64_t seed_;
  std::uint64_t count_ = 0;
};

/// A delay of the kinds there are in a run: the same instant, a link, an RTO, TIME-WAIT, years.
std::int64_t some_delay(dice& d) {
  static constexpr std::array<std::int64_t, 7> spans{
      1, 3, 20'000, 40'000'000, 60'000'000'000, 90'000'000'000'000, std::int64_t{1} << 62};
  return static_cast<std::int64_t>(
      d.below(static_cast<std::uint64_t>(spans[d.below(spans.size())])));
}

event some_event(dice& d, std::int64_t at, std::uint64_t counter) {
  return {at,
          static_cast<std::uint32_t>(d.below(3)),
          static_cast<phase>(d.below(5)),
          static_cast<std::uint32_t>(d.below(3)),
          counter,
          static_cast<std::uint32_t>(counter)};
}

std::vector<std::uint32_t> drain(event_queue& q) {
  std::vector<std::uint32_t> records;
  for (; !q.empty(); q.pop()) records.push_back(q.top().record());
  return records;
}

}  // namespace

TEST_CASE("an event is its key and its record", "[core][event]") {
  const event e(-5, event::max_entity, phase::observe, 77, (std::uint64_t{1} << 45) - 1,
                0xdeadbeef);
  CHECK(e.at() == -5);
  CHECK(e.destination() == event::max_entity);
  CHECK(e.phase() == phase::observe);
  CHECK(e.record() == 0xdeadbeef);
}

TEST_CASE("events are ordered by time, destination, phase, source, counter, in this order",
          "[core][event]") {
  const event base(10, 2, phase::timer, 2, 8, 0);
  const std::vector<event> before{{9, 9, phase::observe, 9, 99, 0},
                                  {10, 1, phase::observe, 9, 99, 0},
                                  {10, 2, phase::arrival, 9, 99, 0},
                                  {10, 2, phase::timer, 1, 99, 0},
                                  {10, 2, phase::timer, 2, 7, 99}};
  for (const event& e : before) {
    CHECK(e < base);
    CHECK_FALSE(base < e);
  }
  CHECK(base < event(10, 2, phase::timer, 2, std::uint64_t{1} << 40, 0));
  CHECK_FALSE(base < event(10, 2, phase::timer, 2, 8, 1));
}

TEST_CASE("whatever is pushed, in any order, is popped in the order of the keys",
          "[core][event_queue]") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    dice d(seed);
    std::vector<event> events;
    for (std::uint64_t i = 0; i < 2000; ++i) events.push_back(some_event(d, some_delay(d), i));
    std::vector<event> sorted = events;
    std::sort(sorted.begin(), sorted.end());
    event_queue q;
    for (const event& e : events) q.push(e);
    REQUIRE(q.size() == events.size());
    std::vector<std::uint32_t> want;
    for (const event& e : sorted) want.push_back(e.record());
    CHECK(drain(q) == want);
  }
}

TEST_CASE("the order of insertion does not show", "[core][event_queue]") {
  dice d(1);
  std::vector<event> events;
  for (std::uint64_t i = 0; i < 500; ++i) events.push_back(some_event(d, some_delay(d) % 50, i));
  event_queue forward;
  event_queue backward;
  for (const event& e : events) forward.push(e);
  for (auto e = events.rbegin(); e != events.rend(); ++e) backward.push(*e);
  CHECK(drain(forward) == drain(backward));
}

TEST_CASE("a queue that runs gives the same events as a sorted list", "[core][event_queue]") {
  for (std::uint64_t seed = 100; seed < 120; ++seed) {
    dice d(seed);
    event_queue q;
    std::vector<event> heap;
    const auto later = [](const event& a, const event& b) { return b < a; };
    std::uint64_t counter = 0;
    std::int64_t now = 0;
    for (int step = 0; step < 20'000; ++step) {
      // Up to three events for each one popped while few are pending, then fewer.
      for (auto n = d.below(heap.size() < 300 ? 4 : 2); n > 0; --n) {
        // Zero-delay work never goes through the queue, so the next nanosecond is the earliest.
        const event e = some_event(d, now + 1 + some_delay(d) % (INT64_MAX - now - 1), counter++);
        q.push(e);
        heap.push_back(e);
        std::push_heap(heap.begin(), heap.end(), later);
      }
      REQUIRE(q.size() == heap.size());
      if (heap.empty()) continue;
      if (heap.front().at() > INT64_MAX / 2) break;  // only the far future is left
      REQUIRE(q.top().record() == heap.front().record());
      now = q.top().at();
      q.pop();
      std::pop_heap(heap.begin(), heap.end(), later);
      heap.pop_back();
    }
  }
}

TEST_CASE("looking at the next event does not commit to its time", "[core][event_queue]") {
  event_queue q;
  q.push({60'000'000'000, 1, phase::timer, 1, 1, 1});
  CHECK(q.top().record() == 1);
  q.push({1000, 1, phase::arrival, 2, 1, 2});
  q.push({50'000'000, 1, phase::arrival, 2, 2, 3});
  CHECK(drain(q) == std::vector<std::uint32_t>{2, 3, 1});
}

TEST_CASE("a burst at one instant and its answers within the same slot stay in order",
          "[core][event_queue]") {
  // 100,000 hosts that connect at once: milliseconds, where inserting into a sorted list takes
  // seconds.
  constexpr std::uint32_t hosts = 100'000;
  event_queue q;
  for (std::uint32_t i = hosts; i-- > 0;) q.push({1000, i, phase::application, i, 1, i});
  for (std::uint32_t i = 0; i < hosts; ++i) {
    REQUIRE(q.top().record() == i);
    q.pop();
    q.push({1500, hosts - i, phase::arrival, i, 2, hosts - i});
  }
  for (std::uint32_t i = 1; i <= hosts; ++i, q.pop()) REQUIRE(q.top().record() == i);
  CHECK(q.empty());
}

TEST_CASE("an event at or before the running one is our own mistake", "[core][event_queue]") {
  event_queue q;
  CHECK_THROWS_AS(q.push({-1, 0, phase::control, 0, 0, 0}), fourtuple::core::internal_error);
  q.push({0, 0, phase::control, 0, 0, 0});
  q.push({1000, 5, phase::timer, 5, 5, 0});
  q.pop();
  q.pop();
  CHECK_THROWS_AS(q.push({999, 9, phase::timer, 9, 9, 0}), fourtuple::core::internal_error);
  CHECK_THROWS_AS(q.push({1000, 5, phase::arrival, 9, 9, 0}), fourtuple::core::internal_error);
  CHECK_THROWS_AS(q.push({1000, 5, phase::timer, 5, 5, 1}), fourtuple::core::internal_error);
  q.push({1000, 5, phase::application, 1, 1, 7});
  CHECK(drain(q) == std::vector<std::uint32_t>{7});
}

TEST_CASE("the end of time is a time", "[core][event_queue]") {
  event_queue q;
  q.push({INT64_MAX, 1, phase::timer, 1, 1, 1});
  q.push({INT64_MAX, 0, phase::timer, 1, 2, 2});
  q.push({INT64_MAX - 1, 1, phase::timer, 1, 3, 3});
  q.push({0, 1, phase::timer, 1, 4, 4});
  CHECK(drain(q) == std::vector<std::uint32_t>{4, 3, 2, 1});
}
