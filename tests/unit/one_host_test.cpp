// What the backend `loopback` makes of a file.
#include "sim/spec/one_host.h"

#include "sim/scenario/scenario.h"
#include "tests/support/catch.h"

using namespace fourtuple;

namespace {

spec::scenario loaded(const std::string& text) {
  auto r = scenario::load("test.yaml", "fourtuple: 1\ntitle: t\n" + text);
  for (const auto& e : r.errors) FAIL(e.text());
  return std::move(*r.scenario);
}

std::string why_not(const std::string& text) { return spec::on_one_host(loaded(text), 1000).why; }

constexpr const char* two = "hosts: { a: { address: 10.0.0.1 }, b: { address: [10.0.0.2, fd00::2] } }\n";

}  // namespace

TEST_CASE("addresses move into 127.77.0.0/16 in file order, wildcards and loopback stay", "[spec]") {
  const auto s = loaded(std::string(two) +
                        "duration: 1 s\n"
                        "apps:\n"
                        "  api: { host: b, echo_server: { port: 80 }, user: root }\n"
                        "  own: { host: b, echo_server: { listen: \"127.0.0.1:81\" } , user: root}\n"
                        "  load: { host: a, load: { to: \"b:80\", rate: 1/s, bind: \"10.0.0.1:0\" } }\n");
  const auto one = spec::on_one_host(s, 1234);
  REQUIRE(one.scenario);
  const auto& apps = one.scenario->apps;
  CHECK(to_string(std::get<spec::echo_server>(apps[0].kind).listen) == "0.0.0.0:80");
  CHECK(to_string(std::get<spec::echo_server>(apps[1].kind).listen) == "127.0.0.1:81");
  CHECK(to_string(std::get<spec::load>(apps[2].kind).to[0]) == "127.77.0.2:80");
  CHECK(to_string(std::get<spec::load>(apps[2].kind).bind[0]) == "127.77.0.1:0");
  CHECK(apps[0].user.uid == 0);
  CHECK(apps[2].user.uid == 1234);
  CHECK(one.scenario->hosts.size() == 1);
  CHECK(one.ports == std::set<std::uint16_t>{80, 81});
}

TEST_CASE("a proxy's addresses move on both of its sides", "[spec]") {
  const auto s = loaded(std::string(two) +
                        "apps:\n"
                        "  p: { host: b, proxy: { listen: \"b:8080\", upstream: [\"a:81\", "
                        "\"localhost:82\"], bind: \"b:0\" } }\n");
  const auto one = spec::on_one_host(s, 1234);
  REQUIRE(one.scenario);
  const auto& p = std::get<spec::proxy>(one.scenario->apps[0].kind);
  CHECK(to_string(p.listen) == "127.77.0.2:8080");
  CHECK(to_string(p.upstream[0]) == "127.77.0.1:81");
  CHECK(to_string(p.upstream[1]) == "127.0.0.1:82");
  CHECK(to_string(p.bind[0]) == "127.77.0.2:0");
  CHECK(one.ports == std::set<std::uint16_t>{81, 82, 8080});
}

TEST_CASE("a script's sockets stay apart, and its addresses keep what is filled in later", "[spec]") {
  const auto s = loaded(std::string(two) +
                        "script:\n"
                        "  - { host: a, socket: S }\n"
                        "  - { host: b, socket: S, family: inet6 }\n"
                        "  - { host: b, bind: S, to: \"b:8080\" }\n"
                        "  - { repeat: 2, as: n, steps: [ { host: a, connect: S, to: \"10.0.0.2:${n}\" } ] }\n"
                        "  - { host: a, process: p, socket: S }\n");
  const auto one = spec::on_one_host(s, 1000);
  REQUIRE(one.scenario);
  const auto& steps = one.scenario->script;
  CHECK(steps[0].process == "a");
  CHECK(steps[1].process == "b");
  CHECK(steps[4].process == "a/p");
  CHECK(steps[2].to == "[::1]:8080");
  CHECK(steps[3].steps[0].to == "127.77.0.2:${n}");
  CHECK(one.ports == std::set<std::uint16_t>{8080});
}

TEST_CASE("what loopback has not is refused in words", "[spec]") {
  CHECK(why_not(std::string(two) + "links: [ { between: [a, b], latency: 1 ms } ]\n") ==
        "links: on loopback there are none");
  CHECK(why_not("hosts: { a: { address: 10.0.0.0/24, count: 3 } }\n") ==
        "a is many hosts: on loopback there is one");
  CHECK(why_not("hosts: { a: { address: 10.0.0.1, sysctls: { net.ipv4.tcp_tw_reuse: 1 } } }\n") ==
        "a has sysctls of its own: loopback has those of the machine");
  CHECK(why_not("hosts: { a: { address: [fd00::1, fd00::2] } }\n") ==
        "several IPv6 addresses: loopback has ::1 alone");
  CHECK(why_not(std::string(two) + "script: [ { host: a, socket: S }, "
                                   "{ host: a, connect: S, to: \"192.0.2.1:80\" } ]\n") ==
        "192.0.2.1 is no host of the file: on loopback nothing else is addressed");
  CHECK(why_not(std::string(two) +
                "script: [ { host: a, sysctl: net.ipv4.tcp_tw_reuse, value: 1 } ]\n") ==
        "a step sets a sysctl, which is the machine's");
}
