#include "sim/run/run.h"

#include "sim/core/assert.h"
#include "sim/engine/world.h"
#include "sim/scenario/scenario.h"
#include "tests/support/catch.h"

using namespace fourtuple;
using namespace std::chrono_literals;
using observe::verdict;

namespace {

constexpr const char* churn = R"(
fourtuple: 1
title: churn
duration: 3 s
hosts: { client: { address: 10.0.0.1 }, server: { address: 10.0.0.2, user: root } }
apps:
  api:  { host: server, echo_server: { port: 443 } }
  load: { host: client, load: { to: "10.0.0.2:443", rate: 200/s, hold: 20 ms } }
)";

std::shared_ptr<const spec::scenario> loaded(const std::string& text) {
  auto r = scenario::load("test.yaml", text);
  for (const auto& e : r.errors) FAIL(e.text());
  return std::make_shared<const spec::scenario>(std::move(*r.scenario));
}

observe::outcome run_text(const std::string& text, const run::run_options& options = {}) {
  return run::run_scenario(loaded(text), options, run::simulated());
}

std::string text_of(const observe::outcome& o, std::string_view key) {
  const auto* v = o.tree.find(key);
  return v == nullptr ? "" : v->text;
}

}  // namespace

TEST_CASE("a run that lingers after its duration ends what was begun, and begins nothing",
          "[run]") {
  const std::string slow = R"(
fourtuple: 1
duration: 1 s
hosts: { client: { address: 10.0.0.1 }, server: { address: 10.0.0.2, user: root } }
links: [ { between: [client, server], latency: 5 ms } ]
apps:
  api:  { host: server, echo_server: { port: 443 } }
  load: { host: client, load: { to: "10.0.0.2:443", rate: 10/s } }
)";
  run::run_options lingers;
  lingers.linger = 500ms;
  const auto load_of = [](const observe::outcome& o, const char* what) {
    return o.tree.find("apps")->find("load")->find(what)->number;
  };
  const auto at_its_end = run_text(slow);
  CHECK(load_of(at_its_end, "attempted") == 11);
  CHECK(load_of(at_its_end, "completed") == 10);
  const auto at_rest = run_text(slow, lingers);
  CHECK(load_of(at_rest, "attempted") == 11);
  CHECK(load_of(at_rest, "completed") == 11);
  CHECK(at_rest.tree.find("ended_at")->number == 1'500'000'000);
}

TEST_CASE("a server that cannot start is expected by its errno alone", "[run]") {
  const std::string two = R"(
fourtuple: 1
duration: 1 s
hosts: { n: { count: 2, address: 10.0.0.0/24, user: root } }
apps:
  api: { host: n, echo_server: { port: 80 } }
  second: { host: n, echo_server: { port: 80 } }
expect: { apps.second.)";
  const auto result_with = [&](const std::string& condition) {
    return run_text(two + condition + " }\n").result;
  };
  CHECK(result_with("errors.EADDRINUSE: 2") == verdict::as_expected);
  CHECK(result_with("listening: false") == verdict::as_expected);
  CHECK(result_with("errors.EADDRINUSE: \">= 0\"") == verdict::not_as_expected);
  CHECK(result_with("errors.EACCES: 0") == verdict::not_as_expected);
  CHECK(result_with("errors.timeout: 0") == verdict::not_as_expected);
  CHECK(result_with("on.n-1.errors.EADDRINUSE: 1") == verdict::not_as_expected);
}

TEST_CASE("a load with a limit is over with its last attempt", "[run]") {
  const std::string slow = R"(
fourtuple: 1
hosts: { client: { address: 10.0.0.1 }, server: { address: 10.0.0.2, user: root } }
apps:
  api:  { host: server, echo_server: { port: 443 } }
  load: { host: client, load: { to: "10.0.0.2:443", limit: 3, )";
  CHECK(run_text(slow + "rate: 1/min } }\n").tree.find("ended_at")->number == 120'000'000'000);
  CHECK(run_text(slow + "concurrency: 3, pause: 1 h } }\n").tree.find("ended_at")->number == 0);
}

TEST_CASE("pauses for samples and expect_at change neither digest nor events", "[run]") {
  const auto s = loaded(churn);
  const auto o = run::run_scenario(s, {}, run::simulated());
  const auto paused = run_text(std::string(churn) +
                               "expect_at: { 1.0001 s: { apps.load.failed: 0 }, 2 s: { "
                               "apps.load.attempted: 401 } }\n");
  const auto p = run::simulated();
  const auto world = p.make_world(*s, 0);
  std::vector<std::unique_ptr<observe::app_metrics>> metrics;
  for (const auto& a : s->apps) {
    metrics.push_back(std::make_unique<observe::app_metrics>());
    auto& process = world->make_process(spec::host_name(*s, a.host), {a.user.uid, a.nofile});
    world->describe_process(process, a.name, false);
    p.start_app(*s, a, os(process), *metrics.back());
  }
  (void)world->run_until(at_ns(3'000'000'000), nullptr, nullptr);
  CHECK(text_of(o, "digest") == world->digest());
  CHECK(text_of(paused, "digest") == world->digest());
  CHECK(o.tree.find("run")->find("events")->number == static_cast<std::int64_t>(world->events()));
  CHECK(o.tree.find("ended_at")->number == 3'000'000'000);
  CHECK(o.series.samples.size() >= 90);
  CHECK(paused.result == verdict::as_expected);
}

TEST_CASE("expect_at sees the world at its instant, the end sees the end", "[run]") {
  const auto o = run_text(std::string(churn) +
                          "expect: { apps.load.attempted: 601 }\n"
                          "expect_at: { 1 s: { apps.load.attempted: 201 } }\n");
  REQUIRE(o.expect.size() == 2);
  for (const auto& row : o.expect) {
    INFO(row.why);
    CHECK(row.pass);
  }
  CHECK(o.result == verdict::as_expected);
  const auto bad = run_text(std::string(churn) + "expect: { apps.load.attempted: 1 }\n");
  CHECK(bad.result == verdict::not_as_expected);
}

TEST_CASE("without a duration the run ends when its clients have ended", "[run]") {
  const auto o = run_text(R"(
fourtuple: 1
hosts: { client: { address: 10.0.0.1 }, server: { address: 10.0.0.2, user: root } }
apps:
  api:  { host: server, echo_server: { port: 443 } }
  load: { host: client, load: { to: "10.0.0.2:443", rate: 10/s, limit: 21 } }
)");
  CHECK(o.tree.find("ended_at")->number >= 2'000'000'000);
  CHECK(o.tree.find("ended_at")->number <= 2'100'000'000);
  CHECK(o.series.samples.size() >= 60);
  CHECK(o.series.samples.size() <= 181);
}

TEST_CASE("an expect_at after the end is not met and says when the run ended", "[run]") {
  const auto o = run_text(R"(
fourtuple: 1
hosts: { client: { address: 10.0.0.1 } }
script: [ { host: client, socket: C, expect: ok } ]
expect_at: { 100 s: { hosts.client.ports.now: 0 } }
)");
  REQUIRE(o.expect.size() == 1);
  CHECK_FALSE(o.expect[0].pass);
  CHECK(o.expect[0].why.find("ended before") != std::string::npos);
}

TEST_CASE("a listener that cannot bind fails the run and names who has the port", "[run]") {
  const std::string text = R"(
fourtuple: 1
duration: 1 s
hosts: { box: { address: 10.0.0.1 } }
apps:
  first:  { host: box, echo_server: { port: 3000 } }
  second: { host: box, echo_server: { port: 3000 }, start: 200 ms }
)";
  const auto o = run_text(text);
  CHECK(o.result == verdict::not_as_expected);
  REQUIRE(o.start_failures.size() == 1);
  CHECK(o.start_failures[0].app == "second");
  CHECK(ns(o.start_failures[0].what.at) == 200'000'000);
  REQUIRE(o.start_failures[0].in_the_way.size() == 1);
  CHECK(o.start_failures[0].in_the_way[0].holders.at(0).program == "first");
  CHECK(run_text(text + "expect: { apps.second.errors.EADDRINUSE: 1 }\n").result ==
        verdict::as_expected);
  CHECK(run_text(text + "expect: { apps.first.errors.EADDRINUSE: 0 }\n").result ==
        verdict::not_as_expected);
}

TEST_CASE("stop ends the process, so its port is free again", "[run]") {
  const auto o = run_text(R"(
fourtuple: 1
duration: 1 s
hosts: { box: { address: 10.0.0.1 } }
apps:
  first:  { host: box, echo_server: { port: 3000 }, stop: 100 ms }
  second: { host: box, echo_server: { port: 3000 }, start: 200 ms }
)");
  CHECK(o.result == verdict::as_expected);
  CHECK(o.start_failures.empty());
}

TEST_CASE("a failed script step is a row with its line, what was expected and what came", "[run]") {
  const auto o = run_text(R"(fourtuple: 1
hosts: { client: { address: 10.0.0.1 }, server: { address: 10.0.0.2 } }
script:
  - { host: client, socket: C }
  - { host: client, connect: C, to: "10.0.0.2:81", expect: ok }
)");
  CHECK(o.result == verdict::not_as_expected);
  REQUIRE(o.script_failures.size() == 1);
  CHECK(o.script_failures[0].step == 2);
  CHECK(o.script_failures[0].line == 5);
  CHECK(o.script_failures[0].expected == "ok");
  CHECK(o.script_failures[0].got == "ECONNREFUSED");
}

TEST_CASE("limits and interrupts end a run early and what is known is there", "[run]") {
  run::run_options few;
  few.event_limit = 100;
  const auto limited = run_text(churn, few);
  CHECK(limited.result == verdict::limit_hit);
  CHECK(limited.stopped.find("100 events") != std::string::npos);
  CHECK_FALSE(limited.tree.is_null());
  std::int64_t clock = 0;
  run::run_options slow;
  slow.wall_clock = [&] { return clock += 1'000'000'000; };
  slow.wall_limit_ns = 20'000'000'000;
  CHECK(run_text(churn, slow).result == verdict::limit_hit);
  const std::atomic<bool> yes{true};
  run::run_options stopped;
  stopped.interrupted = &yes;
  const auto interrupted = run_text(churn, stopped);
  CHECK(interrupted.result == verdict::interrupted);
  CHECK(interrupted.tree.find("stopped") != nullptr);
}

TEST_CASE("a script that never waits ends where the run is to end", "[run]") {
  std::int64_t clock = 0;
  run::run_options slow;
  slow.wall_clock = [&] { return clock += 1'000'000'000; };
  slow.wall_limit_ns = 3'000'000'000;
  const auto o = run_text(R"(
fourtuple: 1
hosts: { a: { address: 10.0.0.1 } }
script:
  - { repeat: 1000000000, steps: [ { host: a, socket: S, type: udp }, { host: a, close: S } ] }
)",
                          slow);
  CHECK(o.result == verdict::limit_hit);
}

TEST_CASE("a mistake of ours and lack of memory have verdicts of their own", "[run]") {
  auto p = run::simulated();
  p.start_app = [](const auto&, const auto&, os, auto&) { throw core::internal_error("a bug"); };
  const auto broken = run::run_scenario(loaded(churn), {}, p);
  CHECK(broken.result == verdict::internal_error);
  CHECK(broken.stopped == "a bug (seed 1, virtual time 0.0 s)");
  p.start_app = [](const auto&, const auto&, os, auto&) { throw std::bad_alloc(); };
  CHECK(run::run_scenario(loaded(churn), {}, p).result == verdict::not_possible_here);
}

TEST_CASE("a socket table is that of its instant", "[run]") {
  run::run_options options;
  options.sockets_at = at_ns(1'000'000'000);
  const auto o = run_text(churn, options);
  REQUIRE(o.sockets.size() == 2);
  CHECK(o.sockets[0].host == "client");
  CHECK(o.sockets[0].rows.size() >= 200);
  CHECK(o.expect.empty());
}

TEST_CASE("the most severe verdict wins, in the order 4, 130, 2, 3, 6, 5, 1", "[run]") {
  const auto worst = [](std::vector<verdict> all) {
    std::vector<observe::outcome> outcomes(all.size());
    for (std::size_t i = 0; i < all.size(); ++i) outcomes[i].result = all[i];
    return static_cast<int>(run::most_severe(outcomes));
  };
  CHECK(worst({}) == 0);
  CHECK(worst({verdict::as_expected, verdict::not_as_expected}) == 1);
  CHECK(worst({verdict::not_as_expected, verdict::kernel_differs}) == 5);
  CHECK(worst({verdict::kernel_differs, verdict::limit_hit}) == 6);
  CHECK(worst({verdict::limit_hit, verdict::not_possible_here}) == 3);
  CHECK(worst({verdict::not_possible_here, verdict::bad_input}) == 2);
  CHECK(worst({verdict::bad_input, verdict::interrupted}) == 130);
  CHECK(worst({verdict::internal_error, verdict::interrupted}) == 4);
}
