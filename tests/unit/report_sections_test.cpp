// The tables and checks that terminal and page have in common, from runs on the simulated kernel.
#include "sim/report/sections.h"

#include "sim/report/headline.h"
#include "sim/run/run.h"
#include "sim/scenario/scenario.h"
#include "tests/support/catch.h"

using namespace fourtuple;

namespace {

observe::outcome run_text(const std::string& text) {
  auto loaded = scenario::load("test.yaml", text);
  for (const auto& e : loaded.errors) FAIL(e.text());
  return run::run_scenario(std::make_shared<const spec::scenario>(std::move(*loaded.scenario)), {},
                           run::simulated());
}

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
