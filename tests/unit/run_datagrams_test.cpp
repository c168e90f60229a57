// Datagrams between applications and scripts of one file.
#include "tests/support/catch.h"
#include "tests/unit/run_text.h"

using namespace fourtuple;

TEST_CASE("a scan names a port by its transport's service", "[run][udp]") {
  const auto o = run_text(R"(
fourtuple: 1
hosts: { client: { address: 10.0.0.1 }, server: { address: 10.0.0.2, user: root } }
apps:
  udp: { host: client, scan: { target: server, ports: [53, 80], transport: udp } }
  tcp: { host: client, scan: { target: server, ports: [53, 80, 123] } }
expect:
  apps.udp.ports.53.service: DNS
  apps.udp.ports.80.service: none
  apps.tcp.ports.53.service: DNS
  apps.tcp.ports.80.service: HTTP
  apps.tcp.ports.123.service: none
)");
  CHECK(o.result == observe::verdict::as_expected);
}

TEST_CASE("a script sees a UDP request's number, and may answer without one", "[run][udp]") {
  const auto o = run_text(R"(
fourtuple: 1
hosts: { client: { address: 10.0.0.1 }, server: { address: 10.0.0.2, user: root } }
apps:
  asks: { host: client, start: 1 s, udp_client: { to: "server:53", rate: 1/s, size: 12 B, limit: 1 } }
script:
  - { host: server, socket: S, type: udp }
  - { host: server, bind: S, to: "0.0.0.0:53" }
  - { host: server, recvfrom: S, as: who, expect: { data: "#00000001xxx" } }
  - { host: server, sendto: S, to: "${who}", data: "pong" }
expect: { apps.asks.completed: 1, apps.asks.bytes_in: 4 }
)");
  CHECK(o.result == observe::verdict::as_expected);
}
