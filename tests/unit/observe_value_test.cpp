#include "sim/observe/value.h"

#include <limits>

#include "tests/support/catch.h"

using namespace fourtuple;
using observe::exact_decimal;
using observe::value;

TEST_CASE("times are printed as decimals of exact nanoseconds", "[observe][value]") {
  CHECK(exact_decimal(28'232'000'000) == "28.232");
  CHECK(exact_decimal(40'000'000'000) == "40.0");
  CHECK(exact_decimal(0) == "0.0");
  CHECK(exact_decimal(1) == "0.000000001");
  CHECK(exact_decimal(-1) == "-0.000000001");
  CHECK(exact_decimal(100'000'000) == "0.1");
  // 2^53 + 1 nanoseconds: a double would lose the last digit
  CHECK(exact_decimal(9'007'199'254'740'993) == "9007199.254740993");
  CHECK(exact_decimal(std::numeric_limits<std::int64_t>::max()) == "9223372036.854775807");
  CHECK(exact_decimal(std::numeric_limits<std::int64_t>::min()) == "-9223372036.854775808");
}

TEST_CASE("a share is rounded to the nearest billionth and 0 of nothing is 0", "[observe][value]") {
  CHECK(value::share(0, 0).number == 0);
  CHECK(value::share(1, 2).number == 500'000'000);
  CHECK(value::share(2, 3).number == 666'666'667);
  CHECK(value::share(1, 1).number == 1'000'000'000);
  CHECK(value::share(9'000'000'000'000, 10'000'000'000'000).number == 900'000'000);
}

TEST_CASE("JSON keeps the order of keys and prints small things on one line", "[observe][json]") {
  value v = value::map();
  v.set("b", 1);
  v.set("a", value());
  v.set("t", at_ns(2'500'000'000));
  v.set("yes", true);
  v.set("none", value::list());
  v.set("empty", value::map());
  CHECK(to_json(v) == R"({ "b": 1, "a": null, "t": 2.5, "yes": true, "none": [], "empty": {} })");
  value wide = value::list();
  for (int i = 0; i < 60; ++i) wide.push(1000 + i);
  const std::string text = to_json(wide);
  CHECK(text.starts_with("[\n  1000,\n  1001"));
  CHECK(text.ends_with("1059\n]"));
}

TEST_CASE("JSON strings are escaped, and bytes that are no UTF-8 are replaced", "[observe][json]") {
  CHECK(observe::json_string("a\"b\\c\n\t\r\x01") == R"("a\"b\\c\n\t\r\u0001")");
  CHECK(observe::json_string("grüße €") == "\"grüße €\"");
  CHECK(observe::json_string("\xff"
                             "a") ==
        "\"\xef\xbf\xbd"
        "a\"");
  // overlong '/', a surrogate, beyond U+10FFFF, cut short
  for (const char* bad : {"\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
    CHECK_FALSE(observe::is_utf8(bad));
  }
  CHECK(observe::is_utf8("\xf4\x8f\xbf\xbf"));
}

TEST_CASE("a count beyond 63 bits is the largest one, not a negative one", "[observe][value]") {
  CHECK(value(std::numeric_limits<std::uint64_t>::max()).number ==
        std::numeric_limits<std::int64_t>::max());
}

TEST_CASE("what a condition sees of a value: numbers and times exactly, containers as nothing",
          "[observe][value]") {
  CHECK(to_spec(value(duration{5})) == spec::value::of(duration{5}));
  CHECK(to_spec(value(7)) == spec::value::of_int(7));
  CHECK(to_spec(value::decimal(500'000'000)) == spec::value::of_scaled(500'000'000));
  CHECK(to_spec(value("x")) == spec::value::of(std::string_view("x")));
  CHECK(to_spec(value::map()) == spec::value::null());
  CHECK(to_spec(value()) == spec::value::null());
}
