// What counts as happening at one instant: the start, a stop, expect_at, a warm-up; and in which
// order.
#include "sim/run/run.h"
#include "sim/run/start_order.h"
#include "sim/scenario/scenario.h"
#include "tests/support/catch.h"

using namespace fourtuple;
using observe::verdict;

namespace {

std::shared_ptr<const spec::scenario> loaded(const std::string& text) {
  auto r = scenario::load("test.yaml", text);
  for (const auto& e : r.errors) FAIL(e.text());
  return std::make_shared<const spec::scenario>(std::move(*r.scenario));
}

observe::outcome run_text(const std::string& text) {
  return run::run_scenario(loaded(text), {}, run::simulated());
}

/// "apps.api.connections" and the like.
const observe::value& at(const observe::outcome& o, std::initializer_list<const char*> path) {
  const observe::value* v = &o.tree;
  for (const char* key : path) {
    v = v->find(key);
    REQUIRE(v != nullptr);
  }
  return *v;
}

std::string digest_of(const std::string& text) { return at(run_text(text), {"digest"}).text; }

}  // namespace

TEST_CASE("a stop is seen by an expectation at its instant as at the end", "[run]") {
  const auto o = run_text(R"(
fourtuple: 1
duration: 2 s
hosts: { a: { address: 10.0.0.1 }, s: { address: 10.0.0.2 } }
apps:
  srv: { host: s, echo_server: { port: 8080 } }
  one: { host: a, stop: 2 s, load: { to: "s:8080", rate: 10/s, hold: 1 s } }
  two: { host: a, stop: 2 s, pool: { to: "s:8080", size: 3, rate: 10/s } }
expect:             { hosts.a.sockets.ESTABLISHED: 0 }
expect_at: { 2 s:   { hosts.a.sockets.ESTABLISHED: 0, hosts.s.sockets.ESTABLISHED: 0 } }
)");
  CHECK(o.result == verdict::as_expected);
}

TEST_CASE("what is expected at 0 s is looked at after everything else of that instant", "[run]") {
  const auto o = run_text(R"(
fourtuple: 1
duration: 1 s
hosts: { a: { address: 10.0.0.1 }, s: { address: 10.0.0.2 } }
apps:
  srv: { host: s, echo_server: { port: 8080 } }
  one: { host: a, load: { to: "s:8080", rate: 10/s, hold: 300 ms } }
expect_at:
  0 s:    { hosts.a.ports.now: 1, apps.one.requests: 1, hosts.s.sockets.LISTEN: 1 }
  100 ms: { hosts.a.ports.now: 2, apps.one.requests: 2 }
)");
  CHECK(o.result == verdict::as_expected);
}

TEST_CASE("who stops has closed what it had open, unless the peer was first", "[run]") {
  const auto o = run_text(R"(
fourtuple: 1
duration: 4 s
hosts: { c: { address: 10.0.0.1 }, s: { address: 10.0.0.2 } }
apps:
  echo:  { host: s, stop: 2 s, listener: { ports: [80] } , user: root }
  srv:   { host: s, echo_server: { port: 8080, close: never } }
  first: { host: c, stop: 1 s, load: { to: "s:8080", rate: 1/s, hold: 10 s, limit: 1 } }
  waits: { host: c, stop: 1 s, echo_client: { to: "s:80", timeout: 9 s } }
)");
  const auto row = [&](const char* app) { return at(o, {"apps", app, "connections"}).items.at(0); };
  CHECK(row("first").find("closed_at")->number == 1'000'000'000);
  CHECK(row("first").find("closed_by")->text == "client");
  CHECK(row("waits").find("closed_at")->number == 1'000'000'000);
  // The listener never reads, so it closes second, and knows.
  CHECK(row("echo").find("closed_at")->number == 2'000'000'000);
  CHECK(row("echo").find("closed_by")->text == "client");
  CHECK(at(o, {"apps", "echo", "active", "now"}).number == 0);
}

TEST_CASE("a server counts its attempts from the start of the run, with a warm-up or not",
          "[run]") {
  const auto attempt = [](const std::string& warmup) {
    return at(run_text("fourtuple: 1\nduration: 3 s\nwarmup: " + warmup + R"(
hosts: { c: { address: 10.0.0.1 }, s: { address: 10.0.0.2, nofile: 10 } }
apps:
  srv:  { host: s, echo_server: { port: 8080 } }
  cl:   { host: c, load: { to: "s:8080", rate: 10/s } }
  more: { host: c, start: 2 s, load: { to: "s:8080", rate: 10/s, hold: 2 s } }
)"),
              {"apps", "srv", "first_failure", "attempt"})
        .number;
  };
  CHECK(attempt("0 s") > 10);
  CHECK(attempt("1 s") == attempt("0 s"));
}

TEST_CASE("the order of applications on different hosts decides nothing", "[run]") {
  const std::string head = R"(
fourtuple: 1
duration: 1 s
hosts: { b: { address: 10.0.0.2 }, a: { address: 10.0.0.1 }, s: { address: 10.0.0.3 } }
apps:
  srv: { host: s, echo_server: { port: 8080 } }
)";
  const std::string one = "  one: { host: a, load: { to: \"s:8080\", rate: 10/s } }\n";
  const std::string two = "  two: { host: b, load: { to: \"s:8080\", rate: 10/s } }\n";
  CHECK(digest_of(head + one + two) == digest_of(head + two + one));
}

TEST_CASE("applications start host by host, on one host as the file has them", "[run]") {
  const auto s = loaded(R"(
fourtuple: 1
duration: 1 s
hosts: { z: { address: 10.0.0.9 }, f: { address: 10.0.1.0/24, count: 2 } }
apps:
  b: { host: z, listener: { ports: [2000] } }
  a: { host: z, listener: { ports: [2001] } }
  d: { host: f, listener: { ports: [2000] } }
  c: { host: f-2, listener: { ports: [2001] } }
)");
  CHECK(run::start_order(*s) == std::vector<run::start>{{2, 0}, {2, 1}, {3, 1}, {0, 0}, {1, 0}});
}
