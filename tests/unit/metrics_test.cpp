#include "sim/spec/metric.h"

#include "sim/host/nstat.h"
#include "sim/spec/spec.h"
#include "sim/spec/template.h"
#include "tests/support/catch.h"

using namespace fourtuple;
using namespace fourtuple::spec;

namespace {

scenario world() {
  scenario s;
  spec::host client, fleet;
  client.name = "client";
  fleet.name = "fleet";
  fleet.count = 3;
  s.hosts = {client, fleet};
  app load_app, server, everywhere, edge;
  load_app.name = "load";
  load_app.kind = load{};
  server.name = "api";
  server.kind = echo_server{};
  everywhere.name = "each";
  everywhere.host = {1, std::nullopt};
  everywhere.kind = pool{};
  edge.name = "edge";
  edge.kind = proxy{};
  s.apps = {load_app, server, everywhere, edge};
  s.script.resize(4);
  return s;
}

}  // namespace

TEST_CASE("every counter that a model can move is a metric", "[spec]") {
  const auto s = world();
  host::nstat counters;
  for (std::size_t i = 0; i < static_cast<std::size_t>(tcp::counter::count_); ++i)
    counters.add(static_cast<tcp::counter>(i));
  for (std::size_t i = 0; i < static_cast<std::size_t>(host::host_counter::count_); ++i)
    counters.add(static_cast<host::host_counter>(i));
  for (const auto& [name, times] : counters.moved()) {
    INFO(name);
    CHECK(find_metric(s, "hosts.client.nstat." + name).error.empty());
  }
}

TEST_CASE("metric paths that exist are found with their kind", "[spec]") {
  const auto s = world();
  const std::pair<const char*, value_kind> known[] = {
      {"apps.load.errors.EADDRNOTAVAIL", value_kind::count},
      {"apps.load.errors.timeout", value_kind::count},
      {"apps.load.first_failure.at", value_kind::time},
      {"apps.load.first_failure", value_kind::list},
      {"apps.load.failed_share", value_kind::decimal},
      {"apps.load.connect_time.p99", value_kind::time},
      {"apps.load.connections[99].local", value_kind::text},
      {"apps.api.active.peak_at", value_kind::time},
      {"apps.api.listening", value_kind::boolean},
      {"apps.each.on.fleet-2.reused", value_kind::count},
      {"apps.edge.accepted", value_kind::count},
      {"apps.edge.upstream.opened", value_kind::count},
      {"apps.edge.upstream.errors.ECONNRESET", value_kind::count},
      {"apps.edge.upstream.errors", value_kind::count},
      {"apps.edge.resets_on_reuse", value_kind::count},
      {"hosts.client.ports.range[0]", value_kind::count},
      {"hosts.fleet-3.sockets.TIME-WAIT", value_kind::count},
      {"hosts.fleet.nstat.TcpExtTWRecycled", value_kind::count},
      {"script[3].result", value_kind::text},
      {"ended_at", value_kind::time},
      {"run.events", value_kind::count},
  };
  for (const auto& [path, kind] : known) {
    const auto found = find_metric(s, path);
    INFO(path << ": " << found.error);
    CHECK(found.error.empty());
    CHECK(found.kind == kind);
    CHECK(to_string(found.path) == path);
  }
}

TEST_CASE("metric paths that do not exist are errors", "[spec]") {
  const auto s = world();
  for (const char* bad : {"",
                          "apps",
                          "apps.",
                          "apps.load",
                          "apps.load.",
                          "apps.nobody.failed",
                          "apps.load.accepted",
                          "apps.load.errors.EWOULDBLOCK",
                          "apps.load.errors",
                          "apps.load.upstream.opened",
                          "apps.edge.upstream",
                          "apps.edge.opened",
                          "apps.load.first_failure.at.x",
                          "apps.load.on.fleet-1.failed",
                          "apps.each.on.fleet-4.failed",
                          "hosts.fleet-4.ports.now",
                          "hosts.client.sockets.TIME_WAIT",
                          "script[4].result",
                          "script.result",
                          "script[0",
                          "x",
                          "hosts.client.ports.range[x]",
                          "run",
                          "hosts..ports",
                          "[0]"}) {
    INFO(bad);
    CHECK_FALSE(find_metric(s, bad).error.empty());
  }
}

TEST_CASE("paths keep names with dots in brackets", "[spec]") {
  std::string why;
  const auto path = parse_path("hosts.client.sysctls[net.ipv4.tcp_tw_reuse]", why);
  REQUIRE(path);
  REQUIRE(path->size() == 4);
  CHECK(path->back().key == "net.ipv4.tcp_tw_reuse");
  CHECK(to_string(*path) == "hosts.client.sysctls[net.ipv4.tcp_tw_reuse]");
}

TEST_CASE("templates expand names and keep the rest", "[spec]") {
  std::string missing;
  const auto lookup = [](std::string_view name) -> std::optional<std::string> {
    if (name == "i") return "7";
    return std::nullopt;
  };
  CHECK(expand("c${i}-${i}", lookup, missing) == "c7-7");
  CHECK(expand("$5 $${i} $", lookup, missing) == "$5 ${i} $");
  CHECK_FALSE(expand("${j}", lookup, missing));
  CHECK(missing == "j");
  CHECK_FALSE(expand("${i", lookup, missing));
}
