#include <algorithm>

#include "tests/support/apps_world.h"
#include "tests/support/catch.h"

using namespace fourtuple;
using namespace fourtuple::test;

namespace {

using by = observe::connection_row::by;

/// client - 1 ms - edge (10.0.0.3) - `latency` - server
spec::scenario three_hosts(duration latency = 1ms) {
  spec::scenario s = two_hosts(1ms);
  s.hosts.push_back(make_host("edge", ip_address::v4(10, 0, 0, 3)));
  s.links[0].between[1].host = 2;
  spec::link behind;
  behind.between[0].host = 2;
  behind.between[1].host = 1;
  behind.latency = latency;
  s.links.push_back(behind);
  return s;
}

spec::proxy proxy_to(std::uint16_t port) {
  spec::proxy k;
  k.listen = {ip_address::any(family::inet), 80};
  k.upstream = {server_at(port)};
  return k;
}

spec::load load_on_edge(std::uint64_t a_second, std::uint64_t limit) {
  spec::load k;
  k.to = {{ip_address::v4(10, 0, 0, 3), 80}};
  k.rate = per_second(a_second);
  k.limit = limit;
  return k;
}

constexpr std::uint32_t client = 0;
constexpr std::uint32_t server = 1;
constexpr std::uint32_t edge = 2;

/// load, proxy and server in this order.
running through(spec::load load, spec::proxy proxy, spec::echo_server upstream,
                duration latency = 1ms, running::ends when = running::ends::with_its_apps) {
  spec::scenario s = three_hosts(latency);
  add(s, "load", client, std::move(load));
  add(s, "proxy", edge, std::move(proxy));
  add(s, "api", server, std::move(upstream));
  return running(std::move(s), when);
}

}  // namespace

TEST_CASE("a proxy opens a connection per request, and closes it first", "[apps][proxy]") {
  auto run = through(load_on_edge(100, 50), proxy_to(3000), server_on(3000));
  CHECK(run.to_the_end() == observe::backend::stop::finished);
  CHECK(run.app(0).completed == 50);
  CHECK(run.app(0).failed == 0);
  const auto& proxy = run.app(1);
  CHECK(proxy.accepted == 50);
  CHECK(proxy.requests == 50);
  CHECK(proxy.attempted == 50);
  CHECK(proxy.connected == 50);
  CHECK(proxy.completed == 50);
  CHECK(proxy.opened == 50);
  CHECK(proxy.reused == 0);
  CHECK(proxy.bytes_in == 50 * 64);
  CHECK(proxy.bytes_out == 50 * 64);
  CHECK(proxy.tuples.size() == 50);
  CHECK(run.app(2).accepted == 50);
  run.until(1h);
  CHECK(run.app(1).active.now == 0);
  CHECK(run.world().count("edge", "ESTABLISHED") == 0);
  CHECK(proxy.connections.size() == 100);  // of both sides
  for (const auto& row : proxy.connections) {
    CHECK(row.closed_by == by::client);  // of the one side its client, of the other the proxy
    CHECK(row.closed_at.has_value());
  }
}

TEST_CASE("a proxy's TIME-WAITs take the ports towards its upstream", "[apps][proxy]") {
  spec::scenario s = three_hosts();
  s.hosts[edge].sysctls.ip_local_port_range = {40000, 40019};
  add(s, "load", client, load_on_edge(100, 30));
  add(s, "proxy", edge, proxy_to(3000));
  add(s, "api", server, server_on(3000));
  running run(std::move(s));
  run.to_the_end();
  const auto& proxy = run.app(1);
  CHECK(proxy.completed == 20);
  CHECK(proxy.failed == 10);
  CHECK(errors(proxy, errc::eaddrnotavail) == 10);
  REQUIRE(proxy.upstream_errors);
  CHECK(proxy.upstream_errors->by_errno[static_cast<std::size_t>(errc::eaddrnotavail)] == 10);
  REQUIRE(proxy.first_failure);
  CHECK(proxy.first_failure->attempt == 21);
  CHECK(proxy.first_failure->call == "connect");
  CHECK(run.app(0).completed == 20);  // and its clients hear nothing but the end
  CHECK(run.app(0).errors.eofs == 10);
  CHECK(run.app(0).connections.back().closed_by == by::server);
}

TEST_CASE("kept upstream connections are used again, the one used last first", "[apps][proxy]") {
  auto proxy = proxy_to(3000);
  proxy.keepalive = 8;
  SECTION("one after the other needs one") {
    auto run = through(load_on_edge(100, 50), proxy, server_on(3000));
    run.to_the_end();
    CHECK(run.app(0).completed == 50);
    CHECK(run.app(1).attempted == 1);
    CHECK(run.app(1).opened == 1);
    CHECK(run.app(1).reused == 49);
    CHECK(run.app(2).accepted == 1);
  }
  SECTION("as many as are busy at once") {
    auto slow = server_on(3000);
    slow.delay = 50ms;
    auto run = through(load_on_edge(100, 50), proxy, slow);
    run.to_the_end();
    CHECK(run.app(0).completed == 50);
    CHECK(run.app(1).opened == 6);  // 52 ms and the handshake of the first ones, 10 ms apart
    CHECK(run.app(1).opened + run.app(1).reused == 50);
  }
}

TEST_CASE("of more idle connections than keepalive the one unused longest is closed",
          "[apps][proxy]") {
  auto proxy = proxy_to(3000);
  proxy.keepalive = 2;
  auto slow = server_on(3000);
  slow.delay = 50ms;
  auto run = through(load_on_edge(100, 5), proxy, slow);
  run.to_the_end();
  CHECK(run.app(1).opened == 5);
  run.until(1h);
  CHECK(run.app(2).active.now == 2);
  CHECK(run.world().count("edge", "ESTABLISHED") == 2);
  std::size_t open = 0;
  for (const auto& row : run.app(1).connections)
    if (row.remote == server_at(3000) && !row.closed_at) open += row.opened_at > instant{20ms};
  CHECK(open == 2);  // those opened last
}

TEST_CASE("a kept connection is closed after upstream_idle_timeout, and as its upstream closes it",
          "[apps][proxy]") {
  auto proxy = proxy_to(3000);
  proxy.keepalive = 2;
  auto upstream = server_on(3000);
  by who = by::client;
  SECTION("the proxy's own time-out") { proxy.upstream_idle_timeout = 700ms; }
  SECTION("the upstream's") {
    upstream.idle_timeout = 700ms;
    who = by::server;
  }
  auto run = through(load_on_edge(1, 5), proxy, upstream);
  run.to_the_end();
  CHECK(run.app(0).completed == 5);
  CHECK(run.app(1).opened == 5);
  CHECK(run.app(1).reused == 0);
  CHECK(run.app(1).resets_on_reuse == 0);
  CHECK_FALSE(run.app(1).first_failure);
  run.until(1h);
  for (const auto& row : run.app(1).connections)
    if (row.remote == server_at(3000)) CHECK(row.closed_by == who);
  CHECK(run.world().count("edge", "ESTABLISHED") == 0);
}

TEST_CASE("an upstream that closes just as its kept connection is used again", "[apps][proxy]") {
  // One way is 50 ms; the upstream closes 845 ms after its reply, which was asked for 100 ms after
  // the request came (a handshake). The next request leaves while the FIN is under way.
  auto proxy = proxy_to(3000);
  proxy.keepalive = 2;
  auto upstream = server_on(3000);
  upstream.idle_timeout = 845ms;
  SECTION("fails every other request") {
    auto run = through(load_on_edge(1, 6), proxy, upstream, 50ms);
    run.to_the_end();
    CHECK(run.app(0).completed == 3);
    CHECK(run.app(0).errors.eofs == 3);
    CHECK(run.app(1).resets_on_reuse == 3);
    CHECK(run.app(1).failed == 3);
    CHECK(run.app(1).errors.eofs == 3);
    CHECK(run.app(1).opened == 3);
    CHECK(run.app(1).reused == 3);
  }
  SECTION("costs a retry, which opens a new one") {
    proxy.retries = 1;
    auto run = through(load_on_edge(1, 6), proxy, upstream, 50ms);
    run.to_the_end();
    CHECK(run.app(0).completed == 6);
    CHECK(run.app(1).resets_on_reuse >= 2);
    CHECK(run.app(1).failed == 0);
    CHECK(run.app(1).opened + run.app(1).reused == 6 + run.app(1).resets_on_reuse);
  }
  SECTION("cannot happen where the proxy lets go first") {
    proxy.upstream_idle_timeout = 700ms;
    auto run = through(load_on_edge(1, 6), proxy, upstream, 50ms);
    run.to_the_end();
    CHECK(run.app(0).completed == 6);
    CHECK(run.app(1).resets_on_reuse == 0);
  }
}

TEST_CASE("a reply that breaks off is no reset on reuse", "[apps][proxy]") {
  // 2 MB over a connection that has been idle take several round trips of 200 ms: the second reply,
  // asked for at 10 s, is under way as the upstream closes.
  auto proxy = proxy_to(3000);
  proxy.keepalive = 2;
  auto upstream = server_on(3000);
  upstream.close = {spec::server_close::when::after_time, 10'500ms};
  auto load = load_on_edge(1, 2);
  load.rate = {1, 10'000'000'000};
  load.reply = load.request = 2'000'000;
  auto run = through(load, proxy, upstream, 100ms);
  run.until(1min);
  CHECK(run.app(1).completed == 1);
  CHECK(run.app(1).failed == 1);
  CHECK(run.app(1).reused == 1);
  CHECK(run.app(1).resets_on_reuse == 0);
}

TEST_CASE("attempts go to the upstreams in turn, retries too", "[apps][proxy]") {
  auto proxy = proxy_to(3000);
  proxy.upstream = {server_at(3000), server_at(3001), server_at(3002)};
  SECTION("all of them answer") {
    spec::scenario s = three_hosts();
    add(s, "load", client, load_on_edge(100, 9));
    add(s, "proxy", edge, proxy);
    for (std::uint16_t port = 3000; port < 3003; ++port)
      add(s, "api" + std::to_string(port), server, server_on(port));
    running run(std::move(s));
    run.to_the_end();
    CHECK(run.app(0).completed == 9);
    for (std::size_t i = 2; i < 5; ++i) CHECK(run.app(i).accepted == 3);
  }
  SECTION("one is down") {
    proxy.retries = 1;
    spec::scenario s = three_hosts();
    add(s, "load", client, load_on_edge(100, 9));
    add(s, "proxy", edge, proxy);
    add(s, "api3001", server, server_on(3001));
    add(s, "api3002", server, server_on(3002));
    running run(std::move(s));
    run.to_the_end();
    CHECK(run.app(0).completed == 9);
    CHECK(run.app(1).failed == 0);
    CHECK(run.app(1).attempted == 9 + errors(run.app(1), errc::econnrefused));
    CHECK(errors(run.app(1), errc::econnrefused) == 5);  // turns 1, 4, 7, 10, 13 of 14
  }
}

TEST_CASE("a proxy whose upstream is not there closes its client's connection", "[apps][proxy]") {
  auto proxy = proxy_to(3999);
  proxy.retries = 2;
  auto run = through(load_on_edge(10, 3), proxy, server_on(3000));
  run.to_the_end();
  CHECK(run.app(0).failed == 3);
  CHECK(run.app(0).errors.eofs == 3);
  CHECK(run.app(1).requests == 3);
  CHECK(run.app(1).attempted == 9);
  CHECK(run.app(1).failed == 3);
  CHECK(errors(run.app(1), errc::econnrefused) == 9);
  CHECK(run.app(1).opened == 0);
  CHECK(run.world().count("edge", "ESTABLISHED") == 0);
}

TEST_CASE("timeout is that of one attempt upstream", "[apps][proxy]") {
  auto proxy = proxy_to(3000);
  proxy.timeout = 300ms;
  proxy.retries = 1;
  auto slow = server_on(3000);
  slow.delay = 5s;
  auto run = through(load_on_edge(1, 1), proxy, slow);
  run.to_the_end();
  CHECK(run.app(1).errors.timeouts == 2);
  CHECK(run.app(1).upstream_errors->timeouts == 2);
  CHECK(run.app(1).failed == 1);
  CHECK(run.app(0).errors.eofs == 1);
  // two ways to the proxy for the connection, one for the request, two attempts, one way back
  REQUIRE(run.app(0).first_failure);
  CHECK(run.app(0).first_failure->at == instant{3ms + 600ms + 1ms});
}

TEST_CASE("idle_timeout closes silent clients of a proxy", "[apps][proxy]") {
  auto proxy = proxy_to(3000);
  proxy.idle_timeout = 2s;
  auto load = load_on_edge(1, 1);
  load.close = spec::close_by::server;
  auto run = through(load, proxy, server_on(3000));
  run.to_the_end();
  CHECK(run.app(0).completed == 1);
  CHECK(run.app(0).connections.at(0).closed_by == by::server);
  CHECK(run.now() > instant{2s});
  CHECK(run.now() < instant{2100ms});
}

TEST_CASE("a proxy forwards whole messages of any size", "[apps][proxy]") {
  const auto [reply, keepalive, latency] = GENERATE(table<std::uint64_t, std::uint32_t, duration>({
      {1'000'000, 0, 0ms},
      {1'000'000, 4, 5ms},
      {3'000'000, 4, 0ms},
      {3'000'000, 0, 5ms},
  }));
  auto load = load_on_edge(1, 3);
  load.request = 1'000'000;
  load.reply = reply;
  auto upstream = server_on(3000);
  if (reply != load.request) upstream.reply = reply;
  auto proxy = proxy_to(3000);
  proxy.keepalive = keepalive;
  auto run = through(load, proxy, upstream, latency);
  run.to_the_end();
  CHECK(run.app(0).completed == 3);
  CHECK(run.app(1).requests == 3);
  CHECK(run.app(1).bytes_in == 3'000'000);
  CHECK(run.app(1).bytes_out == 3 * reply);
  CHECK(run.app(2).bytes_out == 3 * reply);
}

TEST_CASE("words go through two proxies and come back with the server's prefix", "[apps][proxy]") {
  spec::scenario s = three_hosts();
  spec::echo_client talk;
  talk.to = {{ip_address::v4(10, 0, 0, 3), 80}};
  talk.message = "hello ${i}";
  talk.connections = 3;
  talk.messages = 2;
  auto inner = proxy_to(3000);
  inner.listen.port = 8080;
  inner.keepalive = 3;
  auto outer = proxy_to(3000);
  outer.upstream = {{ip_address::loopback(family::inet), 8080}};
  auto api = server_on(3000);
  api.prefix = "Echo: ";
  add(s, "talk", client, talk);
  add(s, "outer", edge, outer);
  add(s, "inner", edge, inner);
  add(s, "api", server, api);
  running run(std::move(s));
  CHECK(run.to_the_end() == observe::backend::stop::finished);
  CHECK(run.app(0).completed == 6);
  std::vector<std::string> replies = run.app(0).replies;
  std::sort(replies.begin(), replies.end());
  CHECK(replies == std::vector<std::string>{"Echo: hello 1", "Echo: hello 1", "Echo: hello 2",
                                            "Echo: hello 2", "Echo: hello 3", "Echo: hello 3"});
  CHECK(run.app(1).requests == 6);
  CHECK(run.app(1).accepted == 3);
  CHECK(run.app(2).accepted == 6);
  CHECK(run.app(3).accepted == 3);
}

TEST_CASE("a bound proxy binds its upstream connections alone, without SO_REUSEADDR",
          "[apps][proxy]") {
  auto proxy = proxy_to(3000);
  proxy.bind = {{ip_address::v4(10, 0, 0, 3), 0}};
  proxy.options = {{spec::sockopt::so_reuseaddr, {.number = 1}}};
  spec::scenario s = three_hosts();
  s.hosts[edge].sysctls.ip_local_port_range = {40000, 40009};
  SECTION("a port each, whatever the destination") {}
  SECTION("shared between destinations with IP_BIND_ADDRESS_NO_PORT") {
    proxy.options.push_back({spec::sockopt::ip_bind_address_no_port, {.number = 1}});
  }
  const bool shares = proxy.options.size() > 1;
  proxy.upstream.push_back(server_at(3001));
  add(s, "load", client, load_on_edge(100, 30));
  add(s, "proxy", edge, proxy);
  add(s, "a", server, server_on(3000));
  add(s, "b", server, server_on(3001));
  running run(std::move(s));
  run.to_the_end();
  CHECK(run.app(1).completed == (shares ? 20 : 10));
  CHECK(errors(run.app(1), shares ? errc::eaddrnotavail : errc::eaddrinuse) == (shares ? 10 : 20));
}

TEST_CASE("a proxy out of descriptors fails requests and accepts again later", "[apps][proxy]") {
  spec::scenario s = three_hosts();
  auto slow = server_on(3000);
  slow.delay = 100ms;
  auto load = load_on_edge(1000, 20);
  load.timeout = 5s;
  add(s, "load", client, load);
  add(s, "proxy", edge, proxy_to(3000)).nofile = 12;  // listener and eight more
  add(s, "api", server, slow);
  running run(std::move(s));
  run.to_the_end();
  CHECK(run.app(1).fd_peak == 12);
  CHECK(errors(run.app(1), errc::emfile) > 0);
  CHECK(run.app(0).completed + run.app(0).failed == 20);
  CHECK(run.app(0).completed >= 4);
  CHECK(run.app(1).accepted == 20);
  run.until(1h);
  CHECK(run.app(1).active.now == 0);
}

TEST_CASE("a proxy that is its own upstream ends at its descriptors", "[apps][proxy]") {
  auto proxy = proxy_to(3000);
  proxy.upstream = {{ip_address::loopback(family::inet), 80}};
  proxy.timeout = 2s;
  auto run = through(load_on_edge(1, 1), proxy, server_on(3000));
  run.to_the_end();
  CHECK(run.app(0).errors.eofs == 1);
  CHECK(errors(run.app(1), errc::emfile) > 0);
  CHECK(run.app(1).completed == 0);
}

TEST_CASE("a proxy that cannot bind says so, and one that stops lets go of its port",
          "[apps][proxy]") {
  spec::scenario s = three_hosts();
  add(s, "first", edge, proxy_to(3000)).stop = 2s;
  add(s, "second", edge, proxy_to(3000));
  add(s, "third", edge, proxy_to(3000)).start = 3s;
  running run(std::move(s), running::ends::never);
  run.until(4s);
  CHECK_FALSE(run.app(0).listening);
  REQUIRE(run.app(1).not_started);
  CHECK(run.app(1).not_started->error == errc::eaddrinuse);
  CHECK(run.app(2).listening);
}

TEST_CASE("a warm-up takes off what a proxy counted before", "[apps][proxy]") {
  observe::app_metrics m;
  m.upstream_errors = std::make_unique<observe::error_counts>();
  m.upstream_errors->add({observe::fault::word::eof, errc::ok});
  m.resets_on_reuse = 1;
  m.opened = 4;
  m.begin_counting(instant{5s});
  CHECK(m.upstream_errors->eofs == 0);
  CHECK(m.resets_on_reuse == 0);
  CHECK(m.opened == 0);
}
