#include "sim/crosscheck/report.h"

#include <fmt/format.h>

#include <cstdio>
#include <optional>

#include "sim/report/reading.h"
#include "sim/report/sections.h"

namespace fourtuple::crosscheck {
namespace {

using observe::value;
using observe::verdict;

/// The step that a path of the script is about, from 0; else nothing.
std::optional<unsigned> step_of(const result& r, const std::string& path) {
  unsigned n = 0;
  if (std::sscanf(path.c_str(), "script[%u]", &n) != 1 || n >= r.scenario->script.size()) return {};
  return n;
}

/// "FILE:LINE" of the step that a path of the script is about; else nothing.
std::string where(const result& r, const std::string& path) {
  const auto n = step_of(r, path);
  return n ? fmt::format("{}:{}", r.file, r.scenario->script[*n].where.line) : std::string();
}

/// "hosts.client.ports.peak"; of the script "script[2].result (step 3, connect C 10.0.0.2:80)".
std::string what(const result& r, const std::string& path) {
  const auto n = step_of(r, path);
  if (!n) return path;
  const spec::step& st = r.scenario->script[*n];
  std::string step = fmt::format("step {}, {}", *n + 1, spec::name(st.call));
  for (const std::string& word : {st.subject, st.to})
    if (!word.empty()) step += " " + word;
  return fmt::format("{} ({})", path, step);
}

std::string difference_text(const result& r, const difference& d) {
  std::string out = fmt::format("  {}\n    simulated  {}\n    kernel     {}\n", what(r, d.path),
                                d.simulated, d.kernel);
  for (std::string_view rest = d.ladders; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
    out += "      " + std::string(rest.substr(0, end));
    rest.remove_prefix(end);
  }
  if (const auto place = where(r, d.path); !place.empty()) out += "    at         " + place + "\n";
  return out;
}

value list_of(const result& r, const std::vector<difference>& all) {
  value out = value::list();
  for (const auto& d : all) {
    value one = value::map();
    one.set("path", d.path);
    one.set("simulated", d.simulated);
    one.set("kernel", d.kernel);
    one.set("class", name(d.how));
    const std::string place = where(r, d.path);
    one.set("where", place.empty() ? value() : value(place));
    out.push(std::move(one));
  }
  return out;
}

}  // namespace

std::string text(const result& r) {
  if (r.skipped) return fmt::format("{}: skipped, because {}\n", r.file, r.stopped);
  if (!r.errors.empty()) return {};
  if (!r.stopped.empty()) return fmt::format("{}: not compared: {}\n", r.file, r.stopped);
  std::string out;
  if (r.differences.empty()) {
    out = fmt::format("{}: both kernels agree on {} values\n", r.file, r.compared);
  } else {
    out = fmt::format("{}: {} of {} values differ\n", r.file, r.differences.size(), r.compared);
    for (const auto& d : r.differences) out += difference_text(r, d);
  }
  for (const auto& path : r.not_given)
    out += fmt::format("  not set on the kernel, whose namespaces have it not: {}\n", path);
  if (!r.unstable.empty()) {
    out += "  unstable on the kernel (another value in one of three runs):\n";
    for (const auto& d : r.unstable) out += difference_text(r, d);
  }
  return out;
}

value json(const result& r) {
  value out = value::map();
  out.set("agree", r.verdict == verdict::as_expected && r.stopped.empty() && r.errors.empty());
  out.set("backend", r.backend);
  if (!r.errors.empty()) {
    value errors = value::list();
    for (const auto& e : r.errors) errors.push(e);
    out.set("errors", std::move(errors));
  }
  if (!r.stopped.empty()) out.set(r.skipped ? "skipped" : "stopped", r.stopped);
  out.set("compared", r.compared);
  out.set("differences", list_of(r, r.differences));
  out.set("unstable", list_of(r, r.unstable));
  value left = value::list();
  for (const auto& l : r.not_compared) {
    value one = value::map();
    one.set("path", l.path);
    one.set("why", l.why);
    left.push(std::move(one));
  }
  out.set("not_compared", std::move(left));
  out.set("simulated", r.simulated);
  out.set("kernel", r.kernel);
  return out;
}

report::tested_file tested(const result& r) {
  report::tested_file out;
  out.file = r.file;
  out.errors = r.errors;
  if (r.skipped) {
    out.skipped = r.stopped;
    return out;
  }
  out.stopped = r.stopped;
  const bool compared = r.verdict == verdict::as_expected || r.verdict == verdict::kernel_differs;
  if (!compared) out.broken = report::words(r.verdict);
  for (const auto& d : r.differences) {
    const auto step = step_of(r, d.path);
    out.tests.push_back({what(r, d.path), step ? r.scenario->script[*step].where.line : 0,
                         fmt::format("simulated {}, kernel {}", d.simulated, d.kernel)});
  }
  if (compared && out.tests.empty())
    out.tests.push_back({fmt::format("both kernels agree on {} values", r.compared), 0, ""});
  for (const auto* tree : {&r.simulated, &r.kernel})
    out.wall += duration{report::number(*tree, {"run", "wall_seconds"})};
  return out;
}

}  // namespace fourtuple::crosscheck
