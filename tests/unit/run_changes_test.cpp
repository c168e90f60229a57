// warmup:, changes: and the link step, by scenarios whose numbers follow from the file.
#include "tests/support/catch.h"
#include "tests/unit/run_text.h"

using namespace fourtuple;
using observe::verdict;

namespace {

constexpr const char* two_hosts = R"(
fourtuple: 1
hosts: { client: { address: 10.0.0.1 }, server: { address: 10.0.0.2, user: root } }
links: [ { between: [client, server], latency: 1 ms } ]
)";

observe::outcome run_on_two(const std::string& text) {
  return run_text(std::string(two_hosts) + text);
}

void check_as_expected(const std::string& text) {
  const auto o = run_on_two(text);
  for (const auto& row : o.expect) {
    CAPTURE(row.metric, observe::to_json(row.found));
    CHECK(row.pass);
  }
  for (const auto& f : o.script_failures) FAIL_CHECK(f.call << ": " << f.got);
  CHECK(o.result == verdict::as_expected);
}

constexpr const char* churn = R"(
duration: 4 s
apps:
  api:  { host: server, echo_server: { port: 443 } }
  load: { host: client, start: 500 us, load: { to: "server:443", rate: 100/s } }
)";

}  // namespace

TEST_CASE("what happens in the warm-up is not counted, and nothing is reset", "[run][warmup]") {
  check_as_expected(std::string(churn) + R"(
warmup: 1 s
expect:
  apps.load.attempted: 300
  apps.load.connected: 300
  apps.api.accepted: 300
  apps.load.connections[0].opened_at: "1 s .. 1.02 s"
  hosts.client.nstat.TcpActiveOpens: 300
  hosts.client.time_wait.peak: 400
  hosts.client.ports.now: "400 .. 401"
)");
}

TEST_CASE("what happens at the warm-up's last instant is counted", "[run][warmup]") {
  check_as_expected(R"(
warmup: 1 s
apps:
  api:  { host: server, echo_server: { port: 443 } }
  load: { host: client, load: { to: "server:443", rate: 10/s, limit: 20 } }
expect:
  apps.load.attempted: 10
  apps.load.connected: 10
  apps.load.connections[0].opened_at: 1.002 s
  hosts.client.nstat.TcpActiveOpens: 10
)");
  check_as_expected(R"(
warmup: 1 s
duration: 2 s
apps:
  api:  { host: server, echo_server: { port: 443 } }
  late: { host: client, start: 1 s, load: { to: "server:444", rate: 1/s, limit: 1 } }
expect: { apps.late.first_failure.attempt: 1, apps.late.attempted: 1, hosts.server.nstat.TcpOutRsts: 1 }
)");
}

TEST_CASE("a peak in the warm-up is forgotten, the level at its end counts", "[run][warmup]") {
  check_as_expected(R"(
warmup: 1 s
duration: 2 s
apps:
  api:  { host: server, echo_server: { port: 443 } }
  wave: { host: client, echo_client: { to: "server:443", connections: 50 } }
  rest: { host: client, start: 500 ms, echo_client: { to: "server:443", connections: 3, messages: 9, think: 1 s } }
expect: { apps.api.active.peak: 3, apps.api.accepted: 0, apps.wave.fds.peak: 3, apps.rest.fds.peak: 6,
  apps.api.active.peak_at: 1 s, hosts.client.ports.peak_at: 1 s }
)");
}

TEST_CASE("a run that ends in its warm-up is no success", "[run][warmup]") {
  const auto o = run_on_two(R"(
warmup: 1 min
apps:
  api:  { host: server, echo_server: { port: 443 } }
  load: { host: client, load: { to: "server:443", rate: 100/s, limit: 10 } }
)");
  CHECK(o.result == verdict::not_as_expected);
  CHECK(o.stopped == "the run ended before its warm-up did: nothing is counted");
}

TEST_CASE("a change of delay holds from its instant on", "[run][changes]") {
  check_as_expected(std::string(churn) + R"(
changes: [ { at: 1 s, set: { apps.api.delay: 500 ms } }, { at: 2 s, set: { apps.api.delay: 0 s } } ]
expect_at: { 1 s: { apps.api.active.now: 0 }, 1.45 s: { apps.api.active.now: 45 }, 1.9 s: { apps.api.active.now: "49 .. 51" } }
expect: { apps.api.active.now: "0 .. 1" }
)");
}

TEST_CASE("a change of rate takes over where the old one stands", "[run][changes]") {
  check_as_expected(std::string(churn) + R"(
changes: [ { at: 1 s, set: { apps.load.rate: 1000/s } }, { at: 2 s, set: { apps.load.rate: 10/s } } ]
expect_at: { 1 s: { apps.load.attempted: 100 }, 2 s: { apps.load.attempted: 1100 } }
expect: { apps.load.attempted: 1120 }
)");
}

TEST_CASE("the sizes of requests and replies change, over one segment too", "[run][changes]") {
  check_as_expected(R"(
duration: 3 s
apps:
  api:   { host: server, echo_server: { port: 80 } }
  quote: { host: server, echo_server: { port: 81, reply: 10 B } }
  load:  { host: client, start: 500 us, load: { to: "server:80", rate: 100/s, close: client } }
  pool:  { host: client, start: 500 us, pool: { to: "server:81", size: 5, rate: 100/s, request: 600 B, reply: 10 B } }
changes:
  - { at: 1 s, set: { apps.load.request: 1 kB, apps.quote.reply: 5 kB, apps.pool.reply: 5 kB } }
  - { at: 2 s, set: { apps.load.request: 100 B, apps.pool.request: 200 B } }
expect_at:
  1 s: { apps.api.bytes_in: 6400, apps.quote.bytes_out: 1000 }
  2 s: { apps.api.bytes_in: 106400, apps.api.bytes_out: 106400, apps.quote.bytes_in: 120000, apps.quote.bytes_out: 501000 }
expect: { apps.api.bytes_in: 116400, apps.quote.bytes_in: 140000, apps.load.failed: 0, apps.pool.completed: 300 }
)");
}

TEST_CASE("an echo_client's reply is read whole from a server that begins to echo",
          "[run][changes]") {
  check_as_expected(R"(
apps:
  api: { host: server, echo_server: { port: 80, reply: 3 B } }
  ask: { host: client, echo_client: { to: "server:80", message: hello, messages: 2, think: 2 s } }
changes: [ { at: 1 s, set: { apps.api.reply: echo } } ]
expect: { "apps.ask.replies[0]": xxx, "apps.ask.replies[1]": hello }
)");
}

TEST_CASE("a request in line gives up by the queue_timeout it came under", "[run][changes]") {
  check_as_expected(R"(
duration: 10 s
apps:
  api:  { host: server, echo_server: { port: 80, delay: 1 h } }
  pool: { host: client, pool: { to: "server:80", size: 1, rate: 1/s, queue_timeout: 5500 ms } }
changes:
  - { at: 2500 ms, set: { apps.pool.queue_timeout: 700 ms } }
  - { at: 4500 ms, set: { apps.pool.queue_timeout: none } }
expect_at:
  3600 ms: { apps.pool.failed: 0 }
  3800 ms: { apps.pool.failed: 1 }
  4800 ms: { apps.pool.failed: 2 }
  6600 ms: { apps.pool.failed: 3 }
expect: { apps.pool.failed: 4, apps.pool.requests: 11, apps.pool.errors.timeout: 4 }
)");
}

TEST_CASE("a queue_timeout that comes with a change", "[run][changes]") {
  check_as_expected(R"(
duration: 10 s
apps:
  api:  { host: server, echo_server: { port: 80, delay: 1 h } }
  pool: { host: client, pool: { to: "server:80", size: 1, rate: 1/s } }
changes: [ { at: 4500 ms, set: { apps.pool.queue_timeout: 1 s } } ]
expect_at: { 5900 ms: { apps.pool.failed: 0 }, 6100 ms: { apps.pool.failed: 1 } }
expect: { apps.pool.failed: 5 }
)");
}

TEST_CASE("a server takes more connections, and quicker, from the change on", "[run][changes]") {
  check_as_expected(R"(
duration: 10 s
apps:
  few:  { host: server, echo_server: { port: 80, max_connections: 3 } }
  slow: { host: server, echo_server: { port: 81, accept_rate: 1/min } }
  many: { host: client, load: { to: "server:80", rate: 1000/s, limit: 10, hold: forever } }
  more: { host: client, load: { to: "server:81", rate: 1000/s, limit: 10, hold: forever } }
changes:
  - { at: 2 s, set: { apps.few.max_connections: 7, apps.slow.accept_rate: 2/s } }
  - { at: 4 s, set: { apps.few.max_connections: none, apps.slow.accept_rate: none } }
expect_at:
  1900 ms: { apps.few.accepted: 3, apps.slow.accepted: 1 }
  2100 ms: { apps.few.accepted: 7, apps.slow.accepted: 1 }
  2600 ms: { apps.slow.accepted: 2 }
  3900 ms: { apps.few.accepted: 7, apps.slow.accepted: 4 }
  4100 ms: { apps.few.accepted: 10, apps.slow.accepted: 10 }
)");
}

TEST_CASE("a shorter delay of a udp_server overtakes a longer one", "[run][changes]") {
  check_as_expected(R"(
duration: 10 s
apps:
  dns: { host: server, udp_server: { port: 53, delay: 6 s, reply: 10 B } }
  ask: { host: client, udp_client: { to: "server:53", rate: 1/s, timeout: 20 s, sockets: per_request, limit: 2 } }
changes: [ { at: 500 ms, set: { apps.dns.delay: 1 s, apps.dns.reply: 30 B } } ]
expect_at: { 2500 ms: { apps.ask.completed: 1, apps.dns.bytes_out: 30 } }
expect: { apps.ask.completed: 2 }
)");
}

TEST_CASE("sysctls, firewalls and links change on a host that runs", "[run][changes]") {
  check_as_expected(std::string(churn) + R"(
changes:
  - { at: 1 s, set: { hosts.server.firewall: [ { reject: tcp/443, with: tcp-reset } ] } }
  - { at: 2 s, set: { hosts.server.firewall: [], "hosts.client.sysctls[net.ipv4.ip_local_port_range]": "40000 40009" } }
  - { at: 3 s, set: { "links[0].up": false } }
expect_at:
  1 s: { apps.load.failed: 0 }
  2 s: { apps.load.errors.ECONNREFUSED: 100, apps.load.completed: 100 }
  3 s: { apps.load.completed: 110, apps.load.errors.EADDRNOTAVAIL: 90 }
expect: { apps.load.completed: 110 }
)");
}

TEST_CASE("what a change names is set, also where a script has changed it since",
          "[run][changes]") {
  check_as_expected(R"(
apps:
  api:  { host: server, echo_server: { port: 443 } }
  load: { host: client, load: { to: "server:443", rate: 100/s, limit: 300 } }
script: [ { wait: 500 ms }, { link: [server, client], loss: 100 % }, { host: client, count: LISTEN } ]
changes:
  - { at: 600 ms, set: { "links[0].loss": 0 %, "apps[load].hold": 100 ms, "apps[load].rate": 50/s } }
expect_at: { 550 ms: { apps.load.connected: 51 }, 590 ms: { apps.load.connected: 51 } }
expect: { apps.load.completed: 300, "script[1].host": none, apps.api.active.peak: "> 4" }
)");
}

TEST_CASE("a link that is down swallows packets, one that is up again passes them",
          "[run][script]") {
  check_as_expected(R"(
script:
  - { host: server, socket: U, type: udp }
  - { host: server, bind: U, to: "0.0.0.0:5300" }
  - { host: client, socket: C, type: udp }
  - { link: [server, client], up: false }
  - { host: client, sendto: C, to: "server:5300", data: lost }
  - { link: [client, server], up: true, latency: 100 ms }
  - { host: client, sendto: C, to: "server:5300", data: "late" }
  - { wait: 50 ms }
  - { host: server, recvfrom: U, nonblocking: true, expect: EAGAIN }
  - { wait: 50 ms }
  - { host: server, recvfrom: U, nonblocking: true, expect: { data: "late" } }
)");
}

TEST_CASE("an orphan too many is reset", "[run][changes]") {
  check_as_expected(R"(
duration: 3 s
apps:
  api:  { host: server, echo_server: { port: 443 } }
  load: { host: client, load: { to: "server:443", rate: 20/s, hold: 1200 ms, limit: 10 } }
changes:
  - { at: 1 s, set: { "links[0].up": false, "hosts.client.sysctls[net.ipv4.tcp_max_orphans]": 4 } }
expect:
  hosts.client.sockets.FIN-WAIT-1: 4
  hosts.client.nstat.TcpExtTCPAbortOnMemory: 6
  hosts.client.nstat.TcpOutRsts: 6
)");
}
