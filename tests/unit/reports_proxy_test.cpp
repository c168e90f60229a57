// What the report says of a proxy's ports, from the file alone.
#include "sim/report/port_budget.h"
#include "sim/report/port_cures.h"
#include "sim/report/reading.h"
#include "sim/scenario/scenario.h"
#include "tests/support/catch.h"

using namespace fourtuple;
using namespace std::chrono_literals;

namespace {

/// Four clients at 200/s, a proxy with these keys, an upstream with those.
spec::scenario file(const std::string& proxy, const std::string& upstream = "") {
  auto r = scenario::load(
      "test.yaml",
      "fourtuple: 1\nduration: 1 s\n"
      "hosts:\n"
      "  users: { count: 4, address: 10.1.0.0/24 }\n"
      "  edge: { address: [10.0.0.1, 10.0.0.11] }\n"
      "  node: { address: [10.0.0.2, 10.0.0.3] }\n"
      "apps:\n"
      "  api: { host: node, echo_server: { port: 3000" +
          upstream +
          " } }\n"
          "  p: { host: edge, proxy: { listen: \"0.0.0.0:8080\", upstream: \"node:3000\"" +
          proxy +
          " } }\n"
          "  half: { host: users, load: { to: [\"edge:8080\", \"node:3000\"], rate: 100/s } }\n"
          "  all: { host: users, pool: { to: \"edge:8080\", size: 9, rate: 150/s } }\n");
  for (const auto& e : r.errors) FAIL(e.text());
  return std::move(*r.scenario);
}

std::optional<report::port_budget> budget(const spec::scenario& s) {
  return report::budget_of(s, s.apps[1]);
}

}  // namespace

TEST_CASE("a proxy's ports are asked for what its clients ask of it", "[report][budget]") {
  const auto b = budget(file(""));
  REQUIRE(b);
  CHECK(b->asked() == Approx(800));  // four members: half of 100/s, and 150/s
  CHECK(b->ports == 28232);
  CHECK(b->destinations == 1);
  CHECK(b->time_wait == 60s);
  CHECK_FALSE(b->binds_first);
  const auto cures = report::cures_of(*b);
  CHECK(cures.front().name == "a larger keepalive");
  CHECK(cures.front().enough);
}

TEST_CASE("what a proxy's upstream does decides how long a port is held", "[report][budget]") {
  CHECK(budget(file("", ", close: after_reply"))->time_wait == duration{});
  const auto slow = budget(file("", ", delay: 50 ms"));
  CHECK(slow->hold == 50ms);
  CHECK(report::cures_of(*slow).front().name == "keepalive: 44 or more");
}

TEST_CASE("clients that ask at the same instants are busy together", "[report][budget]") {
  // 8 a second of a member take one connection of 50 ms; four members ask at once.
  report::port_budget b;
  b.ports = 28232;
  b.proxied = true;
  b.hold = b.busy = 50ms;
  b.time_wait = 60s;
  b.streams = {{8, 4}};
  b.streams.push_back({100, 1});
  CHECK(report::cures_of(b).empty());  // 108/s are no limit
  b.ports = 100;
  CHECK(report::cures_of(b).front().name == "keepalive: 10 or more");
  b.destinations = 3;  // each keeps its own
  CHECK(report::cures_of(b).front().name == "keepalive: 12 or more");
}

TEST_CASE("a proxy that keeps connections asks for no rate of ports", "[report][budget]") {
  CHECK_FALSE(budget(file(", keepalive: 8"))->asked());
}

TEST_CASE("a bound proxy shares nothing between destinations but with IP_BIND_ADDRESS_NO_PORT",
          "[report][budget]") {
  const auto bound = budget(file(", bind: [\"10.0.0.1:0\", \"10.0.0.11:0\"]"));
  CHECK(bound->binds_first);
  CHECK(bound->sources == 2);
  CHECK_FALSE(
      budget(file(", bind: \"10.0.0.1:0\", options: [IP_BIND_ADDRESS_NO_PORT]"))->binds_first);
  CHECK_FALSE(budget(file(", bind: \"10.0.0.1:5000\"")));
}

TEST_CASE("the app behind an address may be a proxy", "[report]") {
  const auto s = file("");
  CHECK(report::listener_at(s, {ip_address::v4(10, 0, 0, 1), 8080}) == &s.apps[1]);
  CHECK(report::destinations_of(s.apps[1]) ==
        std::vector<endpoint>{{ip_address::v4(10, 0, 0, 2), 3000}});
}
