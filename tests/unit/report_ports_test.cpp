// What the report says of ports, from runs on the simulated kernel: it has to be what the same run
// counted.
#include "tests/support/catch.h"
#include "tests/unit/small_world.h"

using namespace fourtuple;

TEST_CASE("sysctls count as they were when the ports ran out", "[report][ports]") {
  small_world w;
  w.duration = "30 s";
  w.rest =
      "changes: [ { at: 2 s, set: { \"hosts.c.sysctls[net.ipv4.ip_local_port_range]\": \"50000 "
      "50019\" } } ]\n";
  CHECK(said_of(w).front().text.starts_with("20 ports (range 50000-50019) per destination"));
  w.rest =
      "script: [ { host: c, sysctl: net.ipv4.ip_local_port_range, value: \"50000 50019\" } ]\n";
  CHECK(said_of(w).front().text.starts_with("20 ports (range 50000-50019) per destination"));
  w.duration = "4 s";
  CHECK(has(with(said_of(w), "asks for"), "(20 / 60 s)"));
  // Nobody knows when which round of a repeat set it.
  w.rest =
      "script: [ { repeat: 2, steps: [ { host: c, sysctl: net.ipv4.ip_local_port_range, value: "
      "\"50000 50019\" } ] } ]\n";
  CHECK(said_of(w).empty());
}

TEST_CASE("close: counts as it was when the ports ran out", "[report][ports]") {
  small_world w;
  w.load = "rate: 4/s, close: reset";
  w.duration = "30 s";
  w.rest = "changes: [ { at: 2 s, set: { apps.l.close: client } } ]\n";
  CHECK(has(said_of(w).front().text, "in TIME-WAIT: by the book 1/s (60 / 60 s)"));
}

TEST_CASE("ports that wait for an answer are not said to be in TIME-WAIT", "[report][ports]") {
  for (const std::string close : {"client", "reset"}) {
    small_world w;
    w.server = ", firewall: [ { drop: tcp/80 } ]";
    w.load = "rate: 30/s, timeout: 4 s, close: " + close;
    const auto all = said_of(w);
    CHECK(all.front().text ==
          "60 ports (range 40000-40059) per destination, each held up to 4 s (timeout) in "
          "SYN-SENT: by the book 15/s (60 / 4 s); the file asks for 30/s");
    CHECK(with(all, "firewall").starts_with("s drops what l sends"));
    CHECK(with(all, "timeout: below").starts_with("timeout: below 2 s: no limit from ports"));
    CHECK(all.back().text == "ss -tan state syn-sent dst 10.0.0.2 | wc -l");
    CHECK_FALSE(has(everything(w), "TIME-WAIT"));
    CHECK_FALSE(has(everything(w), "destination addresses"));
  }
}

TEST_CASE("connects that a full queue drops hold ports until they give up", "[report][ports]") {
  small_world w;
  w.service = ", backlog: 1, accept_rate: 1/s";
  w.load = "rate: 30/s, close: reset";
  const auto all = said_of(w);
  CHECK(has(all.front().text, "each held in SYN-SENT until connect() gives up; the file asks"));
  CHECK(has(with(all, "accept queue"), "overflowed"));
  CHECK(with(all, "no limit from ports").empty());
}

TEST_CASE("where ports should have sufficed nothing is promised", "[report][ports]") {
  small_world w;
  w.load = "rate: 30/min, close: client";
  w.rest =
      "  other: { host: c, echo_client: { to: \"10.0.0.2:80\", connections: 55, messages: 9, "
      "think: 60 s } }\n";
  const auto all = said_of(w);
  CHECK(has(all.front().text, ". So something else holds ports too, or for longer"));
  CHECK(with(all, "tcp_tw_reuse").empty());
  CHECK(with(all, "addresses").empty());
}

TEST_CASE("a port is held until the other side has closed too", "[report][ports]") {
  small_world w;
  w.rest = "links: [ { between: [c, s], latency: 40 ms } ]\n";
  w.service = ", close: after_reply";
  w.load = "rate: 260/s, close: server, limit: 40";
  // Two round trips and one for the last FIN: 60 ports last for 250 a second, not for 375.
  CHECK(has(with(said_of(w), "asks for"), "sustain 250/s (60 / 240 ms)"));
  w.load = "rate: 260/s, close: server";
  CHECK(has(said_of(w).front().text,
            "each held 240 ms open and closing: by the book 250/s (60 / 240 ms)"));
  w.load = "rate: 245/s, close: server";
  CHECK(has(everything(w), "no failure"));
  w.service = "";
  w.client = ", net.ipv4.tcp_tw_reuse: 1";
  w.load = "rate: 100/s";
  CHECK(has(said_of(w).front().text, "by the book 48.4/s (60 / 1.24 s)"));
  w.load = "rate: 100/s, close: reset";
  CHECK(has(with(said_of(w), "asks for"), "sustain 375/s (60 / 160 ms)"));
}

TEST_CASE("a port is held until a server that is waited for closes", "[report][ports]") {
  small_world w;
  w.rest = "links: [ { between: [c, s], latency: 20 ms } ]\n";
  w.service = ", close: after 3 s";
  w.load = "rate: 20/s, close: server";
  CHECK(has(said_of(w).front().text,
            "each held 3.12 s open and closing: by the book 19.2/s (60 / 3.12 s); the file asks"));
  CHECK_FALSE(with(said_of(w), "2 destination addresses").empty());
  w.load = "rate: 19/s, close: server";
  CHECK(has(everything(w), "no failure"));
  CHECK(has(with(said_of(w), "asks for"), "sustain 19.2/s (60 / 3.12 s): 1.2 % of it is left"));
  w.service = ", idle_timeout: 1 s";
  CHECK(has(with(said_of(w), "asks for"), "(60 / 1.12 s)"));
  w.load = "rate: 54/s, close: server";
  CHECK(has(said_of(w).front().text, "by the book 53.6/s (60 / 1.12 s)"));
}

TEST_CASE("timers that are exact are not said to be late", "[report][ports]") {
  small_world w;
  w.rest = "links: [ { between: [c, s], latency: 200 ms } ]\n";
  w.load = "rate: 1/min";
  auto text = w.text();
  text.insert(text.find("c: { ") + 5, "os: iana, ");
  const auto all = report::explanation(run_text(text));
  CHECK(has(with(all, "asks for"), "sustain 0.25/s (60 / 240 s), 0.249/s with the time before"));
}

TEST_CASE("a pool that the ports have no room for is no cure", "[report][ports]") {
  small_world w;
  w.load = "rate: 9/s, hold: 10 s";
  CHECK(cure_of(w, "pool of") ==
        "pool of 90 kept connections: 60 at one time, not enough (9/s x 10 s busy at once)");
  w.load = "rate: 5/s, hold: 10 s";
  CHECK(has(cure_of(w, "pool of"), "pool of 50 kept connections: no limit from ports ("));
}

TEST_CASE("a cure that gives just what is asked is not enough", "[report][ports]") {
  small_world w;
  w.load = "rate: 6/s, hold: 10 s";  // the 61st begins as the first ends
  CHECK(has(cure_of(w, "close: server"), "6/s, not enough"));
}

TEST_CASE("addresses are as many as it takes with the time that ports are open",
          "[report][ports]") {
  small_world w;
  w.client = ", net.ipv4.tcp_tw_reuse: 0";
  w.load = "rate: 3/s, hold: 20 s";  // 240 of 80 s by the book, and up to 247 as timers end late
  CHECK(has(cure_of(w, "destination addresses"), "5 destination addresses"));
}

TEST_CASE("a clock of whole seconds may take a TIME-WAIT over at once", "[report][ports]") {
  small_world w;
  w.load = "rate: 60/s";
  CHECK(has(cure_of(w, "tcp_tw_reuse: 1"), ": 59.9/s, not enough"));
  auto text = w.text();
  text.insert(text.find("c: { ") + 5, "os: linux-6.1, ");
  const auto all = report::explanation(run_text(text));
  CHECK(has(with(all, "tcp_tw_reuse: 1"), ": 60/s, perhaps not enough"));
}

TEST_CASE("a clock of milliseconds takes a TIME-WAIT over in the one after its second",
          "[report][ports]") {
  small_world w;
  w.client = ", net.ipv4.tcp_tw_reuse: 1";
  w.load = "rate: 60/s";  // the 61st begins as the first has waited for a second
  CHECK(
      has(everything(w), "by the book 60/s (60 / 1 s), 59.9/s as whole milliseconds are counted"));
  CHECK_FALSE(has(everything(w), "something else"));
  w.load = "rate: 59/s";
  CHECK(has(everything(w),
            "no failure: c used 60 ports of 60 at the peak, with TIME-WAITs that may be taken "
            "over\n"));
  CHECK(has(with(said_of(w), "asks for"), "counted: 1.6 % of it is left"));
}

TEST_CASE("random arrivals need room for more than their mean", "[report][ports]") {
  small_world w;
  w.load = "rate: 6/s, hold: 5 s, arrivals: poisson";
  CHECK(has(cure_of(w, "pool of"), "pool of 61 kept connections: 60 at one time, not enough"));
  w.load = "rate: 2/s, hold: 5 s, arrivals: poisson";
  w.duration = "120 s";
  CHECK(has(cure_of(w, "pool of"), "pool of 29 kept connections: no limit"));
  CHECK(has(said_of(w).front().text, "/s as timers end late and arrivals vary"));
}

TEST_CASE("nofile has room for random arrivals", "[report][ports]") {
  small_world w;
  w.load = "rate: 5/s, hold: 5 s, arrivals: poisson";
  auto text = w.text();
  text.insert(text.find("l: { ") + 5, "nofile: 20, ");
  const auto all = report::explanation(run_text(text));
  CHECK(has(all.front().text, "5/s x 5 s keeps up to 53 open"));
  CHECK(with(all, "or more") == "nofile: 66 or more on l");
}

namespace {

std::string upstream_world(const std::string& upstream, const std::string& latency) {
  return "fourtuple: 1\nduration: 20 s\nhosts:\n  c: { address: 10.0.0.1 }\n"
         "  p: { address: 10.0.0.3, user: root, sysctls: { net.ipv4.ip_local_port_range: "
         "\"40000 40059\" } }\n  s: { address: 10.0.0.2, user: root }\n" +
         latency + "apps:\n  srv: { host: s, echo_server: { port: 80" + upstream +
         " } }\n  x: { host: p, proxy: { listen: \"0.0.0.0:80\", upstream: \"s:80\" } }\n"
         "  l: { host: c, load: { to: \"p:80\", rate: 9/s } }\n";
}

}  // namespace

TEST_CASE("more destinations than are compared one by one are counted", "[report][ports]") {
  const auto o = run_text(R"(
fourtuple: 1
duration: 1 s
hosts:
  c: { address: 10.0.0.1, nofile: 1000000, sysctls: { net.ipv4.ip_local_port_range: "40000 40004" } }
  f: { address: 10.16.0.0/16, count: 10007, nofile: 1000000 }
apps:
  srv: { host: f, echo_server: { port: 8080 } }
  l: { host: c, load: { to: "f:8080", rate: 100/s, hold: 2 s } }
)");
  CHECK(has(report::headline(o), "four-tuples of 50,035"));
}

TEST_CASE("an upstream that closes after its reply is a cure only without latency",
          "[report][ports]") {
  const std::string far =
      "links: [ { between: [c, p], latency: 2 ms }, { between: [p, s], latency: 8 ms } ]\n";
  const auto near = report::explanation(run_text(upstream_world("", "")));
  CHECK_FALSE(with(near, "close: after_reply upstream").empty());
  const auto distant = report::explanation(run_text(upstream_world("", far)));
  CHECK_FALSE(with(distant, "keepalive").empty());
  CHECK(with(distant, "close: after_reply upstream").empty());
  // Where it does so already both sides close at once, and the proxy has its TIME-WAITs.
  const auto both = run_text(upstream_world(", close: after_reply", far));
  CHECK(report::count(both.tree, {"hosts", "p", "time_wait", "peak"}) >= 60);
  CHECK(has(report::explanation(both).front().text, "in TIME-WAIT: by the book 1/s (60 / 60 s)"));
}

TEST_CASE("tcp_max_tw_buckets below the ports leaves the others", "[report][ports]") {
  small_world w;
  w.client = ", net.ipv4.tcp_max_tw_buckets: 15";
  w.load = "rate: 6/s";
  CHECK(with(said_of(w), "asks for") ==
        "l asks for 6/s; of its 60 ports at most 15 are in TIME-WAIT "
        "(net.ipv4.tcp_max_tw_buckets): no limit from ports");
  w.load = "rate: 6/s, hold: 5 s";
  CHECK(
      has(with(said_of(w), "asks for"), "; by the book the others sustain 9/s (45 / 5 s): 33.3 %"));
  w.load = "rate: 10/s, hold: 5 s";
  CHECK(has(
      said_of(w).front().text,
      "of which at most 15 are in TIME-WAIT (net.ipv4.tcp_max_tw_buckets), each held 5 s open"));
  // Those that are kept have no TIME-WAIT: the 15 are theirs as well.
  CHECK(cure_of(w, "pool of") ==
        "pool of 50 kept connections: no limit from ports (10/s x 5 s busy at once)");
  w.load = "rate: 13/s, hold: 5 s";
  CHECK(has(cure_of(w, "pool of"), "pool of 65 kept connections: 60 at one time, not enough"));
}

TEST_CASE("where a server closes first nothing is said of TIME-WAIT", "[report][ports]") {
  small_world w;
  w.service = ", close: after_reply";
  w.load = "rate: 6/s";  // close: client, which comes too late
  CHECK(said_of(w).empty());
  w.service = "";
  CHECK(has(said_of(w).front().text, "60-62 s in TIME-WAIT"));
}

TEST_CASE("where a server never closes ports are in FIN-WAIT-2", "[report][ports]") {
  small_world w;
  w.service = ", close: never";
  w.load = "rate: 3/s";
  w.duration = "30 s";
  const auto all = said_of(w);
  CHECK(has(all.front().text,
            "each held 60-62 s in FIN-WAIT-2 (net.ipv4.tcp_fin_timeout), as srv never closes: by "
            "the book 1/s (60 / 60 s)"));
  CHECK(has(with(all, "tcp_fin_timeout: "), "net.ipv4.tcp_fin_timeout: 17: 3.1/s (client side)"));
  CHECK_FALSE(with(all, "close: server, and close: after_reply on srv").empty());
  CHECK(with(all, "tcp_tw_reuse").empty());
  CHECK(all.back().text == "ss -tan state fin-wait-2 dst 10.0.0.2 | wc -l");
  CHECK_FALSE(has(with(all, "each"), "TIME-WAIT"));
  w.client = ", net.ipv4.tcp_tw_reuse: 1, net.ipv4.tcp_fin_timeout: 17";
  w.duration = "90 s";
  CHECK(has(everything(w), "no failure: c used "));
  CHECK(has(with(said_of(w), "asks for"), "sustain 3.5/s (60 / 17 s), 3.1/s as timers end late"));
  // What holds them is the client's own timer, however long the server's TIME-WAIT is.
  w.client = ", net.ipv4.tcp_fin_timeout: 90";
  CHECK(has(said_of(w).front().text, "s in FIN-WAIT-2"));
  CHECK(has(said_of(w).front().text, "by the book 0.667/s (60 / 90 s)"));
  w.service = "";
  CHECK(has(said_of(w).front().text, "by the book 1/s (60 / 60 s)"));
}

TEST_CASE("how long ports last is foretold by stages, and not beyond an app's stop",
          "[report][ports]") {
  small_world w;
  w.load = "stages: [ { for: 10 s, to: 6/s }, { for: 60 s, to: 6/s } ]";
  w.duration = "12 s";  // 30 within the ramp, then 6 a second
  CHECK(has(with(said_of(w), "asks for"), "; the run ended before they run out, at about 15 s"));
  w.duration = "20 s";
  CHECK(has(everything(w), "first EADDRNOTAVAIL at 15 s"));
  w.load = "stages: [ { for: 10 s, to: 6/s }, { for: 3 s, to: 6/s } ]";
  w.duration = "12 s";
  CHECK_FALSE(has(with(said_of(w), "asks for"), "run out"));
  w.load = "stages: [ { for: 40 s, to: 6/s } ]";  // 60 within 28.3 s of it
  CHECK(
      has(with(said_of(w), "asks for"), "; the run ended before they run out, at about 28.284 s"));
  w.load = "rate: 5/s";
  w.duration = "2 s";
  CHECK(has(with(said_of(w), "asks for"), "; the run ended before they run out, at about 12 s"));
  auto text = w.text();
  text.insert(text.find("l: { ") + 5, "stop: 4 s, ");
  CHECK_FALSE(has(with(report::explanation(run_text(text)), "asks for"), "run out"));
}

TEST_CASE("what a pool needs is a bound where its connections are renewed", "[report][ports]") {
  const auto cure = [](const std::string& keys) {
    return with(report::explanation(
                    run_text("fourtuple: 1\nduration: 60 s\nhosts:\n  c: { address: 10.0.0.1 }\n"
                             "  s: { address: 10.0.0.2, user: root }\n"
                             "links: [ { between: [c, s], latency: 10 ms } ]\napps:\n"
                             "  srv: { host: s, echo_server: { port: 80, delay: 80 ms } }\n"
                             "  p: { host: c, pool: { to: \"s:80\", queue_timeout: 500 ms, " +
                             keys + " } }\n")),
                " on p");
  };
  // A request takes one for 100 ms.
  CHECK(has(cure("size: 3, rate: 35/s"), "size: 4 or more on p"));
  CHECK(has(cure("size: 3, rate: 90/s"), "size: at least 10 on p"));  // most failed
  CHECK(has(cure("size: 3, rate: 30/s, max_lifetime: 1 s"), "size: at least 4 on p"));
  CHECK(has(cure("size: 3, rate: 35/s, arrivals: poisson"), "size: 16 or more on p"));
}

TEST_CASE("of an odd range one port may be passed over", "[report][ports]") {
  small_world w;
  w.load = "rate: 2/s, hold: 15 s, limit: 30";
  const auto of = [&](const std::string& range) {
    std::string text = w.text();
    text.replace(text.find("40000 40059"), 11, range);
    return text;
  };
  const auto said = [&](const std::string& range) {
    return with(report::explanation(run_text(of(range))), "asks for");
  };
  CHECK(has(said("40000 40029"), "its 30 fit at one time"));
  CHECK(has(said("40001 40031"), "its 30 fit at one time"));
  w.load = "rate: 2/s, hold: 15 s, limit: 31";
  CHECK(said("40001 40031").empty() == has(report::headline(run_text(of("40001 40031"))), "first"));
  CHECK_FALSE(has(said("40001 40031"), "fit at one time"));
}
