// Ports that several destinations, sources or apps share, as the report tells of them.
#include "tests/support/catch.h"
#include "tests/unit/small_world.h"

using namespace fourtuple;

TEST_CASE("sources more are promised with the option that lets ports serve all destinations",
          "[report][ports]") {
  small_world w;
  w.to = "[\"10.0.0.2:80\", \"10.0.0.12:80\"]";
  w.load = "rate: 4/s";
  w.duration = "40 s";
  CHECK(cure_of(w, "source addresses") ==
        "3 source addresses: 5.8/s (bind: in turn, options: [IP_BIND_ADDRESS_NO_PORT])");
  w.duration = "130 s";
  w.load = "rate: 5/s, bind: [\"10.0.0.1:0\", \"10.0.0.11:0\", \"10.0.0.21:0\"]";
  auto text = w.text();
  text.replace(text.find("10.0.0.11]"), 10, "10.0.0.11, 10.0.0.21]");
  CHECK(has(report::headline(run_text(text)), "first EADDR"));
  text.insert(text.find("rate: 5/s"), "options: [IP_BIND_ADDRESS_NO_PORT], ");
  CHECK(has(report::headline(run_text(text)), "no failure"));
  w.duration = "20 s";
  w.load = "rate: 4/s";
  w.to = "\"10.0.0.2:80\"";
  CHECK(has(cure_of(w, "source addresses"), "5 source addresses: 4.8/s (bind: in turn)"));
}

TEST_CASE("rates of loads that never run together are not added", "[report][ports]") {
  small_world w;
  w.duration = "8 s";
  w.load = "rate: 5/s";
  w.rest = "  m: { host: c, start: 4 s, load: { to: \"10.0.0.2:80\", rate: 5/s } }\n";
  auto all = said_with(w, "stop: 4 s, ");
  CHECK_FALSE(with(all, "l asks for 5/s; by the book").empty());
  CHECK_FALSE(with(all, "m asks for 5/s, after l; by the book").empty());
  // The first one's TIME-WAITs are more than the second makes.
  w.load = "rate: 12/s";
  w.rest = "  m: { host: c, start: 5 s, load: { to: \"10.0.0.2:80\", rate: 1/s } }\n";
  all = said_with(w, "stop: 4 s, ");
  CHECK_FALSE(with(all, "m asks for 1/s, after 12/s of l; by the book").empty());
  w.load = "rate: 12/s, close: reset";
  all = said_with(w, "stop: 4 s, ");
  CHECK_FALSE(with(all, "m asks for 1/s; by the book").empty());
  // One that is over by its limit.
  w.load = "rate: 12/s, limit: 48";
  CHECK_FALSE(with(said_of(w), "m asks for 1/s, after 12/s of l; by the book").empty());
  w.load = "rate: 12/s, limit: 72";
  CHECK_FALSE(with(said_with(w, "start: 1 s, "), "the file asks for 13/s").empty());
}

TEST_CASE("of more loads than are added up no rate is said", "[report][ports]") {
  small_world w;
  w.duration = "1 s";
  w.load = "rate: 1/min";
  for (int i = 0; i < 99; ++i)
    w.rest += "  m" + std::to_string(i) +
              ": { host: c, load: { to: \"10.0.0.2:80\", rate: 1/min, close: reset } }\n";
  CHECK_FALSE(with(said_of(w), "asks for 1.7/s, with l and 98 more").empty());
  w.rest += "  n: { host: c, load: { to: \"10.0.0.2:80\", rate: 1/min, close: reset } }\n";
  w.rest += "  o: { host: c, load: { to: \"10.0.0.2:80\", rate: 1/min, close: reset } }\n";
  w.rest += "  p: { host: c, load: { to: \"10.0.0.2:80\", rate: 1/min, close: reset } }\n";
  CHECK(with(said_of(w), "asks for").empty());
}

TEST_CASE("connections that a finished load keeps are no rate", "[report][ports]") {
  small_world w;
  w.duration = "30 s";
  w.load = "rate: 10/s, hold: forever, limit: 30";
  w.rest = "  m: { host: c, start: 4 s, load: { to: \"10.0.0.2:80\", rate: 2/s } }\n";
  const auto all = said_of(w);
  CHECK(all.front().text ==
        "60 ports (range 40000-40059) per destination, of which l takes 30 for ever, each "
        "held 60-62 s in TIME-WAIT: by the book 0.5/s (30 / 60 s), 0.483/s as timers end late; the "
        "file asks for 2/s");
  w.duration = "10 s";
  CHECK_FALSE(with(said_of(w),
                   "m asks for 2/s; of its 60 ports l takes 30 for ever; by the "
                   "book the others sustain 0.5/s (30 / 60 s)")
                  .empty());
}

TEST_CASE("ports of listeners and pools are not those of a load", "[report][ports]") {
  small_world w;
  w.duration = "50 s";
  w.load = "rate: 1/s";
  w.rest = "  li: { host: c, listener: { ports: [40000-40019] } }\n";
  CHECK(has(said_of(w).front().text,
            "40 ports (range 40000-40059 less 20 that li listens on) per destination, each held"));
  CHECK(has(cure_of(w, "2 destination addresses"), "addresses: 1.2/s"));
  w.client = ", net.ipv4.ip_local_reserved_ports: \"40000-40009\"";
  CHECK(has(said_of(w).front().text, "40 ports (range 40000-40059 less 10 that li listens on)"));
  w.client = "";
  w.rest = "  li: { host: c, stop: 2 s, listener: { ports: [40000-40019] } }\n";
  CHECK_FALSE(has(everything(w), "listens on"));
  w.rest = "  li: { host: c, start: 40 s, listener: { ports: [40059] } }\n";
  CHECK(has(with(said_with(w, "stop: 30 s, "), "asks for"), "sustain 1/s (60 / 60 s)"));
  w.rest = "  p: { host: c, pool: { to: \"10.0.0.2:80\", rate: 20/s, size: 30, hold: 999 ms } }\n";
  CHECK(has(said_of(w).front().text, ", of which p takes 20 for ever, each held"));
  CHECK(has(said_of(w).front().text, "(40 / 60 s)"));
  w.load = "rate: 2/s";
  w.rest = "  p: { host: c, pool: { to: \"10.0.0.12:80\", rate: 20/s, size: 30, hold: 999 ms } }\n";
  CHECK_FALSE(has(said_of(w).front().text, "for ever"));
}

TEST_CASE("sources and destinations that go in turn are pairs", "[report][ports]") {
  small_world w;
  w.to = "[\"10.0.0.2:80\", \"10.0.0.12:80\"]";
  w.load =
      "rate: 20/s, options: [IP_BIND_ADDRESS_NO_PORT], bind: [\"10.0.0.1:0\", \"10.0.0.11:0\"]";
  // Attempt k has the k-th of each: two pairs, not four.
  CHECK(has(said_of(w).front().text, " x 2 pairs of source and destination, each"));
  CHECK(has(said_of(w).front().text, "by the book 2/s (120 / 60 s)"));
}

TEST_CASE("ports of pools and echo clients are room that may be the tightest", "[report][ports]") {
  const auto line = [](const std::string& apps) {
    return report::headline(
        run_text("fourtuple: 1\nduration: 30 s\nhosts:\n  c: { address: 10.0.0.1, sysctls: { "
                 "net.ipv4.ip_local_port_range: \"40000 40059\" } }\n"
                 "  s: { address: 10.0.0.2, user: root }\n"
                 "apps:\n  srv: { host: s, echo_server: { port: 80 } }\n" +
                 apps));
  };
  CHECK(
      line("  e: { host: c, echo_client: { to: \"s:80\", connections: 45, messages: 0, think: 1 s "
           "} }\n") == "no failure: c used 45 ports of 60 at the peak, headroom 25.0 %");
  CHECK(line("  p: { host: c, pool: { to: \"s:80\", size: 3, rate: 9/s, hold: 200 ms, "
             "max_lifetime: 3 s } }\n")
            .starts_with("no failure: c used "));
}

TEST_CASE("what goes to several destinations is counted in four-tuples", "[report][ports]") {
  small_world w;
  w.to = "[\"10.0.0.2:80\", \"10.0.0.12:80\"]";
  w.load = "rate: 4/s, limit: 48";
  const auto o = run_text(w.text());
  CHECK(report::headline(o) ==
        "no failure: c used 48 four-tuples of 120 at the peak, headroom 60.0 %");
  CHECK(report::count(o.tree, {"hosts", "c", "ports", "tuples_peak"}) == 48);
  w.to = "\"10.0.0.2:80\"";
  w.rest = "  m: { host: c, load: { to: \"10.0.0.12:80\", rate: 4/s, limit: 10 } }\n";
  CHECK(has(everything(w), "c used 58 four-tuples of 120"));
}
