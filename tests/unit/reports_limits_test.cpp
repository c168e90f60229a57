// What a report says where something ran out: whatever failed before, and of kinds of apps and
// limits of their own.
#include <algorithm>

#include "sim/report/headline.h"
#include "sim/report/text.h"
#include "tests/support/catch.h"
#include "tests/unit/run_text.h"

using namespace fourtuple;

namespace {

using lines = std::vector<std::string>;

/// "why: ..." of a run with these apps of a client of 1,000 ports and a server.
lines told(const std::string& apps, const std::string& client = "", const std::string& rest = "") {
  lines out;
  const auto o = run_text(
      "fourtuple: 1\nhosts:\n"
      "  client: { address: 10.0.0.1, sysctls: { net.ipv4.ip_local_port_range: \"40000 40999\" }" +
      client +
      " }\n"
      "  server: { address: [10.0.0.2, 10.0.0.3], user: root, nofile: 200000 }\n"
      "apps:\n" +
      apps + rest);
  for (const auto& r : report::explanation(o)) out.push_back(r.label + ": " + r.text);
  return out;
}

bool has(const lines& all, const std::string& words) {
  return std::any_of(all.begin(), all.end(),
                     [&](const auto& l) { return l.find(words) != std::string::npos; });
}

const std::string api = "  api: { host: server, echo_server: { port: 443 } }\n";

}  // namespace

TEST_CASE("what runs out later is told beside the first failure", "[report][limits]") {
  const auto late = told(
      "  api: { host: server, start: 10 ms, echo_server: { port: 443 } }\n"
      "  load: { host: client, load: { to: \"10.0.0.2:443\", rate: 100/s } }\n",
      "", "duration: 20 s\n");
  REQUIRE(late.size() > 4);
  CHECK(late[0] == "why: api listens on 10.0.0.2:443 only from 10 ms on");
  CHECK(late[1] ==
        "then: load on client: first EADDRNOTAVAIL at 10.02 s (attempt 1,003 to 10.0.0.2:443)");
  CHECK(late[2].starts_with("why: 1,000 ports (range 40000-40999) per destination"));
  CHECK(has(late, "cures: pool"));
}

TEST_CASE("ports that another app runs out of have a why, and are told once", "[report][limits]") {
  const auto all =
      told(api +
               "  wrong: { host: client, load: { to: \"10.0.0.2:80\", rate: 1/s } }\n"
               "  load: { host: client, load: { to: \"10.0.0.2:443\", rate: 100/s } }\n",
           "", "duration: 20 s\n");
  CHECK(all.front() == "why: no app of this file listens on 10.0.0.2:80");
  const std::string first = "load on client: first EADDRNOTAVAIL at 10 s";
  CHECK(std::count_if(all.begin(), all.end(),
                      [&](const auto& l) { return l.find(first) != std::string::npos; }) == 1);
  CHECK(has(all, "then: " + first));
  CHECK(has(all, "why: 1,000 ports"));
}

TEST_CASE("of a fleet the member that met an error first is named", "[report][limits]") {
  const auto o = run_text(R"(
fourtuple: 1
duration: 20 s
hosts:
  f: { count: 2, address: 10.0.1.0/24, sysctls: { net.ipv4.ip_local_port_range: "40000 40099" } }
  s: { address: 10.0.0.2, user: root }
apps:
  api: { host: s, start: 10 ms, echo_server: { port: 443 } }
  l: { host: f, load: { to: "s:443", rate: 100/s } }
)");
  REQUIRE(o.other_failures.size() == 1);
  CHECK(o.other_failures[0].member == "f-1");
  CHECK(o.other_failures[0].what.what.error == errc::eaddrnotavail);
  CHECK(o.other_failures[0].what.attempt == 103);
}

TEST_CASE("a pool that renews its connections says what runs its ports out", "[report][limits]") {
  const auto with = [](const std::string& pool, const std::string& length = "25 s") {
    return told(api +
                    "  db: { host: client, pool: { to: \"10.0.0.2:443\", size: 40, rate: 400/s, "
                    "hold: 50 ms, " +
                    pool + " } }\n",
                "", "duration: " + length + "\n");
  };
  const auto all = with("max_lifetime: 400 ms");
  REQUIRE(all.size() == 7);
  CHECK(
      all[0].starts_with("why: 1,000 ports (range 40000-40999) per destination, each held 400 ms "
                         "open, then 60-62 s in TIME-WAIT"));
  CHECK(all[1].starts_with(": db needed more than 1,000 connections in its first "));
  CHECK(all[1].ends_with(", as max_lifetime: 400 ms ends them"));
  CHECK(all[2] ==
        "cures: max_lifetime: 2.6 s or more (40 connections and their TIME-WAITs fit "
        "then)");
  CHECK(all[3] == ": no max_lifetime: no limit from ports (40 kept connections)");
  CHECK(all[4] == ": net.ipv4.tcp_tw_reuse: 1 (needs timestamps; client side)");
  // What is promised holds.
  CHECK_FALSE(has(with("max_lifetime: 2.6 s", "5 min"), "EADDRNOTAVAIL"));
}

TEST_CASE("a pool larger than its ports says so", "[report][limits]") {
  const auto with = [](const std::string& size) {
    return told(api + "  db: { host: client, pool: { to: \"10.0.0.2:443\", size: " + size +
                    ", rate: 3000/s, hold: 800 ms } }\n",
                ", nofile: 10000", "duration: 5 s\n");
  };
  const auto all = with("1200");
  REQUIRE(all.size() == 5);
  CHECK(all[0] ==
        "why: 1,000 ports (range 40000-40999) per destination, and db keeps up to 1,200 "
        "connections at once");
  CHECK(all[1] == "cures: size: 1,000 or fewer");
  CHECK(with("1000").empty());
}

TEST_CASE("of several destinations each has ports for the whole pool", "[report][limits]") {
  const auto with = [](const std::string& lifetime, const std::string& length) {
    return told(api +
                    "  db: { host: client, pool: { to: [\"10.0.0.2:443\", \"10.0.0.3:443\"], size: "
                    "100, rate: 1000/s, hold: 50 ms, max_lifetime: " +
                    lifetime + " } }\n",
                "", "duration: " + length + "\n");
  };
  CHECK(has(with("1 s", "45 s"), "cures: max_lifetime: 6.9 s or more"));
  CHECK_FALSE(has(with("6.9 s", "3 min"), "EADDRNOTAVAIL"));
  CHECK_FALSE(has(with("6.9 s", "3 min"), "why"));
}

TEST_CASE("no number is promised to a pool that shares its ports", "[report][limits]") {
  const std::string pool =
      "  db: { host: client, pool: { to: \"10.0.0.2:443\", size: 40, rate: 400/s, hold: 50 ms, "
      "max_lifetime: 400 ms } }\n";
  const auto shared =
      told(api + pool + "  l: { host: client, load: { to: \"10.0.0.2:443\", rate: 1/s } }\n", "",
           "duration: 25 s\n");
  CHECK(has(shared, "as max_lifetime: 400 ms ends them"));
  CHECK_FALSE(has(shared, "cures"));
}

TEST_CASE("an echo_client has too few ports for all its connections", "[report][limits]") {
  const auto with = [](const std::string& to, const std::string& n) {
    return told(
        api + "  e: { host: client, echo_client: { to: " + to + ", connections: " + n + " } }\n",
        ", nofile: 100000");
  };
  CHECK(with("\"10.0.0.2:443\"", "1200") ==
        lines{"why: 1,000 ports (range 40000-40999) per destination, and e opens 1,200 connections "
              "at once",
              "cures: connections: 1,000 or fewer",
              ": net.ipv4.ip_local_port_range: \"1024 65535\": 64,512 at one time (mind listeners "
              "in that range)",
              ": 2 destination addresses: 2,000 at one time",
              "check: ss -tan state established dport = :443 | wc -l"});
  CHECK(with("\"10.0.0.2:443\"", "1000").empty());
  CHECK(with("[\"10.0.0.2:443\", \"10.0.0.3:443\"]", "1200").empty());
}

TEST_CASE("a server that accepts too slowly needs a higher rate, not a longer queue",
          "[report][limits]") {
  const auto all = told(
      "  api: { host: server, echo_server: { port: 443, accept_rate: 50/s, backlog: 20 } }\n"
      "  load: { host: client, load: { to: \"10.0.0.2:443\", rate: 60/s, timeout: 1 s } }\n",
      "", "duration: 15 s\n");
  REQUIRE(all.size() == 4);
  CHECK(all[0] == "why: api accepts 50/s (accept_rate), and load asks for 60/s");
  CHECK(all[1].starts_with(": the accept queue on server overflowed "));
  CHECK(all[1].ends_with(" times; a longer one would only let them wait longer"));
  CHECK(all[2] == "cure: accept_rate: 60/s or more on api");
}

TEST_CASE("a server that is full needs as many slots as its clients hold", "[report][limits]") {
  const auto with = [](const std::string& most) {
    return told(
        "  api: { host: server, echo_server: { port: 443, delay: 1 s, backlog: 50, "
        "max_connections: " +
            most +
            " } }\n  a: { host: client, load: { to: \"10.0.0.2:443\", rate: 30/s, timeout: "
            "4 s } }\n",
        "", "links: [ { between: [client, server], latency: 10 ms } ]\nduration: 20 s\n");
  };
  const auto full = with("20");
  REQUIRE(full.size() == 4);
  CHECK(full[0] ==
        "why: api has at most 20 connections open (max_connections), and at 30/s its "
        "clients have 31 open");
  CHECK(full[2] == "cure: max_connections: 31 or more on api");
  CHECK_FALSE(has(with("31"), "why"));
}

TEST_CASE("a listener never replies, whatever its queue", "[report][limits]") {
  CHECK(told("  api: { host: server, listener: { ports: [443], backlog: 0, accept: false } }\n"
             "  l: { host: client, load: { to: \"10.0.0.2:443\", rate: 5/s, timeout: 3 s } }\n",
             "", "duration: 5 s\n")
            .front() == "why: api never replies: a listener reads nothing");
}

TEST_CASE("a pool waits for a server that has too few connections, not for its own size",
          "[report][limits]") {
  const auto all = told(
      "  api: { host: server, echo_server: { port: 443, max_connections: 5 } }\n"
      "  db: { host: client, pool: { to: \"10.0.0.2:443\", rate: 100/s, size: 10, hold: 90 ms, "
      "queue_timeout: 2 s } }\n",
      "", "duration: 20 s\n");
  REQUIRE(all.size() == 4);
  CHECK(all[1] == ": api has at most 5 connections open (max_connections), and db keeps up to 10");
  CHECK(all[3] == "cure: max_connections: 10 or more on api");
}

TEST_CASE("a proxy that closes its kept connections too early is not told to keep more",
          "[report][limits]") {
  const auto with = [](const std::string& idle) {
    return told(api +
                    "  px: { host: client, proxy: { listen: \"0.0.0.0:8080\", upstream: "
                    "\"10.0.0.2:443\", keepalive: 5, upstream_idle_timeout: " +
                    idle +
                    " } }\n  e: { host: server, load: { to: \"10.0.0.1:8080\", rate: 50/s } }\n",
                "", "duration: 25 s\n");
  };
  const auto early = with("10 ms");
  CHECK(has(early,
            "cures: upstream_idle_timeout above 20 ms: no limit from ports (kept "
            "connections are closed before the next request)"));
  CHECK_FALSE(has(early, "a larger keepalive"));
  CHECK_FALSE(has(with("21 ms"), "ports (range"));
}

TEST_CASE("more descriptors lead to the limit of ports, where that is the next",
          "[report][limits]") {
  const auto with = [](const std::string& rate) {
    return told(
        "  api: { host: server, echo_server: { port: 443, delay: 20 s } }\n"
        "  load: { host: client, nofile: 100, load: { to: \"10.0.0.2:443\", rate: " +
            rate + " } }\n",
        "", "duration: 15 s\n");
  };
  CHECK(has(with("40/s"), ": then the ports would run out: 1,000 ports (range 40000-40999)"));
  CHECK_FALSE(has(with("10/s"), "then the ports"));
}

TEST_CASE("every host has a loopback of its own", "[report][limits]") {
  CHECK(told(api + "  a: { host: client, load: { to: \"127.0.0.1:443\", rate: 1/s } }\n", "",
             "duration: 2 s\n")
            .front() == "why: no app of this file listens on 127.0.0.1:443");
}

TEST_CASE("a loss is not rounded to none", "[report][text]") {
  CHECK(report::percent(0.0004) == "less than 0.1 %");
  CHECK(report::percent(0.0005) == "0.1 %");
  CHECK(report::percent(0.0012) == "0.1 %");
}

TEST_CASE("a server that never closes has that for its cause", "[report][limits]") {
  const auto all = told(
      "  api: { host: server, nofile: 20, echo_server: { port: 443, close: never } }\n"
      "  l: { host: client, load: { to: \"10.0.0.2:443\", rate: 10/s } }\n",
      "", "duration: 5 s\n");
  REQUIRE(all.size() == 3);
  CHECK(all[0].ends_with("api never closes (close: never), so each connection keeps its own"));
  CHECK(all[1] ==
        "cure: close() when a client has closed; a higher nofile on api only lasts longer");
}
