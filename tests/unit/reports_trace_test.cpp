// What `trace` prints, from a run on the simulated kernel.
#include <fmt/format.h>

#include "sim/report/html_parts.h"
#include "sim/report/ladder.h"
#include "sim/report/packet_text.h"
#include "sim/report/pcapng.h"
#include "sim/report/topology_dot.h"
#include "sim/run/run.h"
#include "sim/scenario/scenario.h"
#include "tests/support/catch.h"
#include "tests/unit/run_text.h"

using namespace fourtuple;

namespace {

constexpr const char* one_echo = R"(
fourtuple: 1
title: one "echo"
hosts: { client: { address: 10.0.0.1 }, server: { address: 10.0.0.2, user: root } }
links: [ { between: [client, server], latency: 1 ms } ]
apps:
  api:  { host: server, echo_server: { port: 80 } }
  load: { host: client, load: { to: "10.0.0.2:80", concurrency: 1, limit: 2, request: 64 B } }
)";

constexpr const char* refused = R"(
fourtuple: 1
title: nobody listens
hosts: { client: { address: 10.0.0.1 }, server: { address: 10.0.0.2 } }
script:
  - { host: client, socket: C }
  - { host: client, connect: C, to: "10.0.0.2:81" }
)";

observe::outcome trace(const char* text, observe::packet_log& log) { return run_text(text, &log); }

constexpr const char* routed = R"(
fourtuple: 1
title: a router between
duration: 1 s
hosts:
  c: { address: 10.0.1.1 }
  r: { address: 10.0.1.254, router: true }
  s: { address: 10.0.2.1 }
links: [ { between: [c, r], latency: 1 ms }, { between: [r, s], latency: 1 ms } ]
apps:
  srv: { host: s, echo_server: { port: 8080 } }
  l: { host: c, load: { to: "s:8080", rate: 1/s, limit: 1 } }
)";

constexpr const char* cut_off = R"(
fourtuple: 1
title: the run ends before the datagram is there
pace: 1 ms
hosts: { c: { address: 10.0.0.1 }, s: { address: 10.0.0.2 } }
links: [ { between: [c, s], latency: 20 ms } ]
script:
  - { host: c, socket: C, type: udp }
  - { host: c, sendto: C, to: "s:9000", data: x }
)";

const report::style ascii{false, false, 80};

std::string ladders_of(const std::string& file, observe::packet_log& log) {
  const auto o = trace(file.c_str(), log);
  return report::ladders(log, *o.scenario, 1, ascii);
}
std::size_t times(const std::string& text, std::string_view word) {
  std::size_t n = 0;
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++n;
  return n;
}

}  // namespace

TEST_CASE("looking at packets changes nothing that happens", "[run][report]") {
  auto loaded = scenario::load("test.yaml", one_echo);
  const auto plain = run::run_scenario(
      std::make_shared<const spec::scenario>(std::move(*loaded.scenario)), {}, run::simulated());
  observe::packet_log log;
  const auto watched = trace(one_echo, log);
  CHECK(watched.tree.find("digest")->text == plain.tree.find("digest")->text);
  CHECK(log.packets.size() == 18);
  CHECK(log.left_out == 0);
}

TEST_CASE("the list has tcpdump's words and relative sequence numbers", "[report]") {
  observe::packet_log log;
  trace(one_echo, log);
  const std::string list = report::packet_list(log, "");
  const auto line = [&](std::size_t n) {
    std::size_t at = 0;
    for (; n > 0; --n) at = list.find('\n', at) + 1;
    return list.substr(at, list.find('\n', at) - at);
  };
  const auto port = log.packets.front().packet.source.port;
  const auto stamps = [&](std::size_t n) {
    const auto* s = log.packets[n].packet.tcp();
    return fmt::format("TS val {} ecr {}", s->ts_value, s->ts_echo);
  };
  CHECK(line(0) == fmt::format("0.000000 client IP 10.0.0.1.{} > 10.0.0.2.80: Flags [S], seq 0, win "
                               "64240, options [mss 1460,sackOK,{},nop,wscale 10], length 0",
                               port, stamps(0)));
  CHECK(line(3) == fmt::format("0.002000 client IP 10.0.0.1.{} > 10.0.0.2.80: Flags [P.], seq 1:65, "
                               "ack 1, win 63, options [nop,nop,{}], length 64",
                               port, stamps(3)));
  const std::string inside = report::packet_list(log, "server");
  CHECK(inside.starts_with("0.001000 In  IP 10.0.0.1."));
}

TEST_CASE("a ladder shows calls at their end and packets between them", "[report]") {
  observe::packet_log log;
  const std::string text = ladders_of(one_echo, log);
  const auto port = log.packets.front().packet.source.port;
  const std::string expected =
      fmt::format("            10.0.0.1:{:<29}10.0.0.2:80 (server)\n", fmt::format("{} (client)", port)) +
      "   0.000000 | connect(3, 10.0.0.2:80) = in progress                |\n"
      "   0.000000 |-- [S] 0 win 64240 mss 1460 ------------------------->| 0.001000\n"
      "   0.002000 |<-- [S.] 0 ack 1 win 65160 mss 1460 ------------------| 0.001000\n"
      "   0.002000 |-- [.] ack 1 win 63 --------------------------------->| 0.003000\n"
      "   0.002000 | connect(3, 10.0.0.2:80) = ok                         |\n"
      "   0.002000 | send(3, 64) = 64                                     |\n"
      "   0.002000 |-- [P.] 1:65 ack 1 win 63 --------------------------->| 0.003000\n"
      "   0.003000 |                    accept(3) = 4 from 10.0.0.1:" +
      std::to_string(port) + " |\n";
  CHECK(text.substr(0, 20) == expected.substr(0, 20));
  const auto body = [](const std::string& t) { return t.substr(t.find('\n') + 1); };
  CHECK(body(text).substr(0, body(expected).size()) == body(expected));
  CHECK(text.ends_with("\n1 more conversation (--connections N)\n"));
}

TEST_CASE("a script's steps stand beside its packets; a refusal is a reset", "[report]") {
  observe::packet_log log;
  const std::string text = ladders_of(refused, log);
  CHECK(text.find("| connect C 10.0.0.2:81 = ECONNREFUSED") != std::string::npos);
  CHECK(text.find("<-- [R.] 0 ack 1 win 0 ---") != std::string::npos);
}

TEST_CASE("a ladder has the steps of its own connection's sockets alone", "[report]") {
  constexpr const char* two = R"(
fourtuple: 1
hosts: { client: { address: 10.0.0.1 }, server: { address: 10.0.0.2, user: root } }
links: [ { between: [client, server], latency: 1 ms } ]
script:
  - { host: server, socket: L }
  - { host: server, bind: L, to: "0.0.0.0:80" }
  - { host: server, listen: L }
  - { host: client, socket: A }
  - { host: client, socket: B }
  - { host: client, connect: A, to: "10.0.0.2:80" }
  - { host: client, connect: B, to: "10.0.0.2:80" }
  - { host: server, accept: L, as: X }
  - { host: server, accept: L, as: Y }
  - { host: client, send: A, data: one }
  - { host: server, recv: X }
  - { host: client, send: B, data: four }
  - { host: server, recv: Y }
  - { host: client, close: A }
  - { host: client, connect: B, to: unspec }
  - { host: client, connect: B, to: "10.0.0.2:81" }
  - { host: client, close: B }
)";
  observe::packet_log log;
  const auto o = trace(two, log);
  const std::string all = report::ladders(log, *o.scenario, 3, ascii);
  const std::size_t second = all.find("\n\n") + 2;
  const std::size_t third = all.find("\n\n", second) + 2;
  const std::string a = all.substr(0, second);
  const std::string b = all.substr(second, third - second);
  const std::string c = all.substr(third);
  for (const char* word :
       {"socket L", "listen L", "socket A", "connect A", "send A", "recv X", "close A"})
    CHECK(times(a, word) == 1);
  for (const char* word : {"socket L", "listen L", "socket B", "connect B 10.0.0.2:80", "send B",
                           "recv Y", "connect B unspec"})
    CHECK(times(b, word) == 1);
  CHECK(times(a, "accept L") == 1);
  CHECK(times(b, "accept L") == 1);
  for (const char* word : {" B", " Y ", "10.0.0.2:81"}) CHECK(times(a, word) == 0);
  for (const char* word : {" A ", " X ", "10.0.0.2:81", "close B"}) CHECK(times(b, word) == 0);
  CHECK(times(c, "connect B 10.0.0.2:81 = ECONNREFUSED") == 1);
  CHECK(times(c, "close B") == 1);
  for (const char* word : {" L", " X", " A ", "send"}) CHECK(times(c, word) == 0);
}

TEST_CASE("of datagrams a ladder has those of its two sockets", "[report]") {
  constexpr const char* two = R"(
fourtuple: 1
hosts: { client: { address: 10.0.0.1 }, server: { address: 10.0.0.2, user: root } }
script:
  - { host: server, socket: S, type: udp }
  - { host: server, bind: S, to: "0.0.0.0:53" }
  - { host: client, socket: A, type: udp }
  - { host: client, socket: B, type: udp }
  - { host: client, sendto: A, to: "10.0.0.2:53", data: one }
  - { host: client, sendto: B, to: "10.0.0.2:53", data: four }
  - { host: server, recvfrom: S, as: a }
  - { host: server, recvfrom: S, as: b }
  - { host: server, sendto: S, to: "${b}", data: answer }
  - { host: client, recvfrom: B }
)";
  observe::packet_log log;
  const auto o = trace(two, log);
  const std::string all = report::ladders(log, *o.scenario, 2, ascii);
  const std::size_t second = all.find("\n\n") + 2;
  const std::string a = all.substr(0, second);
  const std::string b = all.substr(second);
  for (const char* word : {"socket A", "sendto A", "bind S", "recvfrom S"})
    CHECK(times(a, word) == 1);
  for (const char* word :
       {"socket B", "sendto B", "bind S", "recvfrom S", "sendto S", "recvfrom B"})
    CHECK(times(b, word) == 1);
  for (const char* word : {" B", "sendto S"}) CHECK(times(a, word) == 0);
  CHECK(times(b, " A ") == 0);
}

TEST_CASE("a connection that both ends open is one", "[report]") {
  constexpr const char* both = R"(
fourtuple: 1
pace: 1 ms
hosts: { a: { address: 10.0.0.1 }, b: { address: 10.0.0.2 } }
links: [ { between: [a, b], latency: 20 ms } ]
script:
  - { host: a, socket: A }
  - { host: b, socket: B }
  - { host: a, bind: A, to: "10.0.0.1:5000" }
  - { host: b, bind: B, to: "10.0.0.2:6000" }
  - { host: a, connect: A, to: "10.0.0.2:6000", nonblocking: true }
  - { host: b, connect: B, to: "10.0.0.1:5000", nonblocking: true }
  - { wait: 100 ms }
  - { host: a, state: A, expect: ESTABLISHED }
)";
  observe::packet_log log;
  const auto o = trace(both, log);
  CHECK(o.script_failures.empty());
  std::size_t left_out = 0;
  CHECK(report::conversations(log, 9, left_out).size() == 1);
  const std::string text = report::ladders(log, *o.scenario, 9, ascii);
  CHECK(times(text, "connect A") == 1);
  CHECK(times(text, "connect B") == 1);
}

TEST_CASE("over routers a ladder goes from end to end, a packet is one arrow", "[report]") {
  observe::packet_log log;
  const std::string text = ladders_of(routed, log);
  CHECK(text.find("10.0.2.1:8080 (s)") != std::string::npos);
  CHECK(text.find("(r)") == std::string::npos);
  CHECK(times(text, "[S] 0") == 1);
  CHECK(text.find("   0.000000 |-- [S] 0 win 64240 mss 1460 ----") != std::string::npos);
  CHECK(text.find("--->| 0.002000\n") != std::string::npos);
  CHECK(text.find("accept(3) = 4 from") != std::string::npos);
  observe::packet_log at_client;
  at_client.only_host = "c";
  CHECK(ladders_of(routed, at_client).find("10.0.2.1:8080 (s)") != std::string::npos);
}

TEST_CASE("what a router or the link behind it does not pass on is lost on the way", "[report]") {
  const std::string file = routed;
  const auto last = file.find("latency: 1 ms } ]");
  observe::packet_log link;
  const std::string lossy = std::string(file).insert(last, "loss: 100 %, ");
  CHECK(ladders_of(lossy, link).find("(lost beyond r) ---") != std::string::npos);
  observe::packet_log router;
  const std::string dropping = std::string(file).insert(
      file.find("router: true") + 12, ", firewall: [ { drop: tcp/8080, direction: forward } ]");
  const std::string text = ladders_of(dropping, router);
  CHECK(text.find("(lost at r) ---") != std::string::npos);
  CHECK(times(text, "-x|") == times(text, "[S]"));
}

TEST_CASE("a page says once that a router did not pass a packet on, and where", "[report][html]") {
  const std::string file = routed;
  const std::string dropping = std::string(file).insert(
      file.find("router: true") + 12, ", firewall: [ { drop: tcp/8080, direction: forward } ]");
  observe::packet_log log;
  const auto o = trace(dropping.c_str(), log);
  std::size_t left_out = 0;
  const auto all = report::conversations(log, 1, left_out);
  const auto ladder = report::ladder_of(log, *o.scenario, all.front());
  const std::string page = report::html::ladder_figure({"", "", ladder});
  CHECK(times(page, "lost at r") == times(page, "[S]"));
  CHECK(times(page, "<em>lost") == times(page, "[S]"));
  CHECK(times(page, "(lost") == 0);
}

TEST_CASE("a datagram larger than the MTU is said to travel in fragments", "[report]") {
  constexpr const char* large = R"(
fourtuple: 1
hosts: { c: { address: 10.0.0.1 }, s: { address: 10.0.0.2 } }
links: [ { between: [c, s], latency: 1 ms } ]
script:
  - { host: c, socket: C, type: udp }
  - { host: c, sendto: C, to: "s:9000", size: 1472 }
  - { host: c, sendto: C, to: "s:9000", size: 1473 }
  - { host: c, sendto: C, to: "s:9000", size: 4432 }
  - { host: c, sendto: C, to: "s:9000", size: 4433 }
)";
  observe::packet_log log;
  const std::string text = ladders_of(large, log);
  const std::string list = report::packet_list(log, "");
  for (const std::string& out : {text, list}) {
    CHECK(out.find("UDP, length 1472, in") == std::string::npos);
    CHECK(out.find("UDP, length 1473, in 2 fragments") != std::string::npos);
    CHECK(out.find("UDP, length 4432, in 3 fragments") != std::string::npos);
    CHECK(out.find("UDP, length 4433, in 4 fragments") != std::string::npos);
  }
}

TEST_CASE("a packet under way when the run ends is not lost", "[report]") {
  observe::packet_log log;
  const std::string text = ladders_of(cut_off, log);
  CHECK(report::packet_list(log, "").find("c (under way) IP") != std::string::npos);
  CHECK(text.find("UDP, length 1 (under way) ---") != std::string::npos);
  CHECK(text.find("x|") == std::string::npos);
}

TEST_CASE("what is not wanted is not kept", "[report]") {
  observe::packet_log few;
  few.most = 3;
  trace(one_echo, few);
  CHECK(few.packets.size() == 3);
  CHECK(few.left_out == 15);
  observe::packet_log other;
  other.only_port = 81;
  trace(one_echo, other);
  CHECK(other.packets.empty());
}

TEST_CASE("a capture file begins with its section and an interface for each host", "[report]") {
  observe::packet_log log;
  trace(one_echo, log);
  const std::string file = report::pcapng(log, "");
  CHECK(file.substr(0, 4) == "\x0a\x0d\x0d\x0a");
  CHECK(file.size() % 4 == 0);
  CHECK(file.find("client") < file.find("server"));
  CHECK(file.find("client load: connect(3, 10.0.0.2:80) = in progress") != std::string::npos);
}

TEST_CASE("the topology is a graph of hosts; names are quoted", "[report]") {
  auto loaded = scenario::load("test.yaml", one_echo);
  CHECK(report::topology_dot(*loaded.scenario) ==
        "graph \"one \\\"echo\\\"\" {\n"
        "  node [shape=box];\n"
        "  \"client\" [label=\"client\\n10.0.0.1\"];\n"
        "  \"server\" [label=\"server\\n10.0.0.2\"];\n"
        "  \"client\" -- \"server\" [label=\"1 ms\"];\n"
        "}\n");
}
