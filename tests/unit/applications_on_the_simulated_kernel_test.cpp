#include "tests/support/apps_world.h"
#include "tests/support/catch.h"

using namespace fourtuple;
using namespace fourtuple::test;

TEST_CASE("a load's requests are answered and counted", "[apps][load]") {
  const auto latency = GENERATE(duration{0}, duration{1ms});
  spec::scenario s = two_hosts(latency);
  spec::load k = load_to(80);
  k.rate = per_second(100);
  k.limit = 150;
  add(s, "load", 0, k);  // before its server: the order does not matter
  add(s, "api", 1, server_on(80));
  running run(std::move(s));
  CHECK(run.to_the_end() == observe::backend::stop::finished);
  const auto& load = run.app(0);
  CHECK(load.requests == 150);
  CHECK(load.attempted == 150);
  CHECK(load.connected == 150);
  CHECK(load.completed == 150);
  CHECK(load.failed == 0);
  CHECK(load.tuples.size() == 150);
  CHECK(load.connections.size() == 100);
  CHECK(load.connections[0].closed_by == observe::connection_row::by::client);
  CHECK(load.connect_time.count() == 150);
  CHECK(load.connect_time.percentile(50) == 2 * latency);
  CHECK(load.finished);
  CHECK(run.app(1).accepted == 150);
  CHECK(run.app(1).bytes_in == 150 * 64);
  CHECK(run.app(1).bytes_out == 150 * 64);
  CHECK(ns(run.now()) >= ns(duration{1490ms}));
  CHECK(ns(run.now()) < ns(duration{1510ms}));
}

TEST_CASE("attempts go on at their exact times, whatever becomes of them", "[apps][load]") {
  spec::scenario s = two_hosts();
  spec::load k = load_to(81);
  k.rate = per_second(1000);
  k.limit = 10;
  add(s, "load", 0, k).start = 5s;
  running run(std::move(s));
  run.to_the_end();
  const auto& load = run.app(0);
  CHECK(load.failed == 10);
  CHECK(errors(load, errc::econnrefused) == 10);
  REQUIRE(load.first_failure.has_value());
  CHECK(load.first_failure->at == instant{5002ms});
  CHECK(load.first_failure->call == "connect");
  CHECK(load.first_failure->attempt == 1);
  CHECK(run.now() == instant{5011ms});
}

TEST_CASE("one megabyte goes there and back, byte for byte in number", "[apps][load]") {
  const auto latency = GENERATE(duration{0}, duration{1ms});
  spec::scenario s = two_hosts(latency);
  spec::load k = load_to(80);
  k.rate = per_second(1);
  k.limit = 2;
  k.request = k.reply = 1'000'000;
  add(s, "load", 0, k);
  spec::echo_server server = server_on(80);
  server.close.kind = spec::server_close::when::after_reply;
  add(s, "api", 1, server);
  running run(std::move(s));
  run.to_the_end();
  CHECK(run.app(0).completed == 2);
  CHECK(run.app(1).bytes_in == 2'000'000);
  CHECK(run.app(1).bytes_out == 2'000'000);
}

TEST_CASE("a reply of its own size waits for the whole request", "[apps][load]") {
  spec::scenario s = two_hosts(20ms);
  spec::load k = load_to(80);
  k.rate = per_second(1);
  k.limit = 2;
  k.request = 100'000;
  k.reply = 10;
  add(s, "load", 0, k);
  spec::echo_server server = server_on(80);
  server.reply = 10;
  server.delay = 500ms;
  add(s, "api", 1, server);
  running run(std::move(s));
  run.to_the_end();
  CHECK(run.app(0).completed == 2);
  CHECK(run.app(1).bytes_out == 20);
}

TEST_CASE("who closes is who the file says", "[apps][load]") {
  using by = observe::connection_row::by;
  const auto [close, expected] = GENERATE(table<spec::close_by, by>({
      {spec::close_by::client, by::client},
      {spec::close_by::server, by::server},
      {spec::close_by::reset, by::reset},
  }));
  spec::scenario s = two_hosts();
  spec::load k = load_to(80);
  k.rate = per_second(10);
  k.limit = 1;
  k.close = close;
  add(s, "load", 0, k);
  spec::echo_server server = server_on(80);
  if (close == spec::close_by::server) server.close.kind = spec::server_close::when::after_reply;
  add(s, "api", 1, server);
  running run(std::move(s));
  run.to_the_end();
  CHECK(run.app(0).completed == 1);
  CHECK(run.app(0).connections.at(0).closed_by == expected);
  run.until(2h);
  CHECK(run.world().count("client", "ESTABLISHED") == 0);
  CHECK(run.app(1).active.now == 0);
  CHECK(run.app(1).connections.at(0).closed_by == expected);
}

TEST_CASE("hold keeps a connection from connect() on, or for ever", "[apps][load]") {
  spec::scenario s = two_hosts();
  spec::load k = load_to(80);
  k.rate = per_second(1000);
  k.limit = 100;
  k.hold = GENERATE(std::optional<duration>(1s), std::optional<duration>());
  const bool forever = !k.hold.has_value();
  add(s, "load", 0, k);
  add(s, "api", 1, server_on(80));
  running run(std::move(s), running::ends::never);
  run.until(500ms);
  CHECK(run.app(0).completed == 100);
  CHECK(run.app(0).finished == forever);
  CHECK(run.world().count("client", "ESTABLISHED") == 100);
  CHECK(run.app(1).active.now == 100);
  if (!forever) {
    run.until(2s);
    CHECK(run.app(0).connections.at(0).closed_at == instant{1s});
    CHECK(run.app(0).connections.at(99).closed_at == instant{1099ms});
  }
}

TEST_CASE("a closed loop's worker begins again a pause after its last request", "[apps][load]") {
  spec::scenario s = two_hosts();
  spec::load k = load_to(80);
  k.concurrency = 2;
  k.limit = 20;
  k.pause = 1ms;
  add(s, "load", 0, k);
  add(s, "api", 1, server_on(80));
  running run(std::move(s));
  run.to_the_end();
  CHECK(run.app(0).requests == 20);
  CHECK(run.app(0).completed == 20);
  // ten each: two round trips of 2 ms, and a pause of 1 ms between them
  CHECK(run.now() == instant{49ms});
}

TEST_CASE("retries count as attempts, and a request fails once", "[apps][load]") {
  spec::scenario s = two_hosts();
  spec::load k = load_to(81);
  k.rate = per_second(1);
  k.limit = 8;
  k.retry.retries = 2;
  add(s, "load", 0, k);
  running run(std::move(s));
  run.to_the_end();
  CHECK(run.app(0).attempted == 8);
  CHECK(run.app(0).requests == 3);
  CHECK(run.app(0).failed == 3);
  CHECK(errors(run.app(0), errc::econnrefused) == 8);
}

TEST_CASE("a timeout of its own ends a request that nobody answers", "[apps][load]") {
  spec::scenario s = two_hosts();
  spec::load k = load_to(80);
  k.rate = per_second(1);
  k.limit = 3;
  k.timeout = 200ms;
  add(s, "load", 0, k);
  spec::listener silent;
  silent.ports = {{80, 80}};
  add(s, "silent", 1, silent);
  running run(std::move(s));
  run.to_the_end();
  CHECK(run.app(0).connected == 3);
  CHECK(run.app(0).failed == 3);
  CHECK(run.app(0).errors.timeouts == 3);
  CHECK(run.app(0).first_failure->at == instant{200ms});
  CHECK(run.app(0).first_failure->call == "recv");
  CHECK(run.app(1).accepted == 3);
}

TEST_CASE("out of descriptors an open loop fails in socket()", "[apps][load]") {
  spec::scenario s = two_hosts();
  spec::load k = load_to(80);
  k.rate = per_second(100);
  k.limit = 20;
  k.hold = std::nullopt;
  add(s, "load", 0, k).nofile = 10;
  add(s, "api", 1, server_on(80));
  running run(std::move(s));
  run.to_the_end();
  CHECK(run.app(0).connected == 7);
  CHECK(errors(run.app(0), errc::emfile) == 13);
  CHECK(run.app(0).first_failure->call == "socket");
  CHECK(run.app(0).first_failure->attempt == 8);
  CHECK(run.app(0).fd_peak == 10);
}

TEST_CASE("a server without descriptors leaves connections in the queue until one is free",
          "[apps][server]") {
  spec::scenario s = two_hosts();
  spec::load k = load_to(80);
  k.rate = per_second(1000);
  k.limit = 12;
  k.hold = 1s;
  add(s, "load", 0, k);
  add(s, "api", 1, server_on(80)).nofile = 8;  // three, the listener and four
  running run(std::move(s));
  run.until(500ms);
  CHECK(run.app(0).completed == 4);
  CHECK(run.app(1).accepted == 4);
  CHECK(errors(run.app(1), errc::emfile) >= 1);
  run.to_the_end();
  CHECK(run.app(0).completed == 12);
}

TEST_CASE("max_connections and accept_rate hold accepts back", "[apps][server]") {
  spec::scenario s = two_hosts();
  spec::load k = load_to(80);
  k.rate = per_second(1000);
  k.limit = 8;
  k.hold = 1s;
  add(s, "load", 0, k);
  spec::echo_server server = server_on(80);
  SECTION("no more than three at once") {
    server.accepts.max_connections = 3;
    add(s, "api", 1, server);
    running run(std::move(s));
    run.until(500ms);
    CHECK(run.app(1).accepted == 3);
    run.to_the_end();
    CHECK(run.app(0).completed == 8);
    CHECK(run.app(1).active.peak == 3);
  }
  SECTION("ten a second") {
    server.accepts.rate = per_second(10);
    add(s, "api", 1, server);
    running run(std::move(s));
    run.until(350ms);
    CHECK(run.app(1).accepted == 4);
    run.to_the_end();
    CHECK(run.app(0).completed == 8);
    CHECK(run.app(0).connections[7].closed_at.has_value());
  }
}

TEST_CASE("a server closes silent and old connections, and never only if told so",
          "[apps][server]") {
  spec::scenario s = two_hosts();
  spec::load k = load_to(80);
  k.rate = per_second(10);
  k.limit = 1;
  k.close = spec::close_by::server;
  add(s, "load", 0, k);
  spec::echo_server server = server_on(80);
  SECTION("idle_timeout, from the last byte on") {
    server.idle_timeout = 2s;
    add(s, "api", 1, server);
    running run(std::move(s));
    run.until(1s);
    CHECK(run.app(1).active.now == 1);
    run.to_the_end();
    CHECK(run.app(1).connections[0].closed_at == instant{2003ms});
  }
  SECTION("after a time, from accept() on") {
    server.close = {spec::server_close::when::after_time, 3s};
    add(s, "api", 1, server);
    running run(std::move(s));
    run.to_the_end();
    CHECK(run.app(1).connections[0].closed_at == instant{3003ms});
  }
}

TEST_CASE("a port that is taken is the server's first line", "[apps][server]") {
  spec::scenario s = two_hosts();
  add(s, "first", 1, server_on(80));
  add(s, "second", 1, server_on(80));
  running run(std::move(s));
  CHECK(run.app(0).listening);
  CHECK_FALSE(run.app(1).listening);
  REQUIRE(run.app(1).not_started.has_value());
  CHECK(run.app(1).not_started->error == errc::eaddrinuse);
  CHECK(run.app(1).not_started->call == "bind");
  CHECK(run.app(1).not_started->where.port == 80);
}

TEST_CASE("stop ends a server and what it holds; a load begins nothing more", "[apps][stop]") {
  spec::scenario s = two_hosts();
  spec::load k = load_to(80);
  k.rate = per_second(10);
  k.close = spec::close_by::server;
  add(s, "load", 0, k).stop = 950ms;
  add(s, "api", 1, server_on(80)).stop = 2s;
  running run(std::move(s));
  run.until(1s);
  CHECK(run.app(0).requests == 10);
  CHECK(run.app(0).completed == 10);
  CHECK(run.app(1).active.now == 10);
  run.until(3s);
  CHECK(run.app(0).finished);
  CHECK(run.app(1).active.now == 0);
  CHECK_FALSE(run.app(1).listening);
  CHECK(run.world().count("server", "LISTEN") == 0);
  CHECK(run.app(0).connections[0].closed_by == observe::connection_row::by::server);
}

TEST_CASE("an echo client hears what it said, with the server's prefix", "[apps][echo]") {
  spec::scenario s = two_hosts();
  spec::echo_client k;
  k.to = {server_at(80)};
  k.connections = 2;
  k.messages = 2;
  k.message = "hello ${i}";
  k.think = 100ms;
  add(s, "chat", 0, k);
  spec::echo_server server = server_on(80);
  server.prefix = "Echo: ";
  add(s, "api", 1, server);
  running run(std::move(s));
  CHECK(run.to_the_end() == observe::backend::stop::finished);
  CHECK(run.app(0).replies == std::vector<std::string>{"Echo: hello 1", "Echo: hello 2",
                                                       "Echo: hello 1", "Echo: hello 2"});
  CHECK(run.app(0).requests == 4);
  CHECK(run.app(0).completed == 4);
}

TEST_CASE("a pool serves its requests over few connections", "[apps][pool]") {
  spec::scenario s = two_hosts();
  spec::pool k;
  k.to = {server_at(80)};
  k.size = 2;
  k.rate = per_second(100);
  k.limit = 50;
  k.hold = 15ms;
  SECTION("enough of them") {}
  SECTION("too few, and then they wait in line") { k.hold = 25ms; }
  const bool waits = k.hold == 25ms;
  add(s, "pool", 0, k);
  add(s, "api", 1, server_on(80));
  running run(std::move(s));
  CHECK(run.to_the_end() == observe::backend::stop::finished);
  CHECK(run.app(0).requests == 50);
  CHECK(run.app(0).completed == 50);
  CHECK(run.app(0).opened == 2);
  CHECK(run.app(0).reused == 48);
  CHECK((run.app(0).waited > 0) == waits);
}

TEST_CASE("a request that stands in line too long fails there", "[apps][pool]") {
  spec::scenario s = two_hosts();
  spec::pool k;
  k.to = {server_at(80)};
  k.size = 1;
  k.rate = per_second(100);
  k.limit = 10;
  k.hold = 1s;
  k.queue_timeout = 50ms;
  add(s, "pool", 0, k);
  add(s, "api", 1, server_on(80));
  running run(std::move(s));
  CHECK(run.to_the_end() == observe::backend::stop::finished);
  CHECK(run.app(0).completed == 1);
  CHECK(run.app(0).errors.timeouts == 9);
  CHECK(run.app(0).first_failure->call == "queue");
  CHECK(run.app(0).first_failure->at == instant{60ms});
}

TEST_CASE("idle and old pool connections are closed and opened anew", "[apps][pool]") {
  spec::scenario s = two_hosts();
  spec::pool k;
  k.to = {server_at(80)};
  k.size = 1;
  k.rate = per_second(1);
  k.limit = 5;
  SECTION("idle_timeout") { k.idle_timeout = 500ms; }
  SECTION("max_lifetime") { k.max_lifetime = 500ms; }
  add(s, "pool", 0, k);
  add(s, "api", 1, server_on(80));
  running run(std::move(s));
  CHECK(run.to_the_end() == observe::backend::stop::finished);
  CHECK(run.app(0).completed == 5);
  CHECK(run.app(0).opened == 5);
  CHECK(run.app(0).reused == 0);
}
