#include "sim/report/headline.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/report/reading.h"
#include "sim/report/room.h"
#include "sim/report/scan_view.h"
#include "sim/report/text.h"

namespace fourtuple::report {

namespace {

std::string holder_text(const observe::start_failure& f) {
  for (const auto& row : f.in_the_way) {
    if (row.holders.empty()) continue;
    const auto& h = row.holders.front();
    return fmt::format("{} (pid {}) holds the port", h.program, h.pid);
  }
  if (!f.in_the_way.empty()) return "a socket in " + f.in_the_way.front().state + " holds the port";
  return {};
}

std::string start_headline(const observe::start_failure& f) {
  const std::string who = holder_text(f);
  return fmt::format("{} on {}: {} to {} failed at {} with {}{}", f.app, f.member, f.what.call,
                     to_string(f.what.where), time_text(ns(f.what.at)), name(f.what.error),
                     who.empty() ? "" : ": " + who);
}

std::string script_headline(const observe::script_failure& f) {
  return fmt::format("script step {}, {}{}{}: expected {}, got {}", f.step, f.call,
                     f.host.empty() ? "" : " on ", f.host, f.expected, f.got);
}

/// What is left of it; how much nobody knows of ports that TIME-WAITs hold until they are wanted.
std::string left_text(const room& r) {
  if (r.taken_over) return ", with TIME-WAITs that may be taken over";
  return r.spread() ? "" : ", headroom " + percent(1 - r.share());
}

std::string calm_headline(const observe::outcome& o) {
  if (std::string scan = scan_headline(o); !scan.empty()) return scan;
  if (!o.scenario->apps.empty()) {
    const room r = tightest_room(o);
    if (r.of == 0) return "no failure";
    return fmt::format("no failure: {} at the peak{}", r.what, left_text(r));
  }
  const std::size_t steps = o.scenario->script.size();
  return steps == 1 ? "the one step of the script as expected"
                    : fmt::format("all {} steps of the script as expected", steps);
}

const observe::expectation_row* failed_expectation(const observe::outcome& o) {
  const auto row =
      std::find_if(o.expect.begin(), o.expect.end(), [](const auto& e) { return !e.pass; });
  return row == o.expect.end() ? nullptr : &*row;
}

}  // namespace

std::string failure_text(const observe::outcome& o, const app_failure& f) {
  // A server's accept() is no attempt to connect.
  const bool counted = f.attempt > 0 && f.call != "accept";
  std::string where = counted ? fmt::format("attempt {}", grouped(f.attempt)) : f.call;
  if (f.to) where += " to " + to_string(*f.to);
  return fmt::format("{} on {}: first {} at {} ({})", o.scenario->apps[f.app].name, f.member,
                     f.error, time_text(f.at), where);
}

std::string headline(const observe::outcome& o) {
  if (!o.scenario || o.tree.is_null()) {
    return o.errors.empty() ? o.stopped : fmt::format("{} mistakes in the file", o.errors.size());
  }
  if (const auto* f = leading_start_failure(o)) return start_headline(*f);
  if (const auto failures = app_failures(o); !failures.empty()) {
    return failure_text(o, failures.front());
  }
  if (!o.script_failures.empty()) return script_headline(o.script_failures.front());
  if (const auto* row = failed_expectation(o)) {
    return fmt::format("{}: {}", row->metric, row->why);
  }
  return o.stopped.empty() ? calm_headline(o) : "no failure before the run was stopped";
}

}  // namespace fourtuple::report
