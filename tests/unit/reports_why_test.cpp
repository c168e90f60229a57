// The first line of a report and its cause, from runs on the simulated kernel.
#include "sim/filter/rules.h"
#include "sim/report/headline.h"
#include "sim/report/sections.h"
#include "sim/scenario/scenario.h"
#include "tests/support/catch.h"
#include "tests/unit/run_text.h"

using namespace fourtuple;

namespace {

/// A client, a router and a server with these keys more; `load` is the client's.
std::string cause_in(const std::string& text) {
  const auto all = report::explanation(run_text(text));
  return all.empty() ? std::string() : all.front().text;
}
std::string why(const std::string& client, const std::string& router, const std::string& server,
                const std::string& load = "", const std::string& rest = "",
                const std::string& link = "") {
  return cause_in(
      "fourtuple: 1\nduration: 4 s\nhosts:\n"
      "  c: { address: 10.0.1.1" +
      client +
      " }\n"
      "  r: { address: 10.0.1.254, router: true" +
      router +
      " }\n"
      "  s: { address: 10.0.2.1" +
      server +
      " }\n"
      "links: [ { between: [c, r], latency: 1 ms }, { between: [r, s], latency: 1 ms" +
      link +
      " } ]\napps:\n"
      "  srv: { host: s, echo_server: { port: 8080 } }\n"
      "  l: { host: c, load: { to: \"s:8080\", rate: 1/s, limit: 1" +
      load + " } }\n" + rest);
}

const std::string s_rejects = "s rejects what l sends to 10.0.2.1:8080: ";

}  // namespace

TEST_CASE("a refusal by a firewall names host and rule, not the listener", "[report][why]") {
  CHECK(why("", "", ", firewall: [ { accept: icmp }, { reject: tcp/8080 } ]") ==
        s_rejects + "{ reject: tcp/8080 }, rule 2 of its firewall");
  CHECK(why("", "", ", firewall: [ { reject: tcp/8080, with: tcp-reset } ]") ==
        s_rejects + "{ reject: tcp/8080, with: tcp-reset }, rule 1 of its firewall");
  CHECK(why("", "", ", firewall: [ { reject: tcp } ]") ==
        s_rejects + "{ reject: tcp }, rule 1 of its firewall");
  CHECK(why("", "", ", firewall: [ { reject: all, from: c } ]") ==
        s_rejects + "{ reject: all, from: 10.0.1.1 }, rule 1 of its firewall");
}

TEST_CASE("a rule in words is what a file would write", "[report][why]") {
  firewall_rule r;
  r.what = firewall_rule::action::reject;
  r.of = firewall_rule::protocol::tcp;
  r.low_port = r.high_port = 80;
  r.which = firewall_rule::direction::out;
  for (auto with = 0; with <= static_cast<int>(reject_with::tcp_reset); ++with) {
    r.with = static_cast<reject_with>(with);
    const std::string text = filter::to_string(r);
    INFO(text);
    const auto loaded = scenario::load(
        "test.yaml", "fourtuple: 1\nduration: 1 s\nhosts: { a: { address: 10.0.0.1, firewall: [ " +
                         text + " ] } }\n");
    REQUIRE(loaded.scenario);
    const firewall_rule& back = loaded.scenario->hosts[0].firewall.at(0);
    CHECK(back.with == r.with);
    CHECK(back.which == r.which);
    CHECK(back.low_port == 80);
  }
}

TEST_CASE("rules of the client itself and of a router on the way are found too", "[report][why]") {
  const std::string wait = ", timeout: 1 s";
  CHECK(why(", firewall: [ { reject: tcp/8080, direction: out } ]", "", "", wait)
            .starts_with("c rejects what l sends to 10.0.2.1:8080: "));
  CHECK(why("", ", firewall: [ { reject: tcp/8080, direction: forward } ]", "", wait)
            .starts_with("r rejects what l sends to 10.0.2.1:8080: "));
}

TEST_CASE("silence is explained by a rule that drops and by a link that carries nothing",
          "[report][why]") {
  const std::string wait = ", timeout: 1 s";
  CHECK(why("", "", ", firewall: [ { drop: tcp/8080 } ]", wait) ==
        "s drops what l sends to 10.0.2.1:8080: { drop: tcp/8080 }, rule 1 of its firewall");
  CHECK(why("", "", "", wait, "", ", loss: 100 %") == "the link between r and s loses all packets");
  CHECK(why("", "", "", wait, "", ", up: false") ==
        "the link between r and s is down at that time");
}

TEST_CASE("a destination that no route leads to is explained by what is missing", "[report][why]") {
  const auto cause = [](const std::string& link, const std::string& to) {
    return cause_in(
        "fourtuple: 1\nduration: 4 s\nhosts: { c: { address: 10.0.0.1 },\n"
        "  s: { address: [10.0.0.2, \"fd00::2\"] }, t: { address: 10.0.0.3, router: " +
        link +
        " } }\nlinks: [ { between: [c, t], latency: 1 ms } ]\napps:\n"
        "  l: { host: c, load: { to: \"" +
        to + "\", rate: 1/s, limit: 1 } }\n");
  };
  CHECK(cause("false", "s:80") == "no link or router leads from c to s");
  CHECK(cause("true", "s:80") == "no link or router leads from t to s");
  CHECK(cause("false", "10.9.9.9:80") == "10.9.9.9 is no host of this file");
  CHECK(cause("false", "[fd00::2]:80") == "c has no IPv6 address");
}

TEST_CASE("a datagram nobody wants and a pool that is too small say so", "[report][why]") {
  const auto texts = [](const std::string& apps) {
    std::vector<std::string> out;
    for (const auto& r : report::explanation(
             run_text("fourtuple: 1\nduration: 5 s\n"
                      "hosts: { c: { address: 10.0.0.1 }, s: { address: 10.0.0.2, user: root } }\n"
                      "links: [ { between: [c, s], latency: 5 ms } ]\napps:\n" +
                      apps)))
      out.push_back(r.label + ": " + r.text);
    return out;
  };
  CHECK(texts("  q: { host: c, udp_client: { to: \"s:54\", rate: 1/s, timeout: 1 s } }\n") ==
        std::vector<std::string>{
            "why: no app of this file listens on 10.0.0.2:54",
            ": a UDP socket hears of it (ECONNREFUSED) only when it is connected"});
  CHECK(
      texts(
          "  s: { host: s, echo_server: { port: 80, delay: 200 ms } }\n"
          "  p: { host: c, pool: { to: \"s:80\", size: 2, rate: 50/s, queue_timeout: 1 s } }\n") ==
      std::vector<std::string>{
          "why: no connection of p was free for 1 s, its queue_timeout (size: 2)",
          ": a request takes one for about 217 ms, so 50/s needs at least 11",
          "cure: size: at least 11 on p"});
}

TEST_CASE("rules count as they were when it was sent", "[report][why]") {
  const std::string opened = "changes: [ { at: 500 ms, set: { hosts.s.firewall: [] } } ]\n";
  CHECK(why("", "", ", firewall: [ { drop: tcp/8080 } ]", ", timeout: 800 ms", opened)
            .starts_with("s drops"));
}

constexpr const char* two_after_a_second = R"(
fourtuple: 1
hosts:
  c: { address: [10.0.1.1, 10.0.1.2] }
  s: { address: 10.0.2.1 }
links: [ { between: [c, s], latency: 1 ms } ]
apps:
  srv: { host: s, echo_server: { port: 8080 } }
  l: { host: c, start: 1 s, load: { to: "s:8080", rate: 1/s, limit: 2, timeout: 500 ms, bind: ["10.0.1.1:0", "10.0.1.2:0"] } }
)";

TEST_CASE("a rule or a link that a script has set is named with its step", "[report][why]") {
  const std::string file = two_after_a_second;
  CHECK(cause_in(file +
                 "script: [ { wait: 10 ms }, { host: s, firewall: [ { drop: tcp/8080 } ] } ]\n") ==
        "s drops what l sends to 10.0.2.1:8080: { drop: tcp/8080 }, rule 1 of its firewall (by "
        "step 2 of "
        "the script)");
  CHECK(cause_in(file + "script: [ { link: [c, s], up: false } ]\n") ==
        "the link between c and s is down at that time (by step 1 of the script)");
  CHECK(cause_in(file + "script: [ { link: [c, s], up: false }, { link: [c, s], up: true } ]\n"
                        "changes: [ { at: 900 ms, set: { \"links[0].loss\": 100 % } } ]\n") ==
        "the link between c and s loses all packets (by changes:)");
  // Nobody knows which round of a repeat it was.
  CHECK(cause_in(file + "script: [ { repeat: 2, steps: [ { link: [c, s], up: false } ] } ]\n") ==
        "");
}

TEST_CASE("a rule about one of several addresses to bind to is found", "[report][why]") {
  const std::string file = two_after_a_second;
  const auto with = [&](const std::string& from) {
    return std::string(file).insert(file.find("10.0.2.1 }") + 8,
                                    ", firewall: [ { drop: tcp/8080, from: " + from + " } ]");
  };
  CHECK(cause_in(with("10.0.1.2")) ==
        "s drops what l sends to 10.0.2.1:8080: { drop: tcp/8080, from: 10.0.1.2 }, rule 1 of its "
        "firewall");
  CHECK(cause_in(with("10.0.1.1")) ==
        "s drops what l sends to 10.0.2.1:8080: { drop: tcp/8080, from: 10.0.1.1 }, rule 1 of its "
        "firewall");
}

TEST_CASE("a server that had its port is never said not to have listened", "[report][why]") {
  const std::string two = "expect: { apps.srv.listening: true }\n";
  CHECK(why("", "", "", "", two).find("listen") == std::string::npos);
  const auto o = run_text(R"(
fourtuple: 1
duration: 1 s
hosts: { c: { address: 10.0.0.1 }, s: { address: 10.0.0.2 } }
links: [ { between: [c, s], latency: 1 ms } ]
apps:
  srv: { host: s, echo_server: { port: 8080 }, stop: 100 ms }
  l: { host: c, load: { to: "s:8080", rate: 1/s }, start: 200 ms }
)");
  REQUIRE_FALSE(report::explanation(o).empty());
  CHECK(report::explanation(o).front().text == "srv listened on 10.0.0.2:8080 only until 100 ms");
}

TEST_CASE("a bind that failed is the headline whether the file expects it or not", "[report]") {
  const std::string text = R"(
fourtuple: 1
duration: 1 s
hosts: { c: { address: 10.0.0.1 }, s: { address: 10.0.0.2 } }
apps:
  srv: { host: s, proxy: { listen: "0.0.0.0:53", upstream: "c:80" } }
)";
  const std::string named = "srv on s: bind to 0.0.0.0:53 failed at 0 s with EACCES";
  CHECK(report::headline(run_text(text)) == named);
  CHECK(report::headline(run_text(text + "expect: { apps.srv.listening: true }\n")) == named);
  CHECK(report::headline(run_text(text + "expect: { apps.srv.errors.EACCES: 1 }\n")) == named);
}

TEST_CASE("a scan's summary counts the ports that gave another error", "[report]") {
  const auto o = run_text(R"(
fourtuple: 1
hosts:
  c: { address: 10.0.0.1 }
  s: { address: 10.0.0.2, firewall: [ { reject: tcp/81, with: icmp-host-unreachable } ] }
links: [ { between: [c, s], latency: 1 ms } ]
apps:
  w: { host: s, user: root, listener: { ports: 80 } }
  t: { host: c, scan: { target: s, ports: [80-82] } }
)");
  const auto tables = report::tables_of(o);
  const bool told = std::any_of(tables.begin(), tables.end(), [](const auto& t) {
    return t.caption == "t looked at 10.0.0.2: 1 open, 1 closed, 0 filtered, 1 in error";
  });
  CHECK(told);
}

namespace {

/// A client's load with these keys to a server a millisecond away; `more` are further apps.
std::vector<report::remark> ports_why(const std::string& load, const std::string& client = "",
                                      const std::string& more = "") {
  return report::explanation(
      run_text("fourtuple: 1\nduration: 4 s\nhosts:\n"
               "  c: { address: [10.0.0.1, fd00::1], sysctls: { net.ipv4.ip_local_port_range: "
               "\"40000 40009\"" +
               client +
               " } }\n"
               "  s: { address: [10.0.0.2, fd00::2], user: root }\n"
               "links: [ { between: [c, s], latency: 1 ms } ]\napps:\n"
               "  srv: { host: s, echo_server: { listen: \"[::]:80\" } }\n"
               "  l: { host: c, load: { to: \"10.0.0.2:80\", rate: 10/s" +
               load + " } }\n" + more));
}

std::string first_with(const std::vector<report::remark>& all, const std::string& words) {
  for (const auto& r : all)
    if (r.text.find(words) != std::string::npos) return r.text;
  return {};
}

}  // namespace

TEST_CASE("bind() that fails is explained by its own reason", "[report][why]") {
  CHECK(ports_why(", bind: \"10.0.0.9:0\"").front().text == "10.0.0.9 is no address of c");
  CHECK(ports_why(", bind: \"10.0.0.1:90\"").front().text ==
        "port 90 is below net.ipv4.ip_unprivileged_port_start");
  const auto fixed = ports_why(", bind: \"10.0.0.1:5000\"");
  CHECK(fixed.front().text.starts_with("every connection is bound to port 5000"));
  CHECK(fixed.back().text == "ss -tan sport = :5000");
}

TEST_CASE("cures reckon with the reply's way, with late timers and with what the host has",
          "[report][why]") {
  const auto plain = ports_why("");
  CHECK(first_with(plain, "ports (range")
            .ends_with("by the book 0.167/s (10 / 60 s), 0.161/s as timers end late; the file asks "
                       "for 10/s"));
  CHECK(first_with(plain, "pool of").starts_with("pool of 1 kept connections"));
  CHECK_FALSE(first_with(plain, "tcp_tw_reuse: 1: 9.9/s, not enough (needs").empty());
  CHECK(first_with(ports_why("", ", net.ipv4.tcp_timestamps: 0"), "tw_reuse")
            .starts_with("net.ipv4.tcp_tw_reuse: 1 and net.ipv4.tcp_timestamps: 1 at both ends"));
  CHECK(first_with(ports_why("", ", net.ipv4.ip_local_reserved_ports: \"1024-2023\""), "65535")
            .find("1,023/s") != std::string::npos);
  CHECK(first_with(ports_why(", hold: 300 ms"), "pool of").starts_with("pool of 3 kept"));
}

TEST_CASE("connections held for ever have room, not rates", "[report][why]") {
  const auto all = ports_why(", hold: forever, limit: 30");
  CHECK(first_with(all, "close: server").empty());
  CHECK(first_with(all, "destination addresses") == "3 destination addresses: 30 at one time");
  CHECK(all.back().text == "ss -tan state established dst 10.0.0.2 | wc -l");
}

TEST_CASE("loads that share their ports are reckoned together", "[report][why]") {
  const auto all =
      ports_why("", "", "  m: { host: c, load: { to: \"10.0.0.2:80\", rate: 30/s } }\n");
  CHECK_FALSE(first_with(all, "the file asks for 40/s, with l").empty());
  const auto apart = ports_why("", "",
                               "  other: { host: s, echo_server: { listen: \"[::]:81\" } }\n"
                               "  m: { host: c, load: { to: \"10.0.0.2:81\", rate: 5/s } }\n");
  CHECK(first_with(apart, "the file asks for 10/s").ends_with("asks for 10/s"));
}

TEST_CASE("a command names an IPv6 address as ss wants it", "[report][why]") {
  const auto all = report::explanation(run_text(
      "fourtuple: 1\nduration: 2 s\nhosts:\n"
      "  c: { address: fd00::1, sysctls: { net.ipv4.ip_local_port_range: \"40000 40009\" } }\n"
      "  s: { address: fd00::2, user: root }\napps:\n"
      "  srv: { host: s, echo_server: { listen: \"[::]:80\" } }\n"
      "  l: { host: c, load: { to: \"[fd00::2]:80\", rate: 10/s } }\n"));
  CHECK(all.back().text == "ss -tan state time-wait dst [fd00::2] | wc -l");
}

TEST_CASE("UDP ports are room that may be the tightest", "[report]") {
  const auto o = run_text(R"(
fourtuple: 1
duration: 4 s
hosts:
  c: { address: 10.0.0.1, sysctls: { net.ipv4.ip_local_port_range: "40000 40099" } }
  s: { address: 10.0.0.2, user: root }
apps:
  srv: { host: s, udp_server: { port: 53 } }
  q: { host: c, udp_client: { to: "s:53", rate: 10/s, sockets: per_request, hold: 5 s } }
)");
  CHECK(report::headline(o).find("UDP ports of 100 at the peak") != std::string::npos);
}
