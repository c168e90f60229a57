// Port stories of UDP: a random start, then on; a port belongs to its address whatever the
// destination; SO_REUSEADDR and SO_REUSEPORT share without limit.
#include <set>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/ports_host.h"

namespace fourtuple {
namespace {

using test::linux_rules;
using test::ports_host;
using test::with;

/// A host's UDP side.
struct udp_host : ports_host {
  explicit udp_host(const ports::rules& r, std::uint64_t key = 1) : ports_host(r, key) {
    udp.configure(r);
  }
  result<std::uint16_t> open(std::uint16_t port = 0, const with& w = {}) {
    const auto got = udp.reserve({claim(w), port, w.range}, draws);
    if (got) owners.push_back(udp.add(claim(w), *got));
    return got;
  }
  std::size_t open_all(const with& w = {}, std::size_t most = 70000) {
    std::size_t n = 0;
    while (n < most) {
      const auto got = open(0, w);
      if (!got) {
        CHECK(got.error() == errc::eaddrinuse);
        break;
      }
      ++n;
    }
    return n;
  }
  ports::udp_table udp;
  std::vector<ports::owner_id> owners;
};

}  // namespace

TEST_CASE("ports: UDP has every port of the range once per address, odd ranges too",
          "[ports][udp]") {
  for (const unsigned width : {1U, 2U, 3U, 101U}) {
    udp_host h(linux_rules(40000, static_cast<std::uint16_t>(39999 + width)));
    CHECK(h.open_all() == width);
    CHECK(h.udp.in_use() == width);
  }
  udp_host h(linux_rules());
  CHECK(h.open_all({.from = "10.77.0.1"}) == 100);
  CHECK(h.open_all({.from = "10.77.0.11"}) == 100);
  CHECK(h.udp.peak() == 200);
  CHECK_FALSE(h.open());  // the wildcard meets them all
}

TEST_CASE("ports: the default range holds 28,232 UDP sockets", "[ports][udp]") {
  udp_host h(linux_rules(32768, 60999));
  CHECK(h.open_all() == 28232);
}

TEST_CASE("ports: UDP goes on by one from a taken port and skips reserved ones", "[ports][udp]") {
  auto rules = linux_rules();
  rules.reserved.add({40000, 40049});
  udp_host h(rules);
  std::set<std::uint16_t> seen;
  for (int i = 0; i < 50; ++i) seen.insert(*h.open());
  CHECK(*seen.begin() == 40050);
  CHECK(seen.size() == 50);
  CHECK(h.open().error() == errc::eaddrinuse);
}

TEST_CASE("ports: with SO_REUSEADDR or SO_REUSEPORT UDP ports are handed out for ever",
          "[ports][udp]") {
  for (const with& w : {with{.reuseaddr = true}, with{.reuseport = true}}) {
    udp_host h(linux_rules());
    CHECK(h.open_all(w, 400) == 400);
    CHECK(h.udp.in_use() <= 100);
    CHECK(h.open_all({.range = {0, 0}}) + h.udp.in_use() >= 100);
  }
}

TEST_CASE("ports: a UDP port is free as soon as its socket closes", "[ports][udp]") {
  udp_host h(linux_rules());
  REQUIRE(h.open(5353));
  CHECK(h.open(5353).error() == errc::eaddrinuse);
  CHECK(h.udp.holders(5353).size() == 1);
  h.udp.remove(h.owners.back());
  CHECK(h.open(5353));
}

TEST_CASE("ports: IP_LOCAL_PORT_RANGE narrows UDP too", "[ports][udp]") {
  udp_host h(linux_rules());
  CHECK(h.open_all({.range = {40010, 40019}}) == 10);
}

}  // namespace fourtuple
