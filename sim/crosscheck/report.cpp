#include "sim/crosscheck/report.h"

#include <fmt/format.h>

namespace fourtuple::crosscheck {
namespace {

using observe::value;
using observe::verdict;

/// "FILE:LINE" of the step that a path of the script is about; else nothing.
std::string where(const result& r, const std::string& path) {
  unsigned n = 0;
  if (std::sscanf(path.c_str(), "script[%u]", &n) != 1 || n >= r.scenario->script.size()) return {};
  return fmt::format("{}:{}", r.file, r.scenario->script[n].where.line);
}

/// "step 3, connect C 10.0.0.2:80 on client" for a path of the script.
std::string step_text(const result& r, const std::string& path) {
  unsigned n = 0;
  if (std::sscanf(path.c_str(), "script[%u]", &n) != 1 || n >= r.scenario->script.size()) return {};
  const spec::step& st = r.scenario->script[n];
  std::string out = fmt::format("step {}, {}", n + 1, spec::name(st.call));
  for (const std::string& word : {st.subject, st.to})
    if (!word.empty()) out += " " + word;
  return out;
}

std::string difference_text(const result& r, const difference& d) {
  std::string head = d.path;
  if (const auto step = step_text(r, d.path); !step.empty()) head += " (" + step + ")";
  std::string out =
      fmt::format("  {}\n    simulated  {}\n    kernel     {}\n", head, d.simulated, d.kernel);
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

}  // namespace fourtuple::crosscheck
