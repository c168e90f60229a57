// What becomes of a buffer of several segments on its way, as a program's counters show it.
#include "tests/support/catch.h"
#include "tests/unit/run_text.h"

using namespace fourtuple;

namespace {

constexpr const char* connected = R"(
fourtuple: 1
title: buffers
hosts: { a: { address: 10.0.0.1 } }
script:
  - { host: a, socket: L }
  - { host: a, setsockopt: L, option: TCP_MAXSEG, value: @maxseg }
  - { host: a, bind: L, to: "0.0.0.0:5000" }
  - { host: a, listen: L }
  - { host: a, socket: C }
  - { host: a, connect: C, to: "10.0.0.1:5000" }
  - { host: a, accept: L, as: S }
)";

/// Counters of host a after `steps` on a connection C - S whose segments from S hold `maxseg` - 12 bytes.
observe::value nstat_after(int maxseg, const std::string& steps) {
  std::string text = connected;
  text.replace(text.find("@maxseg"), 7, std::to_string(maxseg));
  const auto o = run_text(text + steps);
  return *o.tree.find("hosts")->find("a")->find("nstat");
}

std::int64_t number(const observe::value& nstat, std::string_view name) {
  const auto* v = nstat.find(name);
  return v == nullptr ? 0 : v->number;
}

}  // namespace

TEST_CASE("loopback takes a buffer of ten segments whole, and all ten are counted", "[run]") {
  const auto before = nstat_after(1000, "");
  const auto after = nstat_after(1000, "  - { host: a, send: S, size: 9880 }\n  - { wait: 1 ms }\n");
  // Ten segments in two buffers of five (half a congestion window each), two ACKs.
  CHECK(number(after, "TcpOutSegs") - number(before, "TcpOutSegs") == 12);
  CHECK(number(after, "TcpInSegs") - number(before, "TcpInSegs") == 4);
}

TEST_CASE("the pieces of a buffer leave together", "[run]") {
  observe::packet_log log;
  (void)run_text(R"(
fourtuple: 1
title: five segments
hosts: { a: { address: 10.0.0.1 }, b: { address: 10.0.0.2 } }
script:
  - { host: b, socket: L }
  - { host: b, bind: L, to: "0.0.0.0:5000" }
  - { host: b, listen: L }
  - { host: a, socket: C }
  - { host: a, connect: C, to: "10.0.0.2:5000" }
  - { host: a, send: C, size: 7240 }
)",
                 &log);
  std::string order;
  for (const auto& p : log.packets)
    if (const auto* s = p.packet.tcp(); s != nullptr && !s->has(wire::syn))
      order += s->length != 0 ? 'd' : 'a';
  CHECK(order == "adddddaaaaa");  // the handshake's ACK; five quick ACKs
}

TEST_CASE("pieces of one buffer that come within a call are one segment", "[run]") {
  // S's window opens by C's call, in which 95,232 bytes come in two pieces: one of them would be
  // acknowledged in the call, as one they wait for the delayed ACK, and S sends a loss probe.
  const auto nstat = nstat_after(65000, R"(
  - { wait: 60 ms }
  - { host: a, fill: S }
  - { wait: 100 ms }
  - { host: a, recv: C, max: 65536 }
  - { wait: 100 ms }
  - { host: a, recv: C, max: 65536 }
  - { wait: 500 ms }
  - { host: a, recv: C, max: 65536 }
  - { wait: 30 ms }
)");
  CHECK(number(nstat, "TcpExtTCPLossProbes") == 3);
}
