// The tables and checks that terminal and page have in common, from runs on the simulated kernel.
#include "sim/report/sections.h"

#include "sim/report/headline.h"
#include "sim/report/html.h"
#include "tests/support/catch.h"
#include "tests/unit/run_text.h"

using namespace fourtuple;

namespace {

/// "ports peak" and "of" of a host.
std::vector<std::string> ports_of(const observe::outcome& o, const std::string& host) {
  for (const auto& s : report::tables_of(o)) {
    for (const auto& row : s.rows.rows())
      if (row.front() == host) return {row[1], row[2]};
  }
  return {};
}

constexpr const char* churn = R"(
fourtuple: 1
duration: 3 s
hosts:
  client: { address: 10.0.0.1, sysctls: { net.ipv4.ip_local_port_range: "40000 40999" } }
  server: { address: 10.0.0.2, user: root }
apps:
  api:  { host: server, echo_server: { port: 443 } }
  load: { host: client, load: { to: "server:443", rate: 100/s, limit: 101 } }
)";

}  // namespace

TEST_CASE("a peak of ports is a share of the range as it was then", "[report]") {
  const std::string narrow = "net.ipv4.ip_local_port_range]\": \"50000 50009\" } } ]\n";
  const auto before = run_text(std::string(churn) +
                               "changes: [ { at: 2 s, set: { \"hosts.client.sysctls[" + narrow);
  CHECK(ports_of(before, "client") == std::vector<std::string>{"101", "1,000"});
  CHECK(report::headline(before).find("101 ports of 1,000 at the peak") != std::string::npos);
  const auto script =
      run_text(std::string(churn) +
               "script: [ { wait: 2 s }, { host: client, sysctl: net.ipv4.ip_local_port_range, "
               "value: \"50000 50009\" } ]\n");
  CHECK(ports_of(script, "client") == std::vector<std::string>{"101", "1,000"});
  const auto always = run_text(churn);
  CHECK(ports_of(always, "client") == std::vector<std::string>{"101", "1,000"});
  const auto after = run_text(std::string(churn) +
                              "changes: [ { at: 200 ms, set: { \"hosts.client.sysctls[net.ipv4."
                              "ip_local_port_range]\": \"40000 41999\" } } ]\n");
  CHECK(ports_of(after, "client") == std::vector<std::string>{"101", "2,000"});
}

TEST_CASE("the page lists each step of a script that says what it expects", "[report][html]") {
  const auto o = run_text(R"(
fourtuple: 1
hosts: { client: { address: 10.0.0.1 }, server: { address: 10.0.0.2, user: root } }
script:
  - { host: server, socket: L, expect: ok }
  - { host: server, bind: L, to: "0.0.0.0:80", expect: ok }
  - { host: client, socket: C }
  - { host: client, connect: C, to: "10.0.0.2:80", expect: ok }
)");
  const auto steps = report::step_checks_of(o);
  REQUIRE(steps.listed.size() == 3);
  CHECK(steps.left_out == 0);
  CHECK(steps.listed[1].what == "step 2, bind L on server: ok");
  CHECK(steps.listed[1].pass);
  CHECK(steps.listed[2].what == "step 4, connect C on client: ok");
  CHECK(steps.listed[2].found == "ECONNREFUSED");
  CHECK_FALSE(steps.listed[2].pass);
  CHECK(steps.listed[2].place == "test.yaml:8");
  const std::string page = report::html_page(o, {});
  CHECK(page.find("<code>step 1, socket L on server: ok</code>") != std::string::npos);
  CHECK(page.find("test.yaml:8: expected ok, got ECONNREFUSED") != std::string::npos);
  CHECK(page.find("script: 1 of 3 tested steps failed") != std::string::npos);
}

TEST_CASE("of many steps that hold the page lists the first, and those that fail", "[report]") {
  std::string file = R"(
fourtuple: 1
hosts: { client: { address: 10.0.0.1 } }
pace: 1 us
script:
)";
  for (int i = 0; i < 250; ++i) file += "  - { host: client, count: TIME-WAIT, expect: 0 }\n";
  file += "  - { host: client, count: TIME-WAIT, expect: 1 }\n";
  const auto steps = report::step_checks_of(run_text(file));
  CHECK(steps.listed.size() == 201);
  CHECK(steps.left_out == 50);
  CHECK_FALSE(steps.listed.back().pass);
}

TEST_CASE("the time of a condition is exactly what the file says", "[report]") {
  const auto o = run_text(std::string(churn) +
                          "expect_at:\n  1.000000003 s: { apps.load.failed: 0 }\n"
                          "  250 ms: { apps.load.failed: 0 }\n");
  const auto checks = report::checks_of(o);
  REQUIRE(checks.size() == 2);
  std::vector<std::string> what{checks[0].what, checks[1].what};
  std::sort(what.begin(), what.end());
  CHECK(what == std::vector<std::string>{"apps.load.failed: 0 at 1.000000003 s",
                                         "apps.load.failed: 0 at 250 ms"});
}
