#include "sim/spec/condition.h"

#include "tests/support/catch.h"

using namespace fourtuple;
using namespace fourtuple::spec;
using namespace std::chrono_literals;

namespace {

bool test(std::string_view text, const value& v, value_kind kind) {
  const auto c = parse_condition(text, kind);
  INFO(text << ": " << c.error);
  REQUIRE(c.error.empty());
  return holds(c.cond, v);
}

}  // namespace

TEST_CASE("conditions on counts", "[spec]") {
  const auto n = value::of_int(28232);
  for (const char* yes : {"28232", "== 28232", "!= 1", "> 28231", ">= 28232", "< 28233", "<= 28232",
                          "28000 .. 28232", "in [1, 28232]"})
    CHECK(test(yes, n, value_kind::count));
  for (const char* no :
       {"28231", "!= 28232", "> 28232", "< 28232", "28233 .. 28300", "in [1, 2]", "none"})
    CHECK_FALSE(test(no, n, value_kind::count));
}

TEST_CASE("times need a unit and are compared exactly", "[spec]") {
  CHECK(test("28.2 s .. 28.3 s", value::of(duration{28'232ms}), value_kind::time));
  CHECK_FALSE(test("28.2 s .. 28.3 s", value::of(duration{28'300'000'001ns}), value_kind::time));
  CHECK_FALSE(parse_condition("28", value_kind::time).error.empty());
  CHECK_FALSE(parse_condition("> 0", value_kind::time).error.empty());
}

TEST_CASE("a moment that never came meets only none", "[spec]") {
  for (const char* no : {"5 s", "!= 5 s", "> 0 s", "0 s .. 9 s"})
    CHECK_FALSE(test(no, value::null(), value_kind::time));
  CHECK(test("none", value::null(), value_kind::time));
  const auto c = parse_condition("> 0 s", value_kind::time).cond;
  CHECK(why_not(c, value::null()) == "expected > 0 s, but it never came");
}

TEST_CASE("shares may be written in percent", "[spec]") {
  const auto v = value::of_scaled(4'000'000);  // 0.004
  CHECK(test("0.4 %", v, value_kind::decimal));
  CHECK(test("< 0.0041", v, value_kind::decimal));
}

TEST_CASE("words are compared as words, numbers in them as numbers", "[spec]") {
  const auto word = value::of(std::string_view("ECONNREFUSED"));
  CHECK(test("ECONNREFUSED", word, value_kind::text));
  CHECK(test("!= ok", word, value_kind::text));
  CHECK(test("in [ok, ECONNREFUSED]", word, value_kind::text));
  CHECK(test("5", value::of_int(5), value_kind::text));
  CHECK(test("5.0", value::of_int(5), value_kind::text));
  CHECK(test("5", value::of(std::string_view("5")), value_kind::text));
  CHECK_FALSE(test("> 4", word, value_kind::text));
  CHECK(test("a..b", value::of(std::string_view("a..b")), value_kind::text));
  CHECK(test("true", value::of(true), value_kind::boolean));
}

TEST_CASE("what is no condition is said in words", "[spec]") {
  CHECK(parse_condition("", value_kind::count).error == "a condition needs a value");
  CHECK(parse_condition(">", value_kind::count).error == "a condition needs a value");
  CHECK(parse_condition("5 .. 4", value_kind::count).error ==
        "'5 .. 4' is empty: its lower end is above its upper end");
  CHECK(parse_condition("maybe", value_kind::boolean).error == "'maybe' is neither true nor false");
  CHECK_FALSE(parse_condition("5", value_kind::list).error.empty());
  CHECK(parse_condition("none", value_kind::list).error.empty());
}

TEST_CASE("numbers beyond 64 bits of billionths stay exact", "[spec]") {
  const auto big = value::of_int(9'000'000'000'000'000'000);
  CHECK(to_string(big) == "9000000000000000000");
  CHECK(to_string(value::of_scaled(-1'500'000'000)) == "-1.5");
  CHECK(to_string(value::of(duration{40s})) == "40 s");
}
