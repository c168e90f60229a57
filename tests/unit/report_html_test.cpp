#include "sim/report/html.h"

#include "sim/report/html_plot.h"
#include "sim/report/html_text.h"
#include "tests/support/catch.h"

using namespace fourtuple;
namespace html = report::html;

namespace {

html::plot ramp(std::uint64_t to) {
  html::plot p;
  p.id = "ramp";
  p.title = "a <ramp>";
  p.description = "up & up";
  p.numbers = report::table("rr");
  p.numbers.row({"time (s)", "ports"});
  html::curve c{"in use", "used", {}, true};
  for (std::uint64_t i = 0; i <= 10; ++i) {
    p.at.push_back(at_ns(static_cast<std::int64_t>(i) * 1'000'000'000));
    c.values.push_back(static_cast<double>(i * to / 10));
    p.numbers.row({std::to_string(i), report::grouped(i * to / 10)});
  }
  p.curves.push_back(std::move(c));
  p.limit = 28232;
  p.limit_text = "the limit";
  return p;
}

bool has(const std::string& text, std::string_view piece) {
  return text.find(piece) != std::string::npos;
}

}  // namespace

TEST_CASE("text cannot become markup", "[report][html]") {
  CHECK(html::escaped("<script>\"a\" & 'b'</script>") ==
        "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;");
  CHECK(html::escaped("a\nb\x1b\x7f") == "a b  ");
  CHECK(html::escaped("gr\xc3\xbc\xc3\x9f"
                      "e") ==
        "gr\xc3\xbc\xc3\x9f"
        "e");
  CHECK(html::escaped("\xff<\xc3") == "\xef\xbf\xbd&lt;\xef\xbf\xbd");
  CHECK(html::element("p class=\"x\"", "<b>") == "<p class=\"x\">&lt;b&gt;</p>\n");
}

TEST_CASE("steps of an axis are round and few", "[report][html]") {
  CHECK(html::step_of(28232, 4) == Approx(10000));
  CHECK(html::step_of(100, 4) == Approx(25));
  CHECK(html::step_of(0.9, 4) == Approx(0.25));
  CHECK(html::step_of(0, 4) == Approx(1));
  for (const double top : {1.0, 3.0, 7.0, 12.0, 99.0, 1001.0, 65535.0, 4e6}) {
    CHECK(top / html::step_of(top, 5) <= 5.001);
    CHECK(top / html::step_of(top, 5) >= 1.9);
  }
}

TEST_CASE("a figure has its limit where it can be seen, a name, and all its numbers",
          "[report][html]") {
  const std::string near = html::figure(ramp(28232));
  CHECK(has(near, "class=\"limit\""));
  CHECK(has(near, "<title id=\"ramp-title\">a &lt;ramp&gt;</title>"));
  CHECK(has(near, "<desc id=\"ramp-desc\">up &amp; up</desc>"));
  CHECK(has(near, "<td class=\"number\">28,232</td>"));
  CHECK(has(near, "1000.0,"));  // the last point stands at the right edge
  const std::string far = html::figure(ramp(100));
  CHECK_FALSE(has(far, "<path class=\"limit\""));
  CHECK(has(far, "the limit, far above this plot"));
  auto marked = ramp(28232);
  marked.mark = at_ns(5'000'000'000);
  marked.mark_text = "first failure";
  CHECK(has(html::figure(marked), "<path class=\"mark\" d=\"M500.0 0V1000\"/>"));
}

TEST_CASE("a table names its columns and rows, and leaves gaps out", "[report][html]") {
  report::table t("rll");
  t.row({"port", "", "state"});
  t.row({"22", "", "<open>"});
  const std::string text = html::table_of(t, "what was found", "ports");
  CHECK(has(text, "<caption>what was found</caption>"));
  CHECK(has(text, "<tr><th scope=\"col\" class=\"number\">port</th><th scope=\"col\">state</th>"));
  CHECK(has(text, "<th scope=\"row\" class=\"number\">22</th><td>&lt;open&gt;</td></tr>"));
}

TEST_CASE("a file that did not run has a page with its mistakes", "[report][html]") {
  observe::outcome o;
  o.file = "a&b.yaml";
  o.result = observe::verdict::bad_input;
  o.errors = {"a&b.yaml:3:1: unknown key '<x>'"};
  const std::string page = report::html_page(o, {});
  CHECK(has(page, "<h1>a&amp;b.yaml</h1>"));
  CHECK(has(page, "<li>a&amp;b.yaml:3:1: unknown key &#39;&lt;x&gt;&#39;</li>"));
  CHECK_FALSE(has(page, "<nav"));
}
