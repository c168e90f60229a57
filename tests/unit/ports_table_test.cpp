// Bucket state, numbers of use, and the containers below them.
#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <vector>

#include "sim/ports/port_map.h"
#include "tests/support/catch.h"
#include "tests/support/ports_host.h"

namespace fourtuple {
namespace {

using test::linux_rules;
using test::ports_host;
using test::with;

const with client{.from = "10.77.0.1"};

ports::rules one_port(ports::rules r) {
  r.range = {40000, 40000};
  return r;
}

}  // namespace

TEST_CASE("ports: since 6.18 a port whose bound socket is gone is connect()'s again", "[ports]") {
  for (const bool recompute : {false, true}) {
    auto rules = one_port(recompute ? linux_rules() : test::linux_6_1_rules());
    ports_host h(rules);
    const auto plain = h.connect("10.77.0.2", 5000, client);
    const auto bound = h.bind(40000, {.from = "10.77.0.11"});
    REQUIRE(bound);
    CHECK(h.connect("10.77.0.3", 5000, client).error == errc::eaddrnotavail);
    h.gone(bound.socket);
    CHECK(h.connect("10.77.0.3", 5000, client).error ==
          (recompute ? errc::ok : errc::eaddrnotavail));
    h.time_wait(plain.socket);  // and the mark outlives the socket
    CHECK(h.connect("10.77.0.4", 5000, client).error ==
          (recompute ? errc::ok : errc::eaddrnotavail));
    for (std::size_t s = 1; s < h.sockets.size(); ++s)
      if (h.sockets[s].owner) h.gone(s);
    CHECK(h.connect("10.77.0.4", 5000, client));
  }
}

TEST_CASE("ports: accepted children keep connect() off their listener's port", "[ports]") {
  ports_host h(one_port(linux_rules()));
  const auto listener = h.bind(40000, {});
  REQUIRE(h.listen(listener.socket) == errc::ok);
  const std::size_t child = h.accept(40000, client, "10.77.0.9", 1234);
  h.gone(listener.socket);
  CHECK(h.connect("10.77.0.2", 5000, client).error == errc::eaddrnotavail);
  h.gone(child);
  CHECK(h.connect("10.77.0.2", 5000, client));
}

TEST_CASE("ports: use is counted in distinct (local address, port), TIME-WAIT included",
          "[ports]") {
  ports_host h(linux_rules(40000, 40009));
  const auto use = [&] { return h.table.current_usage(); };
  const auto a = h.connect("10.77.0.2", 5000, client);
  CHECK(use().now == 1);
  with other = client;
  other.range = {a.port, a.port};
  const auto b = h.connect("10.77.0.3", 5000, other);
  REQUIRE(b.port == a.port);
  CHECK(use().now == 1);  // the same port to another destination
  CHECK(use().tuples == 2);
  const auto c = h.connect("10.77.0.2", 5000, {.from = "10.77.0.11", .range = other.range});
  CHECK(use().now == 2);  // another local address
  REQUIRE(h.bind(8080, {}));
  CHECK(use().now == 2);  // outside the range
  h.time_wait(a.socket);
  h.gone(b.socket);
  h.gone(c.socket);
  CHECK(use().now == 1);
  h.gone(a.socket);
  CHECK(use().now == 0);
  CHECK(use().peak == 2);
  CHECK(use().tuples_peak == 3);
  CHECK(use().capacity == 10);

  auto wider = linux_rules(8000, 8099);
  wider.reserved.add({8090, 8200});
  h.table.configure(wider);
  CHECK(use().now == 1);
  CHECK(use().capacity == 90);
}

TEST_CASE("ports: everybody who holds a port can be named", "[ports]") {
  ports_host h(linux_rules());
  const with sharing{.from = "10.77.0.1", .reuseaddr = true, .uid = 7};
  const auto listener = h.bind(8080, {.from = "10.77.0.11"});
  REQUIRE(h.listen(listener.socket) == errc::ok);
  const auto closed = h.bind(8080, sharing);
  REQUIRE(h.connect_bound(closed.socket, "10.77.0.1", "10.77.0.2", 5000));
  h.time_wait(closed.socket);
  const auto holders = h.table.holders(8080);
  REQUIRE(holders.size() == 2);
  CHECK(h.table.claim_of(holders[0]).listening);
  CHECK(h.table.claim_of(holders[1]).time_wait);
  CHECK(h.table.claim_of(holders[1]).uid == 7);
  CHECK(h.table.holders(8081).empty());
}

TEST_CASE("ports: the established hash holds what was put in, through growth and erasure",
          "[ports]") {
  std::vector<wire::four_tuple> tuples(1);
  std::vector<ports::entry> live(1);
  std::map<wire::four_tuple, std::uint32_t> reference;
  ports::tuple_table table;
  const auto tuple_of = [&](ports::entry e) -> const wire::four_tuple& {
    return tuples[e.index()];
  };
  for (std::uint64_t i = 0; i < 40000; ++i) {
    const std::uint64_t r = core::philox(5, i, 0);
    const wire::four_tuple t{{static_cast<std::uint32_t>(r & 3)},
                             {static_cast<std::uint32_t>((r >> 2) & 7)},
                             static_cast<std::uint16_t>((r >> 8) & 1023),
                             443};
    const ports::entry found = table.find(t, tuple_of);
    const auto known = reference.find(t);
    REQUIRE(static_cast<bool>(found) == (known != reference.end()));
    if (!found) {
      tuples.push_back(t);
      const auto index = static_cast<std::uint32_t>(tuples.size() - 1);
      live.push_back({ports::kind::connection, index});
      table.insert(t, live[index]);
      reference[t] = index;
    } else if ((r >> 40) % 3 == 0) {
      REQUIRE(found.index() == known->second);
      const ports::entry to{ports::kind::time_wait, found.index()};
      table.replace(t, found, to);
      REQUIRE(table.find(t, tuple_of) == to);
    } else {
      table.erase(t, found);
      reference.erase(known);
    }
    REQUIRE(table.size() == reference.size());
  }
  for (const auto& [t, index] : reference) REQUIRE(table.find(t, tuple_of).index() == index);
}

TEST_CASE("ports: the first absent port is found at any place, parity and fill", "[ports]") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    ports::port_bitmap a, b;
    std::set<std::uint32_t> taken;
    auto draw = [&, n = std::uint64_t{0}](std::uint32_t below) mutable {
      return static_cast<std::uint32_t>(core::below(core::philox(seed, n++, 1), below));
    };
    const std::uint32_t from = draw(65536);
    const std::uint32_t to = std::min<std::uint32_t>(65536, from + 1 + draw(9000));
    const std::uint32_t fill = 1 + draw(2000);
    const bool alone = draw(2) == 0;  // one set has all of most pages
    for (std::uint32_t p = from; p < to; ++p) {
      if (draw(fill) == 0) continue;
      taken.insert(p);
      (alone || draw(2) == 0 ? a : b).insert(static_cast<std::uint16_t>(p));
    }
    CHECK(a.count_in(from, to) + b.count_in(from, to) == taken.size());
    for (const auto p : {from, from + draw(to - from)}) {
      a.insert(static_cast<std::uint16_t>(p));
      a.erase(static_cast<std::uint16_t>(p));
      b.erase(static_cast<std::uint16_t>(p));
      taken.erase(p);
    }
    const std::array<const ports::port_bitmap*, 2> sets{&a, &b};
    for (const std::uint32_t step : {1U, 2U}) {
      const std::uint32_t start = from + draw(to - from);
      std::uint32_t want = start;
      while (want < to && taken.count(want) != 0) want += step;
      CHECK(ports::first_absent(sets, start, to, step) == std::min(want, to));
    }
  }
}

TEST_CASE("ports: an owner, its place and its slot leave room for a 56-byte TIME-WAIT in 96 bytes",
          "[ports]") {
  CHECK(sizeof(ports::entry) == 4);
  // 20 an owner, 4 its (address, port), 8 / 0.75 a slot: 35 of 40; the owner's size is asserted.
  CHECK(56 + 20 + 4 + 8 * 4 / 3 <= 96);
}

}  // namespace fourtuple
