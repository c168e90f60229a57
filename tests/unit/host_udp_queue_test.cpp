// What a UDP socket's receive queue is charged for while it is read.
#include "sim/host/udp_queue.h"

#include "tests/support/catch.h"

namespace fourtuple::host {
namespace {

constexpr std::uint64_t batch = 1'000;

TEST_CASE("what was read stays charged until all that came with it is read", "[udp]") {
  udp_queue q;
  q.push({}, 100);
  q.push({}, 200);
  q.pop(100, batch);
  CHECK(q.charged() == 300);
  CHECK(q.waiting() == 200);
  q.push({}, 50);  // not one of them
  q.pop(200, batch);
  CHECK(q.charged() == 50);
  CHECK(q.waiting() == 50);
  q.pop(50, batch);
  CHECK(q.empty());
  CHECK(q.charged() == 0);
}

TEST_CASE("a batch of read datagrams is released at once", "[udp]") {
  udp_queue q;
  for (int n = 0; n < 3; ++n) q.push({}, 600);
  q.pop(600, batch);
  CHECK(q.charged() == 1'800);
  q.pop(600, batch);
  CHECK(q.charged() == 600);
}

TEST_CASE("before 4.10 each datagram is released as it is read", "[udp]") {
  udp_queue q;
  q.push({}, 100);
  q.push({}, 200);
  q.pop(100, 0);
  CHECK(q.charged() == 200);
}

}  // namespace
}  // namespace fourtuple::host
