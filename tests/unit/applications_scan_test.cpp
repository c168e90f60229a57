#include "sim/observe/tree.h"
#include "tests/support/apps_world.h"
#include "tests/support/catch.h"

using namespace fourtuple;
using namespace fourtuple::test;
using verdict = observe::scanned_port::verdict;

namespace {

spec::scan scan_of(std::vector<profile::port_range> ports) {
  spec::scan k;
  k.target = server_address;
  k.ports = std::move(ports);
  return k;
}

spec::listener listener_on(std::uint16_t port) {
  spec::listener k;
  k.ports = {{port, port}};
  return k;
}

}  // namespace

TEST_CASE("a scan tells open from closed, one round trip after it asked", "[apps][scan]") {
  spec::scenario s = two_hosts(2ms);
  add(s, "probe", 0, scan_of({{22, 22}, {80, 81}}));
  add(s, "web", 1, listener_on(80));
  running run(std::move(s));
  CHECK(run.to_the_end() == observe::backend::stop::finished);
  const auto& probe = run.app(0);
  REQUIRE(probe.ports.size() == 3);
  CHECK(probe.ports[0].port == 22);
  CHECK(probe.ports[0].state == verdict::closed);
  CHECK(probe.ports[0].error == errc::econnrefused);
  CHECK(probe.ports[1].state == verdict::open);
  CHECK(probe.ports[1].error == errc::ok);
  CHECK(probe.ports[1].after == 4ms);
  CHECK(probe.ports[2].state == verdict::closed);
  CHECK(probe.attempted == 3);
  CHECK(probe.connected == 1);
  CHECK(probe.completed == 3);
  CHECK(probe.failed == 0);
  CHECK(errors(probe, errc::econnrefused) == 2);
  CHECK_FALSE(probe.first_failure);
}

TEST_CASE("an open port is closed at once by the scanner", "[apps][scan]") {
  spec::scenario s = two_hosts(2ms);
  add(s, "probe", 0, scan_of({{80, 80}}));
  add(s, "web", 1, server_on(80));
  running run(std::move(s), running::ends::never);
  run.until(1s);
  CHECK(run.world().count("client", "TIME-WAIT") == 1);
  CHECK(run.world().count("server", "TIME-WAIT") == 0);
  CHECK(run.world().count("server", "CLOSE-WAIT") == 0);
}

TEST_CASE("concurrency bounds the sockets a scan has at a time", "[apps][scan]") {
  spec::scenario s = two_hosts(10ms);
  spec::scan k = scan_of({{1, 100}});
  SECTION("four at a time take 25 round trips") {
    k.concurrency = 4;
    add(s, "probe", 0, k);
    running run(std::move(s));
    run.to_the_end();
    CHECK(run.app(0).fd_peak == 7);
    CHECK(run.now() == instant{25 * 20ms});
  }
  SECTION("all at once, as many as descriptors allow") {
    add(s, "probe", 0, k).nofile = 53;
    running run(std::move(s));
    run.to_the_end();
    CHECK(run.app(0).fd_peak == 53);
    CHECK(run.now() == instant{2 * 20ms});
  }
}

TEST_CASE("a scan by UDP hears refusals until the target holds them back", "[apps][scan]") {
  // Six port-unreachable messages to one peer, then one a second (icmp_ratelimit).
  spec::scenario s = two_hosts(1ms);
  spec::scan k = scan_of({{1, 10}});
  k.transport = spec::transport::udp;
  add(s, "probe", 0, k);
  running run(std::move(s));
  run.to_the_end();
  const auto& ports = run.app(0).ports;
  for (std::size_t i = 0; i < 10; ++i) {
    INFO(i);
    CHECK(ports[i].state == (i < 6 ? verdict::closed : verdict::filtered));
  }
  CHECK(run.app(0).errors.timeouts == 4);
  CHECK(run.now() == instant{500ms});
}

TEST_CASE("what scans of several hosts saw differently has no state of its own", "[apps][scan]") {
  observe::app_metrics a, b;
  a.kind = b.kind = "scan";
  a.ports = {{22, verdict::open, errc::ok, 1ms}, {25, verdict::closed, errc::econnrefused, 1ms}};
  b.ports = {{22, verdict::open, errc::ok, 3ms}, {25, verdict::filtered, errc::ok, 500ms}};
  const observe::app_metrics* const both[] = {&a, &b};
  const observe::value tree = observe::app_value(both);
  const auto& ports = *tree.find("ports");
  CHECK(ports.find("22")->find("state")->text == "open");
  CHECK(ports.find("22")->find("after")->number == 3'000'000);
  CHECK(ports.find("22")->find("service")->text == "SSH");
  CHECK(ports.find("25")->find("state")->is_null());
  CHECK(tree.find("open")->number == 2);
  CHECK(tree.find("closed")->number == 1);
  CHECK(tree.find("filtered")->number == 1);
  CHECK(tree.find("open_ports")->text == "22");
}
