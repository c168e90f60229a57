#include "sim/scenario/tree.h"
#include "tests/support/catch.h"
#include "tests/unit/scenario_support.h"

#include <set>

using namespace fourtuple::scenario;
using testing::errors_of;

TEST_CASE("every kind of bad input is told by its exact place and words", "[scenario]") {
  const auto folder = testing::source_root() / "tests/scenario/bad_input";
  std::set<std::filesystem::path> files;
  for (const auto& f : std::filesystem::directory_iterator(folder))
    if (f.path().extension() == ".yaml") files.insert(f.path());
  REQUIRE(files.size() > 100);
  for (const auto& f : files) {
    INFO(f.filename());
    auto expected = f;
    expected.replace_extension(".expected");
    const auto result = load_file(f.string());
    CHECK_FALSE(result.scenario);
    CHECK(errors_of(result.errors) == testing::read_text(expected));
  }
}

TEST_CASE("what is no scenario file at all is said in words", "[scenario]") {
  const auto folder = testing::source_root().string();
  CHECK(load_file(folder).errors.at(0).text() == folder + ": is a directory, not a file");
  CHECK(load_file("/no/such/file").errors.at(0).text() ==
        "/no/such/file: cannot be opened: No such file or directory");
  CHECK(errors_of(std::string_view("a: \0", 4)) == "1:4: this is not a text file (a NUL byte)\n");
  CHECK(errors_of("a: \x01") == "1:4: this is not a text file (a control character)\n");
  CHECK(errors_of("a: \xff\xfe") == "1:4: this is not a text file (not UTF-8)\n");
  CHECK(errors_of(std::string(2'000'000, ' ')) ==
        "the file is larger than the limit of 1048576 bytes\n");
}

TEST_CASE("a million brackets cost neither stack nor memory", "[scenario]") {
  for (const char* c : {"[", "{"}) {
    std::string text;
    for (int i = 0; i < 1'000'000; ++i) text += c;
    CHECK(errors_of(text) == "1:1001: more than the limit of 1000 open brackets\n");
  }
  std::string dashes;
  for (int i = 0; i < 500'000; ++i) dashes += "- ";
  CHECK(errors_of(dashes) == "1:129: nested deeper than the limit of 64\n");
}

TEST_CASE("destinations that multiply are bounded", "[scenario]") {
  std::string text =
      "fourtuple: 1\nduration: 1 s\nhosts: { f: { count: 900000, address: 10.0.0.0/8 }, "
      "c: { address: 11.0.0.1 } }\napps:\n";
  for (int i = 0; i < 50; ++i)
    text += "  a" + std::to_string(i) + ": { host: c, load: { to: \"f:80\", rate: 1/s } }\n";
  CHECK(errors_of(text) == "7:30: the destinations add up to more than the limit of 2000000\n");
}

TEST_CASE("a large file full of bare operators is not read without end", "[scenario]") {
  std::string text = "fourtuple: 1\nhosts: { c: { address: 10.0.0.1 } }\nexpect:\n";
  while (text.size() < limits::file_bytes - 4096) text += "  hosts.c.ports.peak: 0\n";
  for (int i = 0; i < 50; ++i) text += "  hosts.c.ports.peak: > 0\n";
  const auto found = load("big.yaml", text);
  CHECK(found.errors.size() < 10);
  CHECK(found.errors.front().message == "a condition that begins with > or ! needs quotes");
}
