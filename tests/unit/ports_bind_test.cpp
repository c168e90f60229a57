// Port stories of bind(0) and listen(): order, halves, who shares, and EADDRINUSE at the end.
#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/ports_host.h"

namespace fourtuple {
namespace {

using test::linux_rules;
using test::ports_host;
using test::with;

std::vector<std::uint16_t> bind_all(ports_host& h, const with& w, std::size_t most = 70000) {
  std::vector<std::uint16_t> ports;
  while (ports.size() < most) {
    const auto got = h.bind(0, w);
    if (!got) {
      CHECK(got.error == errc::eaddrinuse);
      break;
    }
    ports.push_back(got.port);
  }
  return ports;
}
bool odd(std::uint16_t p) { return p % 2 != 0; }
std::size_t distinct(const std::vector<std::uint16_t>& ports) {
  return std::set<std::uint16_t>(ports.begin(), ports.end()).size();
}
const with client{.from = "10.77.0.1"};

}  // namespace

TEST_CASE("ports: bind(0) gives all odd ports, then all even ones, then EADDRINUSE", "[ports]") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    ports_host h(linux_rules(40000, 40009), seed);
    const auto ports = bind_all(h, {});
    REQUIRE(distinct(ports) == 10);
    CHECK(std::is_partitioned(ports.begin(), ports.end(), odd));
    CHECK(odd(ports.front()));
  }
}

TEST_CASE("ports: with SO_REUSEADDR bind(0) fills the lower half first, odd before even",
          "[ports]") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    ports_host h(linux_rules(40000, 40009), seed);
    const auto ports = bind_all(h, {.reuseaddr = true});
    REQUIRE(distinct(ports) == 10);
    REQUIRE(ports.size() == 10);
    // [40000, 40004): half = 40000 + 2 * floor(10 / 4).
    const auto upper = ports.begin() + 4;
    CHECK(std::all_of(ports.begin(), upper, [](auto p) { return p < 40004; }));
    CHECK(std::is_partitioned(ports.begin(), upper, odd));
    CHECK(std::is_partitioned(upper, ports.end(), odd));
  }
}

TEST_CASE("ports: neither SO_REUSEADDR nor SO_REUSEPORT makes bind(0) share a port", "[ports]") {
  for (const with& w : {with{.from = "10.77.0.1", .reuseaddr = true},
                        with{.from = "10.77.0.1", .reuseport = true}, with{.reuseport = true}}) {
    ports_host h(linux_rules());
    const auto ports = bind_all(h, w);
    CHECK(ports.size() == 100);
    CHECK(distinct(ports) == 100);
  }
}

TEST_CASE("ports: with ip_autobind_reuse SO_REUSEADDR sockets go on sharing", "[ports]") {
  auto rules = linux_rules();
  rules.autobind_reuse = true;
  ports_host h(rules);
  const with sharing{.from = "10.77.0.1", .reuseaddr = true};
  const auto ports = bind_all(h, sharing, 320);
  CHECK(ports.size() == 320);
  CHECK(distinct(ports) == 100);
  CHECK(std::set<std::uint16_t>(ports.begin(), ports.begin() + 100).size() == 100);

  SECTION("but not with one that listens, nor with one that has no SO_REUSEADDR") {
    ports_host other(rules);
    for (std::size_t i = 0; i < 100; ++i) {
      const auto s = other.bind(0, i < 50 ? sharing : client);
      if (i < 50) REQUIRE(other.listen(s.socket) == errc::ok);
    }
    CHECK(other.bind(0, sharing).error == errc::eaddrinuse);
  }
  SECTION("and one without SO_REUSEADDR fails as ever") {
    CHECK(h.bind(0, client).error == errc::eaddrinuse);
  }
}

TEST_CASE("ports: bind(0) + connect() never shares a port among destinations", "[ports]") {
  ports_host h(linux_rules());
  for (int i = 0; i < 100; ++i) {
    const auto s = h.bind(0, client);
    REQUIRE(h.connect_bound(s.socket, "10.77.0.1", i % 2 == 0 ? "10.77.0.2" : "10.77.0.3", 5000));
  }
  CHECK(h.bind(0, client).error == errc::eaddrinuse);
}

TEST_CASE("ports: bind(0) takes no port that connect() uses from the same address", "[ports]") {
  for (const bool reuseaddr : {false, true}) {
    ports_host h(linux_rules());
    for (int i = 0; i < 30; ++i) REQUIRE(h.connect("10.77.0.2", 5000, client));
    with w = client;
    w.reuseaddr = reuseaddr;
    CHECK(bind_all(h, w).size() == 70);
    CHECK(bind_all(h, {.from = "10.77.0.11"}).size() == 100);
    CHECK(h.bind(0, {}).error == errc::eaddrinuse);
  }
}

TEST_CASE("ports: bind + connect, connect, connect elsewhere: 150 calls, then bind(0) fails",
          "[ports]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    ports_host h(linux_rules(), seed);
    std::size_t calls = 0;
    for (;; calls += 3) {
      const auto s = h.bind(0, client);
      if (!s) {
        CHECK(s.error == errc::eaddrinuse);
        break;
      }
      REQUIRE(h.connect_bound(s.socket, "10.77.0.1", "10.77.0.2", 5000));
      REQUIRE(h.connect("10.77.0.2", 5000, client));
      REQUIRE(h.connect("10.77.0.3", 5000, client));
    }
    CHECK(calls == 150);
  }
}

TEST_CASE("ports: of an odd range bind(0) passes one port over, but a retry finds it", "[ports]") {
  bool passed_over = false;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    ports_host h(linux_rules(40000, 40004), seed);
    const auto first = bind_all(h, {}).size();
    CHECK((first == 4 || first == 5));
    passed_over |= first == 4;
    if (first == 5) continue;
    bool found = false;
    for (int i = 0; i < 100 && !found; ++i) found = static_cast<bool>(h.bind(0, {}));
    CHECK(found);
  }
  CHECK(passed_over);
}

TEST_CASE("ports: bind(0) draws anew each time: first ports are spread over the range", "[ports]") {
  std::array<int, 10> seen{};
  ports_host h(linux_rules(32768, 60999));
  constexpr int total = 4000;
  for (int i = 0; i < total; ++i) {
    const auto s = h.bind(0, {});
    ++seen[static_cast<std::size_t>((s.port - 32768) * 10 / 28232)];
    h.gone(s.socket);
  }
  long sum = 0;
  for (const int n : seen) sum += static_cast<long>(n - total / 10) * (n - total / 10);
  CHECK(sum * 10 < 279L * (total / 10));  // chi-square, 9 degrees of freedom, one of a thousand
}

TEST_CASE("ports: listen() without bind takes ports as bind(0) does, EADDRINUSE at the end",
          "[ports]") {
  ports_host h(linux_rules(40000, 40003));
  for (int i = 0; i < 4; ++i) {
    const auto s = h.bind(0, {});
    REQUIRE(s);
    CHECK(h.listen(s.socket) == errc::ok);
  }
  CHECK(h.bind(0, {}).error == errc::eaddrinuse);
}

TEST_CASE("ports: of two SO_REUSEADDR sockets on one port only one may listen", "[ports]") {
  ports_host h(linux_rules());
  const with sharing{.reuseaddr = true};
  const auto first = h.bind(8080, sharing), second = h.bind(8080, sharing);
  CHECK(h.listen(first.socket) == errc::ok);
  CHECK(h.listen(second.socket) == errc::eaddrinuse);
  h.gone(first.socket);
  CHECK(h.listen(second.socket) == errc::ok);
}

TEST_CASE("ports: a server with SO_REUSEADDR starts again beside its old connections", "[ports]") {
  ports_host h(linux_rules());
  for (const bool reuseaddr : {false, true}) {
    const with own{.reuseaddr = reuseaddr};
    with child = own;
    child.from = "10.77.0.1";
    const std::uint16_t port = reuseaddr ? 8081 : 8080;
    const auto old = h.bind(port, own);
    REQUIRE(h.listen(old.socket) == errc::ok);
    const std::size_t closed_here = h.accept(port, child, "10.77.0.2", 40000);
    h.accept(port, child, "10.77.0.2", 40001);
    h.time_wait(closed_here);
    h.gone(old.socket);
    CHECK(h.bind(port, own).error == (reuseaddr ? errc::ok : errc::eaddrinuse));
  }
}

TEST_CASE("ports: SO_REUSEADDR set after bind() counts for others, not for the bucket", "[ports]") {
  ports_host h(linux_rules());
  const auto first = h.bind(8080, {});
  h.table.set_options(h.sockets[first.socket].owner, true, false, 0);
  CHECK(h.bind(8080, {.reuseaddr = true}));
}

TEST_CASE("ports: SO_REUSEADDR cleared after bind() is still in the bucket before 6.8", "[ports]") {
  for (const bool newest : {true, false}) {
    ports_host h(newest ? linux_rules() : test::linux_6_1_rules());
    const auto first = h.bind(8081, {.reuseaddr = true});
    h.table.set_options(h.sockets[first.socket].owner, false, false, 0);
    CHECK(h.bind(8081, {.reuseaddr = true}).error == (newest ? errc::eaddrinuse : errc::ok));
  }
}

TEST_CASE("ports: SO_REUSEPORT cleared after bind() is in the bucket for that address", "[ports]") {
  for (const bool newest : {true, false}) {
    ports_host h(newest ? linux_rules() : test::linux_6_1_rules());
    const auto first = h.bind(8081, {.from = "127.0.0.1", .reuseport = true});
    h.table.set_options(h.sockets[first.socket].owner, false, false, 0);
    CHECK(h.bind(8081, {.from = "127.0.0.1", .reuseport = true}));
    CHECK(h.bind(8081, {.reuseport = true}).error == (newest ? errc::eaddrinuse : errc::ok));
  }
}

}  // namespace fourtuple
