// The comparison of two runs, with the simulated kernel on both sides: what must differ does, and
// what may does not.
#include "sim/crosscheck/crosscheck.h"

#include "sim/crosscheck/report.h"
#include "sim/scenario/scenario.h"
#include "tests/support/catch.h"

using namespace fourtuple;
using observe::verdict;

namespace {

constexpr const char* churn = R"(
fourtuple: 1
title: churn
duration: 3 s
hosts: { client: { address: 10.0.0.1 }, server: { address: 10.0.0.2, user: root } }
apps:
  api:  { host: server, echo_server: { port: 443 } }
  load: { host: client, load: { to: "10.0.0.2:443", rate: 20/s, limit: 40 } }
)";

constexpr const char* script = R"(
fourtuple: 1
title: script
hosts: { client: { address: 10.0.0.1 }, server: { address: 10.0.0.2, user: root } }
script:
  - { host: server, socket: L }
  - { host: server, bind: L, to: "0.0.0.0:80" }
  - { host: server, listen: L }
  - { host: client, socket: C }
  - { host: client, connect: C, to: "10.0.0.2:80" }
  - { host: client, getsockname: C }
  - { host: client, socket: D }
)";

std::shared_ptr<const spec::scenario> loaded(const char* text) {
  auto r = scenario::load("test.yaml", text);
  for (const auto& e : r.errors) FAIL(e.text());
  return std::make_shared<const spec::scenario>(std::move(*r.scenario));
}

/// The simulated kernel, but with something about the file changed behind its back.
run::parts with(const std::function<void(spec::scenario&)>& fault) {
  run::parts p = run::simulated();
  auto changed = std::make_shared<spec::scenario>();
  p.make_world = [fault, changed, whole = p.make_world](const spec::scenario& s,
                                                        std::uint64_t limit) {
    *changed = s;
    fault(*changed);
    return whole(*changed, limit);
  };
  return p;
}

crosscheck::result check(const char* text, const run::parts& kernel) {
  return crosscheck::crosscheck(loaded(text), {}, {run::simulated(), kernel}, [](int, duration) {});
}

/// The client is linked to somebody else only: connect() answers ENETUNREACH.
void cut_off(spec::scenario& s) {
  s.hosts.push_back(s.hosts[0]);
  s.hosts.back().name = "third";
  s.hosts.back().addresses.clear();
  spec::link only;
  only.between[0].host = 0;
  only.between[1].host = 2;
  s.links.push_back(only);
}

bool differs(const crosscheck::result& r, const std::string& path) {
  for (const auto& d : r.differences)
    if (d.path == path) return true;
  return false;
}

}  // namespace

TEST_CASE("a UDP port may be odd on one kernel and even on the other", "[crosscheck]") {
  constexpr const char* udp = R"(
fourtuple: 1
title: udp
hosts: { client: { address: 10.0.0.1 }, server: { address: 10.0.0.2, user: root } }
script:
  - { host: server, socket: S, type: udp }
  - { host: server, bind: S, to: "0.0.0.0:53" }
  - { host: client, socket: C, type: udp }
  - { host: client, sendto: C, to: "10.0.0.2:53", data: x }
  - { host: client, getsockname: C }
  - { host: server, recvfrom: S }
)";
  for (std::uint64_t seed = 2; seed < 10; ++seed) {
    const auto r = check(udp, with([&](spec::scenario& s) { s.seed = seed; }));
    INFO(crosscheck::text(r));
    CHECK(r.verdict == verdict::as_expected);
    CHECK(r.differences.empty());
  }
}

TEST_CASE("two runs of one file agree, whatever ports were drawn", "[crosscheck]") {
  for (const char* text : {churn, script}) {
    const auto r = check(text, with([](spec::scenario& s) { s.seed = 99; }));
    CHECK(r.verdict == verdict::as_expected);
    CHECK(r.differences.empty());
    CHECK(r.compared > 50);
    CHECK(crosscheck::text(r).find("both kernels agree on ") != std::string::npos);
  }
}

TEST_CASE("a port of the wrong parity is a difference", "[crosscheck]") {
  const auto r = check(script, with([](spec::scenario& s) {
                         s.hosts[0].sysctls.ip_local_port_range = {32769, 60999};
                       }));
  CHECK(r.verdict == verdict::kernel_differs);
  CHECK(differs(r, "script[5].address"));
}

TEST_CASE("another answer of one call is a difference, with step and place", "[crosscheck]") {
  const auto r = check(script, with(cut_off));
  CHECK(r.verdict == verdict::kernel_differs);
  CHECK(differs(r, "script[4].result"));
  const std::string text = crosscheck::text(r);
  CHECK(text.find("script[4].result (step 5, connect C 10.0.0.2:80)\n    simulated  \"ok\"\n"
                  "    kernel     \"ENETUNREACH\"\n    at         test.yaml:10\n") !=
        std::string::npos);
}

TEST_CASE("TIME-WAIT on the wrong side is a difference", "[crosscheck]") {
  run::parts wrong = run::simulated();
  wrong.start_app = [right = wrong.start_app](const spec::scenario& s, const spec::app& a, os host,
                                              observe::app_metrics& m) {
    static std::map<std::string, spec::app> changed;  // an app reads its spec as long as it runs
    spec::app& mine = changed[a.name] = a;
    if (auto* load = std::get_if<spec::load>(&mine.kind)) load->close = spec::close_by::server;
    if (auto* server = std::get_if<spec::echo_server>(&mine.kind))
      server->close.kind = spec::server_close::when::after_reply;
    right(s, mine, host, m);
  };
  const auto r = check(churn, wrong);
  CHECK(r.verdict == verdict::kernel_differs);
  CHECK(differs(r, "hosts.client.sockets.TIME-WAIT"));
  CHECK(differs(r, "hosts.server.sockets.TIME-WAIT"));
}

TEST_CASE("times differ by the file's tolerance and no more", "[crosscheck]") {
  const auto tree = [](std::int64_t milliseconds) {
    observe::value failure = observe::value::map();
    failure.set("at", at_ns(milliseconds * 1'000'000));
    observe::value app = observe::value::map();
    app.set("first_failure", std::move(failure));
    observe::value apps = observe::value::map();
    apps.set("load", std::move(app));
    observe::value whole = observe::value::map();
    whole.set("apps", std::move(apps));
    return whole;
  };
  const auto differences = [&](std::int64_t kernel, std::int64_t ppm) {
    return crosscheck::compare(tree(1000), tree(kernel), ppm).differences.size();
  };
  CHECK(differences(1200, 200'000) == 0);
  CHECK(differences(1400, 200'000) == 1);
  CHECK(differences(1040, 0) == 0);
  CHECK(differences(1060, 0) == 1);
}

TEST_CASE("where links lose packets counts differ by chance, and no more", "[crosscheck]") {
  const auto tree = [](std::int64_t resent, std::int64_t opens) {
    observe::value nstat = observe::value::map();
    nstat.set("TcpRetransSegs", resent);
    nstat.set("TcpActiveOpens", opens);
    observe::value host = observe::value::map();
    host.set("nstat", std::move(nstat));
    observe::value hosts = observe::value::map();
    hosts.set("client", std::move(host));
    observe::value whole = observe::value::map();
    whole.set("hosts", std::move(hosts));
    return whole;
  };
  const auto differences = [&](std::int64_t resent, std::int64_t opens, crosscheck::network links) {
    return crosscheck::compare(tree(100, 5), tree(resent, opens), 200'000, links).differences.size();
  };
  using crosscheck::network;
  CHECK(differences(101, 5, network::sure) == 1);
  CHECK(differences(140, 5, network::chancy) == 0);  // 20 % of 140, three deviations, three
  CHECK(differences(60, 5, network::chancy) == 0);
  CHECK(differences(200, 5, network::chancy) == 1);
  CHECK(differences(40, 5, network::chancy) == 1);
  CHECK(differences(100, 6, network::chancy) == 1);
}

TEST_CASE("a difference that does not repeat is unstable, never agreement", "[crosscheck]") {
  int run = 0;
  run::parts moody = with([&run](spec::scenario& s) {
    if (++run == 1) cut_off(s);
  });
  const auto r = check(script, moody);
  CHECK(run == 3);
  CHECK(r.verdict == verdict::as_expected);
  CHECK(r.differences.empty());
  CHECK_FALSE(r.unstable.empty());
  CHECK(crosscheck::text(r).find("unstable on the kernel") != std::string::npos);
}

TEST_CASE("every path of a tree has a rule", "[crosscheck]") {
  const auto r = check(churn, run::simulated());
  for (const auto& left : r.not_compared) {
    INFO(left.path);
    CHECK(left.why != "not known to the comparison");
  }
}

TEST_CASE("what differs is a failed test with its step's line; agreement is one that passed",
          "[crosscheck]") {
  const report::tested_file bad = crosscheck::tested(check(script, with(cut_off)));
  REQUIRE_FALSE(bad.tests.empty());
  const report::test& first = bad.tests.front();
  CHECK(first.name == "script[4].result (step 5, connect C 10.0.0.2:80)");
  CHECK(first.line == 10);
  CHECK(first.failure == "simulated \"ok\", kernel \"ENETUNREACH\"");
  const report::tested_file good = crosscheck::tested(check(script, run::simulated()));
  REQUIRE(good.tests.size() == 1);
  CHECK(good.tests.front().failure.empty());
  CHECK(report::github(std::vector{good}).empty());
}

TEST_CASE("what was not to be compared is skipped in JUnit", "[crosscheck]") {
  crosscheck::result r;
  r.file = "a.yaml";
  r.skipped = true;
  r.stopped = "too long";
  const report::tested_file all[] = {crosscheck::tested(r)};
  const std::string xml = report::junit(all);
  CHECK(xml.find("tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"1\"") != std::string::npos);
  CHECK(xml.find("<skipped message=\"too long\"/>") != std::string::npos);
  CHECK(report::github(all).empty());
}
