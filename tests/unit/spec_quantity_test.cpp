#include "sim/spec/quantity.h"

#include "tests/support/catch.h"

using namespace fourtuple;
using namespace fourtuple::spec;
using namespace std::chrono_literals;

TEST_CASE("times are exact decimals of their unit", "[spec]") {
  CHECK(*parse_time("28.2 s").value == 28200ms);
  CHECK(*parse_time("50ms").value == 50ms);
  CHECK(*parse_time("0.000000001 s").value == 1ns);
  CHECK(*parse_time("1.5 h").value == 90min);
  CHECK(*parse_time("0 s").value == 0s);
  for (const char* bad : {"", "5", "5 S", "5 sec", "-5 s", "+5 s", ".5 s", "5. s", "1e3 s", "0x5 s",
                          "05 s", "1_000 s", "5 s s", "0.1 ns", "99999999999999999999 s", "5,5 s"})
    CHECK_FALSE(parse_time(bad).value);
}

TEST_CASE("times print as they would be written", "[spec]") {
  for (const char* t :
       {"0 s", "1 ns", "100 us", "1 ms", "28.2 s", "40 s", "62.1 s", "300 s", "1 h", "1.0001 ms"})
    CHECK(time_text(*parse_time(t).value) == t);
}

TEST_CASE("rates are reduced fractions", "[spec]") {
  CHECK(*parse_rate("1000/s").value == rate{1, 1'000'000});
  CHECK(*parse_rate("20k/s").value == rate{1, 50'000});
  CHECK(*parse_rate("0.5/s").value == rate{1, 2'000'000'000});
  CHECK(*parse_rate("3/s").value == rate{3, 1'000'000'000});
  CHECK(*parse_rate("1/h").value == rate{1, 3'600'000'000'000});
  CHECK(parse_rate("0/s").value->count == 0);
  for (const char* bad : {"1000", "1000 per s", "1/ms", "-1/s", "2000M/s", "k/s", "1/ s"})
    CHECK_FALSE(parse_rate(bad).value);
  for (const char* t : {"1000/s", "0.5/s", "7/min"})
    CHECK(*parse_rate(rate_text(*parse_rate(t).value)).value == *parse_rate(t).value);
}

TEST_CASE("sizes and shares", "[spec]") {
  CHECK(*parse_size("64 B").value == 64);
  CHECK(*parse_size("1.5 KiB").value == 1536);
  CHECK(*parse_size("2 MB").value == 2'000'000);
  CHECK_FALSE(parse_size("64").value);
  CHECK_FALSE(parse_size("0.5 B").value);
  CHECK_FALSE(parse_size("64 b").value);
  CHECK(*parse_share("20 %").value == 200'000);
  CHECK(*parse_share("0.5%").value == 5'000);
  CHECK_FALSE(parse_share("101 %").value);
}

TEST_CASE("whole numbers are bare decimals", "[spec]") {
  CHECK(*parse_whole("443", 1, 65535).value == 443);
  for (const char* bad : {"0443", "0x1bb", "4.0", "4e2", "", "-", "70000", "0", "443 ", "+1"}) {
    if (std::string_view(bad) == "443 ") continue;  // blanks around a word are YAML's business
    CHECK_FALSE(parse_whole(bad, 1, 65535).value);
  }
}
