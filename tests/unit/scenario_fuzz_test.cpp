// Not a fuzzer, but what one finds first: every truncation, and mutations drawn from a counter.
#include "tests/support/catch.h"
#include "tests/unit/scenario_support.h"

using namespace fourtuple::scenario;

namespace {

/// SplitMix64: enough to scatter mutations, the same everywhere.
struct draws {
  std::uint64_t state;
  std::uint64_t next() {
    std::uint64_t z = state += 0x9e3779b97f4a7c15ULL;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z ^ z >> 31;
  }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(next() % n); }
};

/// Either a scenario or errors, each with one line of words; resolved agrees.
void survives(std::string_view text) {
  const auto r = load("f", text);
  REQUIRE(r.scenario.has_value() == r.errors.empty());
  for (const auto& e : r.errors) {
    REQUIRE_FALSE(e.message.empty());
    REQUIRE(e.message.find('\n') == std::string::npos);
  }
  if (!r.scenario) return;
  const auto again = resolved("f", text);
  INFO(again.yaml);
  INFO(testing::errors_of(again.yaml));
  REQUIRE(load("f", again.yaml).scenario.has_value());
}

std::string mutated(std::string text, draws& d) {
  static constexpr std::string_view pieces[] = {"{",        "}",
                                                "[",        "]",
                                                ":",        ": ",
                                                ", ",       "\n",
                                                "  ",       "- ",
                                                "\"",       "'",
                                                "&a ",      "*a",
                                                "<<: *a",   "!x ",
                                                "|",        ">",
                                                "#",        "0",
                                                "-1",       "99999999999999999999",
                                                "null",     "~",
                                                "\t",       "$",
                                                "${",       "..",
                                                "/",        "%",
                                                "none",     "x-",
                                                "? ",       "---\n",
                                                "\xc3\xa9", "\xff"};
  const auto changes = 1 + d.below(4);
  for (std::size_t i = 0; i < changes; ++i) {
    const auto at = d.below(text.size());
    switch (d.below(4)) {
      case 0:
        text.erase(at, 1 + d.below(8));
        break;
      case 1:
        text.insert(at, pieces[d.below(std::size(pieces))]);
        break;
      case 2:
        text.replace(at, 1, pieces[d.below(std::size(pieces))]);
        break;
      default: {
        const auto from = d.below(text.size());
        text.insert(at, text.substr(from, d.below(40)));
      }
    }
    if (text.empty()) text = "a";
  }
  return text;
}

}  // namespace

TEST_CASE("a file cut off at any byte is told, not fatal", "[scenario][fuzz]") {
  for (const std::string_view text : {testing::format_section_2, testing::format_section_3})
    for (std::size_t n = 0; n < text.size(); ++n) survives(text.substr(0, n));
}

TEST_CASE("a file changed at random is told, not fatal", "[scenario][fuzz]") {
  draws d{1};
  for (int i = 0; i < 1500; ++i) {
    survives(mutated(testing::format_section_2, d));
    survives(mutated(testing::format_section_3, d));
  }
}

TEST_CASE("random bytes are told, not fatal", "[scenario][fuzz]") {
  draws d{2};
  for (int i = 0; i < 300; ++i) {
    std::string text;
    for (std::size_t n = d.below(200); n > 0; --n) text += static_cast<char>(d.below(256));
    survives(text);
    for (auto& c : text) c = static_cast<char>(' ' + static_cast<unsigned char>(c) % 95);
    survives(text);
  }
}
