#include "sim/report/text.h"

#include "sim/report/plot.h"
#include "sim/report/port_budget.h"
#include "sim/report/port_cures.h"
#include "sim/report/services.h"
#include "sim/spec/services.h"
#include "tests/support/catch.h"

using namespace fourtuple;
using namespace std::chrono_literals;

TEST_CASE("numbers are grouped, times have the unit that fits", "[report][text]") {
  CHECK(report::grouped(0) == "0");
  CHECK(report::grouped(999) == "999");
  CHECK(report::grouped(28232) == "28,232");
  CHECK(report::grouped(1234567890) == "1,234,567,890");
  CHECK(report::time_text(28'232'000'000) == "28.232 s");
  CHECK(report::time_text(50'000'000) == "50 ms");
  CHECK(report::time_text(1'500) == "1.5 us");
  CHECK(report::time_text(7) == "7 ns");
  CHECK(report::time_text(0) == "0 s");
  CHECK(report::rate_text(470.533) == "470.5/s");
  CHECK(report::rate_text(1000) == "1,000/s");
  CHECK(report::rate_text(26887.6) == "26,888/s");
  CHECK(report::percent(0.294) == "29.4 %");
  CHECK(report::percent(1) == "100 %");
  CHECK(report::percent(0) == "0 %");
}

TEST_CASE("lines are wrapped at spaces and clipped at code points", "[report][text]") {
  report::style s;
  s.width = 40;
  const std::string text =
      report::wrapped("  why  ", std::string(5, 'x') + " " + std::string(30, 'y'), s);
  CHECK(text == "  why  xxxxx\n       " + std::string(30, 'y') + "\n");
  CHECK(report::clipped("grüße", 5) == "grüße");
  CHECK(report::clipped("grüßegrüße", 8) == "grüße...");
  CHECK(report::one_line("a\nb\x1b[31m") == "a b [31m");
}

TEST_CASE("what does not fit of a table's last column goes on below", "[report][text]") {
  report::table t("lrl");
  t.row({"app", "failed", "errors"});
  t.row({"load", "12", "ECONNREFUSED 3, EADDRNOTAVAIL 4, ETIMEDOUT 5"});
  report::style s;
  s.width = 52;
  CHECK(t.text(s) ==
        "  app   failed  errors\n"
        "  load      12  ECONNREFUSED 3, EADDRNOTAVAIL 4,\n"
        "                ETIMEDOUT 5\n");
  s.width = 100;
  CHECK(t.text(s).ends_with("ECONNREFUSED 3, EADDRNOTAVAIL 4, ETIMEDOUT 5\n"));
  s.width = 44;  // too narrow a column: below the row
  CHECK(
      t.text(s).ends_with("  load      12\n"
                          "      ECONNREFUSED 3, EADDRNOTAVAIL 4,\n"
                          "      ETIMEDOUT 5\n"));
  report::table wide("llrl");
  wide.row({"app", "host", "attempted", "errors"});
  wide.row({std::string(40, 'a'), std::string(40, 'h'), "1,234,567,890", "timeout 1"});
  const std::string text = wide.text({false, true, 80});
  CHECK(text.find("1,234,567,890") != std::string::npos);
  CHECK(text.find("timeout 1") != std::string::npos);
}

TEST_CASE("colour is only there where it was asked for", "[report][text]") {
  report::style s;
  CHECK(report::painted("x", report::paint::red, s) == "x");
  s.colour = true;
  CHECK(report::painted("x", report::paint::red, s) == "\x1b[31mx\x1b[0m");
}

TEST_CASE("a plot fits the width, in ASCII where the locale is not UTF-8", "[report][plot]") {
  observe::series series;
  series.hosts = {"client"};
  series.apps = {"load"};
  for (std::uint64_t i = 0; i <= 90; ++i) {
    const std::uint64_t ports = std::min<std::uint64_t>(28232, i * 444);
    series.samples.push_back({at_ns(static_cast<std::int64_t>(i) * 444'000'000),
                              {{ports, 0}},
                              {{i * 444, i > 64 ? (i - 64) * 444 : 0}}});
  }
  for (const std::size_t width : {40u, 80u, 100u}) {
    report::style s;
    s.width = width;
    s.unicode = false;
    const std::string text = report::ports_plot(series, 0, 28232, s);
    CHECK(std::all_of(text.begin(), text.end(),
                      [](char c) { return c == '\n' || (c >= ' ' && c < 127); }));
    CHECK(text.find("28,232 |") != std::string::npos);
    CHECK(text.find("failures |") != std::string::npos);
    std::size_t longest = 0;
    for (std::size_t from = 0; from < text.size();) {
      const std::size_t end = text.find('\n', from);
      longest = std::max(longest, end - from);
      from = end + 1;
    }
    CHECK(longest <= width);
  }
  CHECK(report::ports_plot({}, 0, 28232, {}).empty());
}

TEST_CASE("every port asked for is answered, a service or not", "[report][services]") {
  const std::uint16_t ports[] = {22, 40000, 65535};
  const std::string text = report::services_text(ports, {});
  CHECK(text.find("SSH") != std::string::npos);
  CHECK(text.find("linux-6.18") != std::string::npos);
  CHECK(text.find("dynamic") != std::string::npos);
  const std::string all = report::services_text({}, {});
  for (const char* word : {"6379", "redis", "27017", "49152-65535", "32768-60999", "windows"}) {
    CHECK(all.find(word) != std::string::npos);
  }
  CHECK(spec::service_port("https") == 443);
  CHECK_FALSE(spec::service_port(""));
}

TEST_CASE("by the book: 28,232 ports for 60 s are 470.5 a second", "[report][budget]") {
  report::port_budget b;
  b.ports = 28232;
  b.low = 32768;
  b.high = 60999;
  b.hold = 50ms;
  b.time_wait = 60s;
  b.reuse_after = 1s;
  b.streams = {{1000}};
  CHECK(*b.book_rate() == Approx(470.53).margin(0.01));
  b.destinations = 2;
  CHECK(*b.book_rate() == Approx(941.07).margin(0.01));
  b.binds_first = true;  // bind() shares nothing between destinations
  CHECK(*b.book_rate() == Approx(470.53).margin(0.01));
  b.hold = 30s;
  CHECK(*b.book_rate() == Approx(28232 / 90.0).margin(0.01));
  b.hold = 0s;
  b.late = 2048ms;
  CHECK(*b.kernel_rate() == Approx(28232 / 62.048).margin(0.01));
  b.hold.reset();  // for ever
  CHECK_FALSE(b.book_rate());
  CHECK(b.fits() == 28232);
}

TEST_CASE("cures that reach the rate come first, and say what they are worth", "[report][budget]") {
  report::port_budget b;
  b.ports = 28232;
  b.low = 32768;
  b.high = 60999;
  b.hold = 50ms;
  b.time_wait = 60s;
  b.reuse_after = 1s;
  b.streams = {{2000}};
  const auto cures = report::cures_of(b);
  REQUIRE(cures.size() >= 4);
  CHECK(cures.front().name == "pool of 100 kept connections");
  CHECK_FALSE(cures.front().rate);
  CHECK_FALSE(cures.back().enough);  // the wider range: 1,075/s
  CHECK(*cures.back().rate == Approx(1074.3).margin(0.1));
  const bool five = std::any_of(cures.begin(), cures.end(), [](const auto& c) {
    return c.name == "5 destination addresses" && c.enough;
  });
  CHECK(five);
}
