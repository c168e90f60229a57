// Port stories of connect(): which ports, in which order, how many, and which errno when they are
// gone. Numbers are those of a real Linux 6.18 unless the name of the test says another system.
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

const with from_client{.from = "10.77.0.1"};

/// Connects until it fails; the ports in order.
std::vector<std::uint16_t> connect_all(ports_host& h, const std::string& to = "10.77.0.2",
                                       std::uint16_t port = 5000, const with& w = from_client) {
  std::vector<std::uint16_t> ports;
  for (;;) {
    const auto got = h.connect(to, port, w);
    if (!got) {
      CHECK(got.error == errc::eaddrnotavail);
      return ports;
    }
    ports.push_back(got.port);
  }
}
std::set<std::uint16_t> distinct(const std::vector<std::uint16_t>& ports) {
  return {ports.begin(), ports.end()};
}
bool even(std::uint16_t p) { return p % 2 == 0; }

}  // namespace

TEST_CASE("ports: ten ports are ten connections, all even ports before any odd one", "[ports]") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    ports_host h(linux_rules(40000, 40009), seed);
    const auto ports = connect_all(h);
    REQUIRE(ports.size() == 10);
    CHECK(distinct(ports).size() == 10);
    CHECK(std::is_partitioned(ports.begin(), ports.end(), even));
    CHECK(even(ports.front()));
    CHECK_FALSE(even(ports.back()));
  }
}

TEST_CASE("ports: a range that starts odd is used odd ports first", "[ports]") {
  ports_host h(linux_rules(40001, 40010));
  const auto ports = connect_all(h);
  CHECK(ports.size() == 10);
  CHECK_FALSE(even(ports.front()));
}

TEST_CASE("ports: every destination address and port has all ports again", "[ports]") {
  ports_host h(linux_rules());
  CHECK(connect_all(h, "10.77.0.2", 5000).size() == 100);
  CHECK(connect_all(h, "10.77.0.2", 5001).size() == 100);
  CHECK(connect_all(h, "10.77.0.3", 5000).size() == 100);
  CHECK(connect_all(h, "10.77.0.2", 5000, {.from = "10.77.0.11"}).size() == 100);
  CHECK(h.table.current_usage().now == 200);
  CHECK(h.table.current_usage().tuples_peak == 400);
}

TEST_CASE("ports: the default range is 28,232 connections to one destination", "[ports]") {
  ports_host h(linux_rules(32768, 60999));
  const auto ports = connect_all(h);
  CHECK(ports.size() == 28232);
  CHECK(distinct(ports).size() == 28232);
  CHECK(std::is_partitioned(ports.begin(), ports.end(), even));
  CHECK(h.table.current_usage().capacity == 28232);
}

TEST_CASE("ports: of an odd number of ports one call looks at one fewer", "[ports]") {
  struct row {
    std::uint16_t width;
    std::set<std::size_t> counts;
  };
  const row rows[] = {{1, {1}},    {2, {2}},    {3, {2}},       {4, {4}},
                      {5, {4, 5}}, {7, {6, 7}}, {11, {10, 11}}, {101, {100, 101}}};
  for (const auto& [width, counts] : rows) {
    INFO("width " << width);
    std::set<std::size_t> seen;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
      ports_host h(linux_rules(40000, static_cast<std::uint16_t>(39999 + width)), seed);
      seen.insert(connect_all(h).size());
      // The same walk again: a retry to the same destination never finds the port passed over.
      CHECK(h.connect("10.77.0.2", 5000, from_client).error == errc::eaddrnotavail);
    }
    CHECK(seen == counts);
  }
}

TEST_CASE("ports: IP_LOCAL_PORT_RANGE counts only where it lies inside the sysctl's range",
          "[ports]") {
  struct row {
    profile::port_range option;
    std::uint16_t low, high;
  };
  const row rows[] = {{{40010, 40010}, 40010, 40010}, {{40010, 40019}, 40010, 40019},
                      {{40090, 0}, 40090, 40099},     {{0, 40009}, 40000, 40009},
                      {{40090, 40200}, 40090, 40099}, {{50000, 50009}, 40000, 40099}};
  for (const row& r : rows) {
    INFO("option " << r.option.low << "-" << r.option.high);
    for (const auto& rules : {linux_rules(), test::linux_6_1_rules()}) {
      ports_host h(rules);
      const auto ports =
          connect_all(h, "10.77.0.2", 5000, {.from = "10.77.0.1", .range = r.option});
      CHECK(ports.size() == r.high - r.low + 1U);
      CHECK(*std::min_element(ports.begin(), ports.end()) == r.low);
      CHECK(*std::max_element(ports.begin(), ports.end()) == r.high);
    }
  }
}

TEST_CASE("ports: under IP_LOCAL_PORT_RANGE parities mix since 6.8, before that they do not",
          "[ports]") {
  const with narrow{.from = "10.77.0.1", .range = {40010, 40019}};
  ports_host now(linux_rules()), before(test::linux_6_1_rules());
  const auto mixed = connect_all(now, "10.77.0.2", 5000, narrow);
  const auto sorted = connect_all(before, "10.77.0.2", 5000, narrow);
  CHECK_FALSE(std::is_partitioned(mixed.begin(), mixed.end(), even));
  CHECK(std::is_partitioned(sorted.begin(), sorted.end(), even));
}

TEST_CASE("ports: with all even ports reserved the odd ones are left", "[ports]") {
  auto rules = linux_rules();
  for (std::uint16_t p = 40000; p < 40100; p += 2) rules.reserved.add({p, p});
  ports_host h(rules);
  const auto ports = connect_all(h);
  CHECK(ports.size() == 50);
  CHECK(std::none_of(ports.begin(), ports.end(), even));
  CHECK(h.table.current_usage().capacity == 50);
}

TEST_CASE("ports: IPv4 and IPv6 share port numbers, v4-mapped competes with IPv4", "[ports]") {
  ports_host h(linux_rules());
  CHECK(connect_all(h, "::1", 5000, {.from = "::1"}).size() == 100);
  CHECK(connect_all(h, "127.0.0.1", 5000, {.from = "127.0.0.1"}).size() == 100);
  CHECK(connect_all(h, "::ffff:127.0.0.1", 5000, {.from = "::ffff:127.0.0.1"}).empty());
}

TEST_CASE("ports: connect() never shares a port that anybody bound, on whatever address",
          "[ports]") {
  for (const bool listens : {false, true}) {
    ports_host h(linux_rules());
    std::set<std::uint16_t> bound;
    for (int i = 0; i < 30; ++i) {
      const auto s = h.bind(0, {.from = i % 2 == 0 ? "0.0.0.0" : "10.77.0.12", .reuseaddr = true});
      if (listens) REQUIRE(h.listen(s.socket) == errc::ok);
      bound.insert(s.port);
    }
    const auto ports = connect_all(h);
    CHECK(ports.size() == 70);
    for (const auto p : ports) CHECK(bound.count(p) == 0);
  }
}

TEST_CASE("ports: both ends of a connection may be one host", "[ports]") {
  ports_host h(linux_rules());
  const with lo{.from = "127.0.0.1"};
  const auto listener = h.bind(5000, {.reuseaddr = true});
  REQUIRE(h.listen(listener.socket) == errc::ok);
  for (int i = 0; i < 100; ++i) {
    const auto client = h.connect("127.0.0.1", 5000, lo);
    REQUIRE(client);
    h.accept(5000, lo, "127.0.0.1", client.port);
  }
  CHECK(h.connect("127.0.0.1", 5000, lo).error == errc::eaddrnotavail);
  CHECK(h.table.current_usage().tuples == 200);
}

TEST_CASE("ports: a tuple that came in by another way is not given out", "[ports]") {
  ports_host h(linux_rules(40000, 40009));
  h.accept(40004, from_client, "10.77.0.2", 5000);  // its listener may be long gone
  const auto bound = h.bind(40006, from_client);
  REQUIRE(h.connect_bound(bound.socket, "10.77.0.1", "10.77.0.2", 5000));
  const auto ports = connect_all(h);
  CHECK(ports.size() == 8);
  CHECK(distinct(ports).count(40004) == 0);
  CHECK(distinct(ports).count(40006) == 0);
}

TEST_CASE("ports: bind(port) + connect() fails with EADDRNOTAVAIL if the four-tuple exists",
          "[ports]") {
  ports_host h(linux_rules());
  const with shared{.from = "10.77.0.1", .reuseaddr = true};
  const auto first = h.bind(40000, shared), second = h.bind(40000, shared);
  CHECK(h.connect_bound(first.socket, "10.77.0.1", "10.77.0.2", 5000));
  CHECK(h.connect_bound(second.socket, "10.77.0.1", "10.77.0.2", 5000).error ==
        errc::eaddrnotavail);
  CHECK(h.connect_bound(second.socket, "10.77.0.1", "10.77.0.2", 5001));
}

TEST_CASE("ports: on a free range consecutive connects are 2, 4 ... 16 ports apart, equally likely",
          "[ports]") {
  std::array<int, 8> seen{};
  int total = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    ports_host h(linux_rules(32768, 60999), seed);
    std::uint16_t last = h.connect("10.77.0.2", 5000, from_client).port;
    for (int i = 0; i < 200; ++i, ++total) {
      const std::uint16_t next = h.connect("10.77.0.2", 5000, from_client).port;
      const int gap = (next - last + 28232) % 28232;
      REQUIRE(gap % 2 == 0);
      REQUIRE((gap >= 2 && gap <= 16));
      ++seen[static_cast<std::size_t>(gap / 2 - 1)];
      last = next;
    }
  }
  // Chi-square, 7 degrees of freedom: 24.3 is exceeded by one of a thousand fair sets. In integers.
  long sum = 0;
  for (const int n : seen) sum += static_cast<long>(n - total / 8) * (n - total / 8);
  CHECK(sum * 10 < 243L * (total / 8));
}

TEST_CASE("ports: the start changes with destination and every 10 s", "[ports]") {
  std::set<std::uint16_t> starts;
  ports_host h(linux_rules(32768, 60999));
  for (int i = 0; i < 20; ++i) {
    for (const std::uint16_t port : {std::uint16_t{5000}, std::uint16_t{5001}}) {
      const auto got = h.connect("10.77.0.2", port, from_client);
      starts.insert(static_cast<std::uint16_t>(got.port / 64));
    }
    h.wait_ms(10000);
  }
  CHECK(starts.size() > 30);
}

TEST_CASE("ports: Linux 4.4 hands out every second port, one hint for all destinations",
          "[ports]") {
  auto rules = test::linux_6_1_rules(32768, 60999);
  rules.connect = profile::connect_allocator::sequential_hash;
  rules.perturb_entries = 0;
  ports_host h(rules);
  const auto next_to = [&](std::uint16_t port) {
    const auto got = h.connect("10.77.0.2", port, from_client);
    REQUIRE(got);
    return got.port;
  };
  const auto gap = [](std::uint16_t a, std::uint16_t b) { return (b - a + 28232) % 28232; };
  const std::uint16_t first = next_to(5000);
  const std::uint16_t second = next_to(5000);
  CHECK(gap(first, second) == 2);
  next_to(5001);
  CHECK(gap(second, next_to(5000)) == 4);

  // A program that connects and resets meets the same even port every 14,116 attempts (tokio#3405).
  ports_host loop(rules);
  std::vector<std::uint16_t> ports;
  for (int i = 0; i <= 14116; ++i) {
    const auto got = loop.connect("10.77.0.2", 5000, from_client);
    ports.push_back(got.port);
    loop.gone(got.socket);
  }
  CHECK(ports.front() == ports.back());
  CHECK(distinct(ports).size() == 14116);
}

TEST_CASE("ports: RFC 6056's simple randomization starts anywhere, goes on by one, uses all",
          "[ports]") {
  auto rules = linux_rules(49152, 49162);
  rules.connect = profile::connect_allocator::random_start;
  rules.bind = profile::bind_allocator::random_start;
  ports_host h(rules);
  const auto ports = connect_all(h);
  CHECK(distinct(ports).size() == 11);
  CHECK_FALSE(std::is_partitioned(ports.begin(), ports.end(), even));
  CHECK(connect_all(h, "10.77.0.3").size() == 11);
  ports_host b(rules);
  for (int i = 0; i < 11; ++i) CHECK(b.bind(0, {}));
  CHECK(b.bind(0, {}).error == errc::eaddrinuse);
}

}  // namespace fourtuple
