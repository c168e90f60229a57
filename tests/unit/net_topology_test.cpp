// The way of a packet through routers.
#include "sim/net/topology.h"
#include "tests/support/catch.h"

using namespace fourtuple;
using namespace std::chrono_literals;

namespace {

net::link_shape link_of(duration latency) {
  net::link_shape s;
  s.latency = latency;
  return s;
}

/// A client (0), routers (1, 2, 3) and a server (4).
net::topology diamond(duration through_2, duration through_3) {
  net::topology t(5);
  for (const std::uint32_t router : {1u, 2u, 3u}) t.add_router(router);
  t.add_link(0, 1, link_of(0ns));
  t.add_link(1, 2, link_of(through_2));
  t.add_link(1, 3, link_of(through_3));
  t.add_link(2, 4, link_of(1ms));
  t.add_link(3, 4, link_of(1ms));
  t.freeze();
  return t;
}

}  // namespace

TEST_CASE("A router takes the way with the least latency", "[net]") {
  CHECK(diamond(2ms, 5ms).next_hop(1, 4)->host == 2);
  CHECK(diamond(5ms, 2ms).next_hop(1, 4)->host == 3);
}

TEST_CASE("Of two ways alike the one over the first host is taken", "[net]") {
  CHECK(diamond(2ms, 2ms).next_hop(1, 4)->host == 2);
}

TEST_CASE("Of two ways with one latency the shorter is taken", "[net]") {
  net::topology t(5);
  for (const std::uint32_t router : {1u, 2u, 3u}) t.add_router(router);
  t.add_link(0, 1, link_of(0ns));
  t.add_link(1, 2, link_of(1ms));
  t.add_link(2, 3, link_of(1ms));
  t.add_link(1, 3, link_of(2ms));
  t.add_link(3, 4, link_of(0ns));
  t.freeze();
  CHECK(t.next_hop(1, 4)->host == 3);
}

TEST_CASE("A host sends what it has no link for to its router; a router has no such refuge",
          "[net]") {
  const auto t = diamond(2ms, 5ms);
  CHECK(t.next_hop(0, 4)->host == 1);
  CHECK(t.gateway(0)->host == 1);
  CHECK_FALSE(t.gateway(1).has_value());
}

TEST_CASE("No way leads through a host that does not forward", "[net]") {
  net::topology t(3);
  t.add_link(0, 1, link_of(1ms));
  t.add_link(1, 2, link_of(1ms));
  t.freeze();
  CHECK_FALSE(t.next_hop(0, 2).has_value());
  CHECK_FALSE(t.gateway(0).has_value());
}

TEST_CASE("The longest way is a sum of latencies", "[net]") {
  net::topology t(4);
  t.add_router(1);
  t.add_router(2);
  t.add_link(0, 1, link_of(1ms));
  t.add_link(1, 2, link_of(2ms));
  t.add_link(2, 3, link_of(4ms));
  t.freeze();
  CHECK(t.longest_way() == 7ms);
}
