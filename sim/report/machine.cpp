#include "sim/report/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "sim/report/headline.h"
#include "sim/report/reading.h"
#include "sim/report/summary.h"

namespace fourtuple::report {

namespace {

using observe::outcome;
using observe::value;
using observe::verdict;

value tree_of(const outcome& o, bool with_file) {
  value out = value::map();
  out.set("fourtuple", 1);
  if (with_file || o.tree.is_null()) out.set("file", o.file);
  if (!o.tree.is_null()) {
    for (const auto& m : o.tree.members) {
      if (m.key != "fourtuple") out.members.push_back(m);
    }
    return out;
  }
  value& errors = out.set("errors", value::list());
  for (const auto& e : o.errors) errors.push(e);
  if (!o.stopped.empty()) errors.push(o.stopped);
  return out;
}

/// One thing that was tested.
struct test {
  std::string name;
  int line = 0;
  std::string failure;  ///< empty: passed
};

std::vector<test> tests_of(const outcome& o) {
  std::vector<test> out;
  for (const auto& e : o.expect) {
    const std::string when = e.at ? fmt::format(" at {}", time_text(ns(*e.at))) : "";
    out.push_back({fmt::format("{}: {}{}", e.metric, e.condition, when), e.line,
                   e.pass          ? ""
                   : e.why.empty() ? "not met"
                                   : e.why});
  }
  const value* script = o.tree.find("script");
  for (const auto& row : script == nullptr ? std::vector<value>{} : script->items) {
    const value* pass = row.find("pass");
    if (pass == nullptr || pass->is_null()) continue;
    const auto step = count(row, {"step"});
    const auto failed = std::find_if(o.script_failures.begin(), o.script_failures.end(),
                                     [&](const auto& f) { return f.step == step; });
    test t{fmt::format("script step {}: {}", step, text(row, {"call"})), 0, ""};
    if (failed != o.script_failures.end()) {
      t.line = failed->line;
      t.failure = fmt::format("expected {}, got {}{}{}", failed->expected, failed->got,
                              failed->why.empty() ? "" : ": ", failed->why);
    }
    out.push_back(std::move(t));
  }
  for (const auto& f : o.start_failures) {
    if (f.expected) continue;
    const auto* app = o.scenario ? spec::find_app(*o.scenario, f.app) : nullptr;
    out.push_back({f.app + " starts", app == nullptr ? 0 : app->where.line, headline(o)});
  }
  return out;
}

/// Text of XML 1.0: what it has no character for becomes '?'.
std::string xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else if (c == '\n') {
      out += "&#10;";
    } else {
      out += byte < 0x20 && c != '\t' ? '?' : c;
    }
  }
  return observe::is_utf8(out) ? out : std::string("(not UTF-8)");
}

std::string suite(const outcome& o) {
  const auto tests = tests_of(o);
  const auto failures =
      std::count_if(tests.begin(), tests.end(), [](const auto& t) { return !t.failure.empty(); });
  // What kept the file from being tested to its end: an error, in JUnit's words.
  std::string error = o.stopped;
  for (const auto& e : o.errors) error += (error.empty() ? "" : "\n") + e;
  const bool broken = o.result != verdict::as_expected && o.result != verdict::not_as_expected;
  const bool alone = broken || tests.empty();
  std::string out = fmt::format(
      "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{}\">\n",
      xml(o.file), tests.size() + (alone ? 1 : 0), failures, broken ? 1 : 0,
      observe::exact_decimal(number(o.tree, {"run", "wall_seconds"})));
  if (alone) {
    out += fmt::format("    <testcase classname=\"{}\" name=\"runs\"", xml(o.file));
    out += broken ? fmt::format("><error message=\"{}\"/></testcase>\n",
                                xml(error.empty() ? std::string(words(o.result)) : error))
                  : "/>\n";
  }
  for (const auto& t : tests) {
    out += fmt::format("    <testcase classname=\"{}\" name=\"{}\"", xml(o.file), xml(t.name));
    out += t.failure.empty() ? "/>\n"
                             : fmt::format("><failure message=\"{}\">{}</failure></testcase>\n",
                                           xml(t.failure), xml(place(o, t.line)));
  }
  return out + "  </testsuite>\n";
}

std::string annotation(const std::string& file, int line, int column, std::string_view message) {
  const auto escaped = [](std::string_view text, bool property) {
    std::string out;
    for (const char c : text) {
      if (c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ','))) {
        out += fmt::format("%{:02X}", static_cast<unsigned>(c));
      } else {
        out += c;
      }
    }
    return out;
  };
  std::string where = "file=" + escaped(file, true);
  if (line > 0) where += fmt::format(",line={}", line);
  if (column > 0) where += fmt::format(",col={}", column);
  return fmt::format("::error {}::{}\n", where, escaped(message, false));
}

/// "FILE:LINE:COLUMN: message" of the loader, taken apart again.
std::string config_annotation(const std::string& file, const std::string& error) {
  int line = 0;
  int column = 0;
  int length = 0;
  const std::string rest = error.starts_with(file + ":") ? error.substr(file.size() + 1) : error;
  if (std::sscanf(rest.c_str(), "%d:%d: %n", &line, &column, &length) == 2 && length > 0) {
    return annotation(file, line, column,
                      std::string_view(rest).substr(static_cast<std::size_t>(length)));
  }
  return annotation(file, 0, 0, error);
}

}  // namespace

std::string json(std::span<const outcome> all, bool as_list) {
  if (!as_list && all.size() == 1) return observe::to_json(tree_of(all[0], false)) + '\n';
  value list = value::list();
  for (const auto& o : all) list.push(tree_of(o, true));
  return observe::to_json(list) + '\n';
}

std::string junit(std::span<const outcome> all) {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"fourtuple\">\n";
  for (const auto& o : all) out += suite(o);
  return out + "</testsuites>\n";
}

std::string github(std::span<const outcome> all) {
  std::string out;
  for (const auto& o : all) {
    for (const auto& e : o.errors) out += config_annotation(o.file, e);
    for (const auto& t : tests_of(o)) {
      if (!t.failure.empty()) out += annotation(o.file, t.line, 0, t.name + ": " + t.failure);
    }
    if (!o.stopped.empty()) out += annotation(o.file, 0, 0, o.stopped);
  }
  return out;
}

}  // namespace fourtuple::report
