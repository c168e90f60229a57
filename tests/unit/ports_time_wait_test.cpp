// Port stories of TIME-WAIT: what it blocks, who may take it over and when.
#include <set>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/ports_host.h"

namespace fourtuple {
namespace {

using test::linux_rules;
using test::ports_host;
using test::with;

const with client{.from = "10.77.0.1"};
const with loopback{.from = "127.0.0.1"};

/// A range of one port, held by a TIME-WAIT of a connection to port 5000 of `to`.
struct one_port_in_time_wait {
  explicit one_port_in_time_wait(ports::rules r, const with& from = client,
                                 std::string peer = "10.77.0.2", bool timestamps = true,
                                 bool fin_wait_2 = false)
      : h(with_one_port(r)), w(from), to(std::move(peer)) {
    h.wait_ms(5250);
    const auto s = h.connect(to, 5000, w);
    h.time_wait(s.socket, timestamps, fin_wait_2);
  }
  static ports::rules with_one_port(ports::rules r) {
    r.range = {40000, 40000};
    return r;
  }
  errc connect_again() { return h.connect(to, 5000, w).error; }

  ports_host h;
  with w;
  std::string to;
};

ports::rules reuse(std::uint8_t tw_reuse, ports::rules r = linux_rules()) {
  r.tw_reuse = tw_reuse;
  return r;
}

}  // namespace

TEST_CASE("ports: TIME-WAIT blocks bind and the same destination, nothing else", "[ports]") {
  one_port_in_time_wait c(reuse(0));
  CHECK(c.h.bind(0, {}).error == errc::eaddrinuse);
  CHECK(c.h.bind(0, client).error == errc::eaddrinuse);
  CHECK(c.h.bind(40000, client).error == errc::eaddrinuse);
  CHECK(c.h.bind(40000, {.from = "10.77.0.1", .reuseaddr = true}).error == errc::eaddrinuse);
  CHECK(c.h.bind(40000, {.from = "10.77.0.1", .reuseport = true}).error == errc::eaddrinuse);
  CHECK(c.connect_again() == errc::eaddrnotavail);
  CHECK(c.h.connect("10.77.0.2", 5001, client));
  CHECK(c.h.connect("10.77.0.3", 5000, client));
  CHECK(c.h.bind(0, {.from = "10.77.0.11"}));
}

TEST_CASE("ports: tcp_tw_reuse 1 takes a TIME-WAIT over after more than tcp_tw_reuse_delay",
          "[ports]") {
  for (const std::int64_t delay : {1, 1000, 5000}) {
    auto rules = reuse(1);
    rules.tw_reuse_delay_ms = delay;
    one_port_in_time_wait c(rules);
    CHECK(c.connect_again() == errc::eaddrnotavail);
    c.h.wait_ms(delay);
    CHECK(c.connect_again() == errc::eaddrnotavail);
    c.h.wait_ms(1);
    const auto got = c.h.connect(c.to, 5000, c.w);
    CHECK(got);
    CHECK(got.displaced);
    CHECK(c.h.table.current_usage().tuples == 1);
  }
}

TEST_CASE("ports: before 6.14 the next whole second is enough", "[ports]") {
  one_port_in_time_wait c(reuse(1, test::linux_6_1_rules()));  // at 5.25 s
  c.h.wait_ms(749);
  CHECK(c.connect_again() == errc::eaddrnotavail);
  c.h.wait_ms(1);
  CHECK(c.connect_again() == errc::ok);
}

TEST_CASE("ports: tcp_tw_reuse 0 never does, 2 does on loopback alone", "[ports]") {
  struct row {
    std::uint8_t tw_reuse;
    bool on_loopback;
    errc want;
  };
  const row rows[] = {{0, false, errc::eaddrnotavail},
                      {0, true, errc::eaddrnotavail},
                      {1, false, errc::ok},
                      {1, true, errc::ok},
                      {2, false, errc::eaddrnotavail},
                      {2, true, errc::ok}};
  for (const row& r : rows) {
    for (const auto how : {ports::search::naive, ports::search::bitmap}) {
      INFO("tcp_tw_reuse " << int{r.tw_reuse} << (r.on_loopback ? " on loopback" : ""));
      one_port_in_time_wait c(reuse(r.tw_reuse), r.on_loopback ? loopback : client,
                              r.on_loopback ? "127.0.0.1" : "10.77.0.2");
      c.h.table.search_by(how);
      CHECK(c.connect_again() == errc::eaddrnotavail);
      c.h.wait_ms(30000);
      CHECK(c.connect_again() == r.want);
    }
  }
}

TEST_CASE("ports: a TIME-WAIT without time stamps is never taken over", "[ports]") {
  one_port_in_time_wait c(reuse(1), client, "10.77.0.2", false);
  c.h.wait_ms(30000);
  CHECK(c.connect_again() == errc::eaddrnotavail);
}

TEST_CASE("ports: an orphan's FIN-WAIT-2 is not taken over until it has become TIME-WAIT",
          "[ports]") {
  for (const auto how : {ports::search::naive, ports::search::bitmap}) {
    one_port_in_time_wait c(reuse(1), client, "10.77.0.2", true, true);
    c.h.table.search_by(how);
    c.h.wait_ms(30000);
    CHECK(c.connect_again() == errc::eaddrnotavail);
    auto& record = c.h.sockets[1];
    record.facts.fin_wait_2 = false;
    record.facts.entry_ms = c.h.now.ms;
    c.h.table.time_wait_changed(record.tuple, record.what);
    c.h.wait_ms(1000);
    CHECK(c.connect_again() == errc::eaddrnotavail);
    c.h.wait_ms(1);
    CHECK(c.connect_again() == errc::ok);
  }
}

TEST_CASE("ports: bind(port) with SO_REUSEADDR + connect() takes a TIME-WAIT over at once",
          "[ports]") {
  for (std::uint8_t tw_reuse = 0; tw_reuse <= 2; ++tw_reuse) {
    for (const bool timestamps : {true, false}) {
      for (const bool fin_wait_2 : {false, true}) {
        with sharing = client;
        sharing.reuseaddr = true;
        one_port_in_time_wait c(reuse(tw_reuse), sharing, "10.77.0.2", timestamps, fin_wait_2);
        CHECK(c.h.bind(40000, client).error == errc::eaddrinuse);
        const auto s = c.h.bind(40000, sharing);
        REQUIRE(s);
        const auto got = c.h.connect_bound(s.socket, "10.77.0.1", "10.77.0.2", 5000);
        CHECK(got.error == (timestamps ? errc::ok : errc::eaddrnotavail));
        CHECK(got.displaced == timestamps);
      }
    }
  }
}

TEST_CASE("ports: bind(0) does not take the port of a TIME-WAIT, REUSEADDR or not", "[ports]") {
  const with sharing{.from = "10.77.0.1", .reuseaddr = true};
  one_port_in_time_wait c(reuse(0), sharing);
  CHECK(c.h.bind(0, sharing).error == errc::eaddrinuse);
  const auto s = c.h.bind(40000, sharing);
  CHECK(s);
  CHECK(c.h.connect_bound(s.socket, "10.77.0.1", "10.77.0.2", 5001));
}

TEST_CASE("ports: five connects a second use only one parity while tcp_tw_reuse is 1", "[ports]") {
  for (std::uint8_t tw_reuse = 0; tw_reuse <= 1; ++tw_reuse) {
    ports_host h(reuse(tw_reuse));
    std::set<std::uint16_t> ports;
    int failures = 0;
    for (int i = 0; i < 290; ++i, h.wait_ms(200)) {
      const auto got = h.connect("10.77.0.2", 5000, client);
      if (got) {
        ports.insert(got.port);
        h.time_wait(got.socket);
      } else {
        ++failures;
      }
    }
    CHECK(ports.size() == (tw_reuse == 1 ? 50 : 100));
    CHECK(failures == (tw_reuse == 1 ? 0 : 190));
  }
}

TEST_CASE("ports: what bind(0) clients leave in TIME-WAIT no connect() may use", "[ports]") {
  auto rules = reuse(1);
  rules.range = {40000, 40000};
  ports_host h(rules);
  const auto s = h.bind(0, client);
  REQUIRE(h.connect_bound(s.socket, "10.77.0.1", "10.77.0.2", 5000));
  h.time_wait(s.socket);
  h.wait_ms(1300);
  CHECK(h.connect("10.77.0.3", 5000, client).error == errc::eaddrnotavail);
  CHECK(h.connect("10.77.0.2", 5000, client).error == errc::eaddrnotavail);
  h.gone(s.socket);
  CHECK(h.connect("10.77.0.2", 5000, client));
}

}  // namespace fourtuple
