#include "tests/support/apps_world.h"
#include "tests/support/catch.h"

using namespace fourtuple;
using namespace fourtuple::test;

namespace {

spec::udp_server udp_server_on(std::uint16_t port) {
  spec::udp_server k;
  k.listen = {ip_address::any(family::inet), port};
  return k;
}

spec::udp_client asks(std::uint16_t port, std::uint64_t a_second, std::uint64_t limit) {
  spec::udp_client k;
  k.to = {server_at(port)};
  k.rate = per_second(a_second);
  k.limit = limit;
  return k;
}

}  // namespace

TEST_CASE("one UDP socket asks for all requests and hears each reply", "[apps][udp]") {
  spec::scenario s = two_hosts(5ms);
  auto server = udp_server_on(53);
  server.reply = 200;
  add(s, "client", 0, asks(53, 1000, 20));
  add(s, "server", 1, server);
  running run(std::move(s));
  CHECK(run.to_the_end() == observe::backend::stop::finished);
  const auto& client = run.app(0);
  CHECK(client.requests == 20);
  CHECK(client.attempted == 20);
  CHECK(client.completed == 20);
  CHECK(client.failed == 0);
  CHECK(client.bytes_out == 20 * 64);
  CHECK(client.bytes_in == 20 * 200);
  CHECK(client.tuples.size() == 1);
  CHECK(client.fd_peak == 4);
  CHECK(run.app(1).requests == 20);
  CHECK(run.app(1).completed == 20);
  CHECK(run.now() == instant{29ms});  // the last at 19 ms, and a round trip
}

TEST_CASE("a UDP server answers after its delay, in order", "[apps][udp]") {
  spec::scenario s = two_hosts(5ms);
  auto server = udp_server_on(53);
  server.delay = 40ms;
  add(s, "client", 0, asks(53, 100, 3));
  add(s, "server", 1, server);
  running run(std::move(s));
  run.to_the_end();
  CHECK(run.app(0).completed == 3);
  CHECK(run.now() == instant{20ms + 10ms + 40ms});
}

TEST_CASE("only a connected UDP socket is told that nobody is there", "[apps][udp]") {
  spec::scenario s = two_hosts(5ms);
  auto k = asks(53, 1, 1);
  k.timeout = 300ms;
  SECTION("connected: ECONNREFUSED after one round trip") {
    k.connected = true;
    k.sockets = GENERATE(spec::udp_sockets::one, spec::udp_sockets::per_request);
    add(s, "client", 0, k);
    running run(std::move(s));
    run.to_the_end();
    CHECK(errors(run.app(0), errc::econnrefused) == 1);
    CHECK(run.app(0).errors.timeouts == 0);
    REQUIRE(run.app(0).first_failure);
    CHECK(run.app(0).first_failure->at == instant{10ms});
    CHECK(run.app(0).first_failure->call == "recv");
  }
  SECTION("not connected: its own time-out") {
    k.sockets = GENERATE(spec::udp_sockets::one, spec::udp_sockets::per_request);
    add(s, "client", 0, k);
    running run(std::move(s));
    run.to_the_end();
    CHECK(errors(run.app(0), errc::econnrefused) == 0);
    CHECK(run.app(0).errors.timeouts == 1);
    CHECK(run.app(0).failed == 1);
    CHECK(run.now() == instant{300ms});
  }
}

TEST_CASE("a UDP socket per request takes a port each; without one the send says EAGAIN",
          "[apps][udp]") {
  spec::scenario s = two_hosts(1ms);
  s.hosts[0].sysctls.ip_local_port_range = {40000, 40009};
  auto k = asks(53, 1000, 15);
  k.sockets = spec::udp_sockets::per_request;
  k.hold = 60s;
  SECTION("unconnected: the first sendto()") {}
  SECTION("connected: connect()") { k.connected = true; }
  const bool connected = k.connected;
  add(s, "client", 0, k);
  add(s, "server", 1, udp_server_on(53));
  running run(std::move(s));
  run.to_the_end();
  const auto& client = run.app(0);
  CHECK(client.completed == 10);
  CHECK(errors(client, errc::eagain) == 5);
  REQUIRE(client.first_failure);
  CHECK(client.first_failure->attempt == 11);
  CHECK(client.first_failure->call == (connected ? "connect" : "send"));
}

TEST_CASE("a closed UDP socket's port is free at once", "[apps][udp]") {
  spec::scenario s = two_hosts(1ms);
  s.hosts[0].sysctls.ip_local_port_range = {40000, 40009};
  auto k = asks(53, 1000, 100);  // two at a time, as a round trip is 2 ms
  k.sockets = spec::udp_sockets::per_request;
  add(s, "client", 0, k);
  add(s, "server", 1, udp_server_on(53));
  running run(std::move(s));
  run.to_the_end();
  CHECK(run.app(0).completed == 100);
  CHECK(run.app(0).failed == 0);
}

TEST_CASE("a UDP client that awaits no reply is done once it has sent", "[apps][udp]") {
  spec::scenario s = two_hosts(5ms);
  auto k = asks(8125, 1000, 10);
  k.awaits_reply = false;
  auto sink = udp_server_on(8125);
  sink.replies = false;
  add(s, "client", 0, k);
  add(s, "server", 1, sink);
  running run(std::move(s), running::ends::never);
  run.until(1s);
  CHECK(run.app(0).finished);
  CHECK(run.app(0).completed == 10);
  CHECK(run.app(1).requests == 10);
  CHECK(run.app(1).completed == 0);
}

TEST_CASE("a UDP reply that comes after its request's time-out is not the next request's",
          "[apps][udp]") {
  spec::scenario s = two_hosts(1ms);
  auto server = udp_server_on(53);
  server.delay = 20ms;
  auto k = asks(53, 100, 5);  // the reply to the first comes while the second waits
  k.timeout = 15ms;
  SECTION("an echo") {}
  SECTION("a reply of a size of its own") { server.reply = 200; }
  SECTION("a connected socket") { k.connected = true; }
  add(s, "client", 0, k);
  add(s, "server", 1, server);
  running run(std::move(s));
  run.to_the_end();
  CHECK(run.app(0).completed == 0);
  CHECK(run.app(0).errors.timeouts == 5);
  CHECK(run.now() == instant{40ms + 15ms});
}

TEST_CASE("a UDP reply that comes twice answers one request", "[apps][udp]") {
  spec::scenario s = two_hosts(5ms);
  s.links[0].duplicate = 1'000'000;
  add(s, "client", 0, asks(53, 1000, 20));
  add(s, "server", 1, udp_server_on(53));
  running run(std::move(s));
  run.to_the_end();
  CHECK(run.app(1).requests == 40);
  CHECK(run.app(0).completed == 20);
  CHECK(run.now() == instant{29ms});  // the last at 19 ms, and a round trip of its own
}

TEST_CASE("a port's late UDP reply is not taken for who has the port next", "[apps][udp]") {
  spec::scenario s = two_hosts(1ms);
  s.hosts[0].sysctls.ip_local_port_range = {40000, 40000};
  auto server = udp_server_on(53);
  server.delay = 20ms;
  auto k = asks(53, 50, 5);
  k.timeout = 15ms;
  k.sockets = spec::udp_sockets::per_request;
  add(s, "client", 0, k);
  add(s, "server", 1, server);
  running run(std::move(s));
  run.to_the_end();
  CHECK(run.app(0).completed == 0);
  CHECK(run.app(0).errors.timeouts == 5);
}

TEST_CASE("a UDP request too small for a number is answered by what comes first", "[apps][udp]") {
  spec::scenario s = two_hosts(1ms);
  auto server = udp_server_on(53);
  server.delay = 20ms;
  auto k = asks(53, 100, 5);
  k.size = 8;
  k.timeout = 15ms;
  add(s, "client", 0, k);
  add(s, "server", 1, server);
  running run(std::move(s));
  run.to_the_end();
  CHECK(run.app(0).completed == 4);  // the second hears the reply to the first
  CHECK(run.app(0).errors.timeouts == 1);
}

TEST_CASE("a UDP client that has nothing more to do closes its socket", "[apps][udp]") {
  spec::scenario s = two_hosts(1ms);
  auto server = udp_server_on(53);
  server.delay = 20ms;
  auto k = asks(53, 100, 3);
  std::uint64_t unheard = 0;
  SECTION("the last reply has come") {}
  SECTION("the last request has timed out: its reply finds nobody") {
    k.timeout = 15ms;
    unheard = 1;
  }
  SECTION("nothing is awaited") {
    k.awaits_reply = false;
    unheard = 3;
  }
  SECTION("a connected socket") { k.connected = true; }
  add(s, "client", 0, k);
  add(s, "server", 1, server);
  running run(std::move(s), running::ends::never);
  run.until(1s);
  const auto host = run.world().look("client");
  CHECK(host.udp.ports.peak == 1);
  CHECK(host.udp.ports.now == 0);
  CHECK(run.world().sockets("client").empty());
  const auto counted = host.nstat.find("UdpNoPorts");
  CHECK((counted == host.nstat.end() ? 0 : counted->second) == unheard);
  for (const auto& row : run.app(0).connections) CHECK(row.closed_at.has_value());
}

TEST_CASE("two UDP servers on one port: the second says EADDRINUSE at bind", "[apps][udp]") {
  spec::scenario s = two_hosts();
  add(s, "first", 1, udp_server_on(53));
  add(s, "second", 1, udp_server_on(53));
  running run(std::move(s), running::ends::never);
  run.until(1s);
  CHECK(run.app(0).listening);
  CHECK_FALSE(run.app(1).listening);
  REQUIRE(run.app(1).not_started);
  CHECK(run.app(1).not_started->error == errc::eaddrinuse);
  CHECK(run.app(1).not_started->call == "bind");
  CHECK(run.app(1).not_started->transport == transport::udp);
}
