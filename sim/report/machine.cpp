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
      t.failure = fmt::format("expected {}, got {}", failed->expected, failed->got);
      // `why` often says no more than that.
      if (t.failure.find(failed->why) == std::string::npos) t.failure += ": " + failed->why;
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

}  // namespace

std::string json(std::span<const outcome> all, bool as_list) {
  if (!as_list && all.size() == 1) return observe::to_json(tree_of(all[0], false)) + '\n';
  value list = value::list();
  for (const auto& o : all) list.push(tree_of(o, true));
  return observe::to_json(list) + '\n';
}

value json_tree(const outcome& o) { return tree_of(o, false); }

tested_file tested(const outcome& o) {
  tested_file out;
  out.file = o.file;
  out.tests = tests_of(o);
  out.errors = o.errors;
  out.stopped = o.stopped;
  const bool broken = o.result != verdict::as_expected && o.result != verdict::not_as_expected;
  if (broken) out.broken = words(o.result);
  out.wall = duration{number(o.tree, {"run", "wall_seconds"})};
  return out;
}

}  // namespace fourtuple::report
