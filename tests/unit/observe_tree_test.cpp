#include "sim/observe/tree.h"

#include "sim/observe/expectations.h"
#include "sim/observe/script_value.h"
#include "tests/support/catch.h"
#include "tests/unit/observe_fake_world.h"

using namespace fourtuple;
using namespace std::chrono_literals;
using observe::app_metrics;
using observe::value;

namespace {

instant at(duration d) { return instant{d}; }

/// Two members of a fleet and one plain host, an app on each.
struct small_world {
  spec::scenario scenario;
  test::fake_world world;
  std::vector<app_metrics> metrics{3};
  observe::tree_sources sources;

  small_world() {
    spec::host fleet;
    fleet.name = "fleet";
    fleet.count = 2;
    spec::host single;
    single.name = "single";
    scenario.hosts = {fleet, single};
    scenario.title = "small";
    scenario.apps.resize(2);
    scenario.apps[0].name = "load";
    scenario.apps[0].host = {0, std::nullopt};
    scenario.apps[1].name = "api";
    scenario.apps[1].host = {1, std::nullopt};
    for (const char* name : {"fleet-1", "fleet-2", "single"}) world.hosts[name].name = name;
    metrics[0].kind = metrics[1].kind = "load";
    metrics[0].member = "fleet-1";
    metrics[1].member = "fleet-2";
    metrics[2].kind = "echo_server";
    metrics[2].member = "single";
    sources.scenario = &scenario;
    sources.world = &world;
    sources.apps = {{&metrics[0], &metrics[1]}, {&metrics[2]}};
  }

  [[nodiscard]] value at_path(std::string_view text) {
    std::string why;
    const auto path = spec::parse_path(text, why);
    REQUIRE(path);
    return observe::tree_view(sources).at(*path);
  }
};

}  // namespace

TEST_CASE("counters of a fleet add up; limits are one member's and peaks the largest's",
          "[observe][tree]") {
  small_world w;
  for (int i = 0; i < 2; ++i) {
    auto& m = w.metrics[static_cast<std::size_t>(i)];
    m.attempted = 10;
    m.completed = 3;
    m.failed = static_cast<std::uint64_t>(i);
    m.fd_limit = 1024;
    m.fd_peak = i == 0 ? 9 : 4;
    m.tuples.add({ip_address::v4(10, 0, 0, 1), 40000}, {ip_address::v4(10, 0, 0, 9), 80});
  }
  CHECK(w.at_path("apps.load.attempted").number == 20);
  CHECK(w.at_path("apps.load.failed_share").number == 142'857'143);  // 1 of 7
  CHECK(w.at_path("apps.load.fds.limit").number == 1024);
  CHECK(w.at_path("apps.load.fds.peak").number == 9);
  CHECK(w.at_path("apps.load.tuples.distinct").number == 2);
  CHECK(w.at_path("apps.load.on.fleet-2.fds.peak").number == 4);
}

TEST_CASE("the first failure of a fleet is the earliest, percentiles are over all samples",
          "[observe][tree]") {
  small_world w;
  const observe::fault none{observe::fault::word::errno_name, errc::eaddrnotavail};
  w.metrics[0].fail(at(9s), none, "connect", 90);
  w.metrics[1].fail(at(7s), {observe::fault::word::timeout, errc::ok}, "recv", 70);
  for (int i = 1; i <= 50; ++i) w.metrics[0].connect_time.add(i * 1ms);
  for (int i = 51; i <= 100; ++i) w.metrics[1].connect_time.add(i * 1ms);
  CHECK(w.at_path("apps.load.first_failure.at").number == 7'000'000'000);
  CHECK(w.at_path("apps.load.first_failure.error").text == "timeout");
  CHECK(w.at_path("apps.load.on.fleet-1.first_failure.attempt").number == 90);
  CHECK(w.at_path("apps.load.connect_time.min").number == 1'000'000);
  CHECK(w.at_path("apps.load.connect_time.p50").number == 50'000'000);
  CHECK(w.at_path("apps.load.connect_time.p99").number == 99'000'000);
  CHECK(w.at_path("apps.load.connect_time.max").number == 100'000'000);
  CHECK(w.at_path("apps.load.errors.EADDRNOTAVAIL").number == 1);
  CHECK(w.at_path("apps.load.errors.timeout").number == 1);
}

TEST_CASE("host gauges: now adds, the peak and its time are the largest member's",
          "[observe][tree]") {
  small_world w;
  auto& one = w.world.hosts["fleet-1"];
  auto& two = w.world.hosts["fleet-2"];
  one.tcp = {32768, 60999, 28232, {}, 5};
  two.tcp = {32768, 60999, 28232, {}, 8};
  one.tcp.ports.set(30, at(1s));
  one.tcp.ports.set(10, at(2s));
  two.tcp.ports.set(50, at(3s));
  one.nstat["TcpActiveOpens"] = 2;
  two.nstat["TcpActiveOpens"] = 3;
  one.sockets[9] = 4;
  CHECK(w.at_path("hosts.fleet.ports.now").number == 60);
  CHECK(w.at_path("hosts.fleet.ports.peak").number == 50);
  CHECK(w.at_path("hosts.fleet.ports.peak_at").number == 3'000'000'000);
  CHECK(w.at_path("hosts.fleet.ports.capacity").number == 28232);
  CHECK(w.at_path("hosts.fleet.ports.tuples_peak").number == 8);
  CHECK(w.at_path("hosts.fleet.ports.range[1]").number == 60999);
  CHECK(w.at_path("hosts.fleet.nstat.TcpActiveOpens").number == 5);
  CHECK(w.at_path("hosts.fleet.sockets.TIME-WAIT").number == 4);
  CHECK(w.at_path("hosts.fleet-1.ports.peak").number == 30);
}

TEST_CASE("what is known and did not occur is 0, a moment that never came is null",
          "[observe][tree]") {
  small_world w;
  CHECK(w.at_path("apps.load.errors.ECONNREFUSED").number == 0);
  CHECK_FALSE(w.at_path("apps.load.errors.ECONNREFUSED").is_null());
  CHECK_FALSE(w.at_path("hosts.single.nstat.TcpExtTW").is_null());
  CHECK_FALSE(w.at_path("hosts.single.sockets.CLOSING").is_null());
  for (const char* absent :
       {"apps.load.first_failure.at", "apps.load.connect_time.p50", "apps.api.active.peak_at",
        "hosts.single.ports.peak_at", "apps.load.connections[3].fd", "script[0].result"}) {
    INFO(absent);
    CHECK(w.at_path(absent).is_null());
  }
}

TEST_CASE("a name with dots stands in brackets; the top of the tree has names too",
          "[observe][tree]") {
  value tree = value::map();
  tree.set("sysctls", value::map()).set("net.ipv4.tcp_tw_reuse", 2);
  std::string why;
  const auto path = spec::parse_path("sysctls[net.ipv4.tcp_tw_reuse]", why);
  REQUIRE(path);
  CHECK(observe::lookup(tree, *path).number == 2);
  small_world w;
  w.world.clock = at(40s);
  CHECK(w.at_path("ended_at").number == 40'000'000'000);
  CHECK(w.at_path("digest").text == "0123456789abcdef");
  CHECK(w.at_path("title").text == "small");
}

TEST_CASE("a path to one member looks at that member only", "[observe][tree]") {
  small_world w;
  w.scenario.hosts[0].count = 100'000;
  (void)w.at_path("hosts.fleet-2.ports.now");
  CHECK(w.world.looks == 1);
}

TEST_CASE("the JSON has members up to the limit under on: and under their own names",
          "[observe][tree]") {
  small_world w;
  const value whole = observe::tree_view(w.sources).whole();
  const value& load = *whole.find("apps")->find("load");
  REQUIRE(load.find("on") != nullptr);
  CHECK(load.find("on")->members.size() == 2);
  CHECK(load.find("listening") == nullptr);
  CHECK(load.find("bytes_in") == nullptr);
  const value& api = *whole.find("apps")->find("api");
  CHECK(api.find("on") == nullptr);
  CHECK(api.find("listening") != nullptr);
  CHECK(api.find("bytes_in") != nullptr);
  const auto& hosts = whole.find("hosts")->members;
  REQUIRE(hosts.size() == 4);
  CHECK(hosts[0].key == "fleet");
  CHECK(hosts[1].key == "fleet-1");
  CHECK(hosts[3].key == "single");
}

TEST_CASE("the first hundred connections of a fleet are those opened first", "[observe][tree]") {
  small_world w;
  for (int i = 0; i < 100; ++i) {
    observe::connection_row row;
    row.fd = i;
    row.opened_at = at(2 * i * 1ms);
    w.metrics[0].connections.push_back(row);
    row.opened_at = at((2 * i + 1) * 1ms);
    w.metrics[1].connections.push_back(row);
  }
  const value list = w.at_path("apps.load.connections");
  REQUIRE(list.items.size() == 100);
  CHECK(list.items[99].find("opened_at")->number == 99'000'000);
  CHECK(list.items[0].find("closed_at")->is_null());
  CHECK(list.items[0].find("closed_by")->is_null());
}

TEST_CASE("script rows: bytes that are no text come as hex, what a call has not is null",
          "[observe][script]") {
  observe::script_metrics script;
  observe::script_row row;
  row.step = 1;
  row.call = "recv";
  row.result = spec::value::of_int(2);
  row.data = "\xff\x01";
  row.events = std::uint8_t{spec::poll_in | spec::poll_hup};
  script.rows.push_back(row);
  const value v = observe::script_value(script).items.at(0);
  CHECK(v.find("data")->is_null());
  CHECK(v.find("data_hex")->text == "ff01");
  CHECK(v.find("events")->items.at(1).text == "hup");
  CHECK(v.find("host")->is_null());
  CHECK(v.find("pass")->is_null());
  CHECK(v.find("result")->number == 2);
}

TEST_CASE("an expectation keeps what was found, and says why it does not hold",
          "[observe][expect]") {
  small_world w;
  w.metrics[0].attempted = 3;
  spec::expectation e;
  e.metric = "apps.load.attempted";
  std::string why;
  e.path = *spec::parse_path(e.metric, why);
  e.cond = spec::parse_condition("> 5", spec::value_kind::count).cond;
  e.where = {12, 3};
  observe::tree_view tree(w.sources);
  const auto row = observe::evaluate(e, tree);
  CHECK_FALSE(row.pass);
  CHECK(row.found.number == 3);
  CHECK(row.line == 12);
  CHECK_FALSE(row.why.empty());
  e.at = 50s;
  const auto late = observe::not_reached(e, at(40s));
  CHECK_FALSE(late.pass);
  CHECK(late.found.is_null());
  const value list = observe::expect_value({row, late});
  CHECK(list.items[0].find("at") == nullptr);
  CHECK(list.items[1].find("at")->number == 50'000'000'000);
}

TEST_CASE("a proxy's upstream errors stand by name and add up", "[observe][tree]") {
  small_world w;
  w.metrics[2].kind = "proxy";
  CHECK(w.at_path("apps.api.upstream.errors").number == 0);
  w.metrics[2].upstream_errors = std::make_unique<observe::error_counts>();
  auto& errors = *w.metrics[2].upstream_errors;
  for (int i = 0; i < 3; ++i) errors.add({observe::fault::word::errno_name, errc::econnreset});
  errors.add({observe::fault::word::timeout, errc::ok});
  errors.add({observe::fault::word::eof, errc::ok});
  w.metrics[2].opened = 7;
  w.metrics[2].resets_on_reuse = 2;
  CHECK(w.at_path("apps.api.upstream.opened").number == 7);
  CHECK(w.at_path("apps.api.upstream.errors.ECONNRESET").number == 3);
  CHECK(w.at_path("apps.api.upstream.errors.timeout").number == 1);
  CHECK(w.at_path("apps.api.upstream.errors.eof").number == 1);
  CHECK(w.at_path("apps.api.upstream.errors.EPIPE").number == 0);
  CHECK(w.at_path("apps.api.upstream.errors").number == 5);
  CHECK(w.at_path("apps.api.resets_on_reuse").number == 2);
  CHECK(w.at_path("apps.api.listening").is_null() == false);
}
