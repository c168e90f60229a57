#include "sim/report/machine.h"

#include "sim/report/summary.h"
#include "tests/support/catch.h"

using namespace fourtuple;
using observe::outcome;
using observe::verdict;

namespace {

outcome failed_run() {
  outcome o;
  o.file = "a,b.yaml";
  auto s = std::make_shared<spec::scenario>();
  s->file = o.file;
  s->title = "a & b";
  o.scenario = s;
  o.result = verdict::not_as_expected;
  o.tree = observe::value::map();
  o.tree.set("fourtuple", 1);
  o.tree.set("title", s->title);
  o.tree.set("ended_at", at_ns(40'000'000'000));
  observe::expectation_row row;
  row.metric = "apps.load.failed";
  row.condition = "< 5";
  row.line = 7;
  row.found = 9;
  row.why = "expected < 5, got 9";
  o.expect = {row};
  return o;
}

outcome refused() {
  outcome o;
  o.file = "bad.yaml";
  o.result = verdict::bad_input;
  o.errors = {"bad.yaml:3:5: unknown key 'latencey' (did you mean 'latency'?)"};
  return o;
}

}  // namespace

TEST_CASE("JSON of one file is its tree; of several a list whose elements name the file",
          "[report][json]") {
  const outcome one[] = {failed_run()};
  CHECK(report::json(one, false) ==
        "{ \"fourtuple\": 1, \"title\": \"a & b\", \"ended_at\": 40.0 }\n");
  const outcome two[] = {failed_run(), refused()};
  const std::string list = report::json(two, true);
  CHECK(list.starts_with("[\n  { \"fourtuple\": 1, \"file\": \"a,b.yaml\", \"title\""));
  CHECK(list.find("\"errors\"") != std::string::npos);
}

TEST_CASE("GitHub annotations name file, line and column, escaped", "[report][github]") {
  const report::tested_file all[] = {report::tested(failed_run()), report::tested(refused())};
  CHECK(report::github(all) ==
        "::error file=a%2Cb.yaml,line=7::apps.load.failed: < 5: expected < 5, got 9\n"
        "::error file=bad.yaml,line=3,col=5::unknown key 'latencey' (did you mean 'latency'?)\n");
}

TEST_CASE("JUnit has one case an expectation, and an error for a file that did not run",
          "[report][junit]") {
  const report::tested_file all[] = {report::tested(failed_run()), report::tested(refused())};
  const std::string xml = report::junit(all);
  CHECK(xml.find("<testsuite name=\"a,b.yaml\" tests=\"1\" failures=\"1\" errors=\"0\"") !=
        std::string::npos);
  CHECK(xml.find("apps.load.failed: &lt; 5") != std::string::npos);
  CHECK(xml.find("<testsuite name=\"bad.yaml\" tests=\"1\" failures=\"0\" errors=\"1\"") !=
        std::string::npos);
}

TEST_CASE("a quiet report says nothing where all is well, and only failures elsewhere",
          "[report][summary]") {
  outcome good = failed_run();
  good.result = verdict::as_expected;
  good.expect.clear();
  CHECK(report::summary(good, {}, true).empty());
  CHECK_FALSE(report::summary(good, {}, false).empty());
  report::style ascii;
  ascii.unicode = false;
  const std::string text = report::summary(failed_run(), ascii, true);
  CHECK(text.find("FAIL a,b.yaml:7: apps.load.failed: < 5: expected < 5, got 9") !=
        std::string::npos);
}

TEST_CASE("the answer comes first and whole, in as many lines as it takes", "[report][summary]") {
  outcome o = failed_run();
  o.expect.front().why = "expected < 5, got 9 in a place whose name is longer than the line";
  report::style narrow;
  narrow.width = 40;
  CHECK(report::summary(o, narrow, true)
            .starts_with("apps.load.failed: expected < 5, got 9 in\n"
                         "a place whose name is longer than the\n"
                         "line\n"
                         "a,b.yaml: a & b\n"));
}
