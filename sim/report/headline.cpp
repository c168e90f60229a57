#include "sim/report/headline.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/report/history.h"
#include "sim/report/port_budget.h"
#include "sim/report/reading.h"
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

/// Room left at the tightest place; `used` of `of` at the peak.
struct room {
  std::string what;
  std::uint64_t used = 0;
  std::uint64_t of = 0;
  /// More ports than an address has: of several addresses, and nobody counted which are of which.
  [[nodiscard]] bool spread() const { return used > of; }
  [[nodiscard]] double share() const {
    return of == 0 || spread() ? 0 : static_cast<double>(used) / static_cast<double>(of);
  }
};

room tightest(const observe::outcome& o) {
  room best;
  const auto consider = [&](room r) {
    if (r.of > 0 && (best.of == 0 || r.share() > best.share())) best = std::move(r);
  };
  for (const auto& a : o.scenario->apps) {
    const std::string host = host_of(*o.scenario, a);
    const std::uint64_t ports = ports_at_peak(o, host);
    if (const auto b = budget_of(*o.scenario, a)) {
      const std::uint64_t sets =
          std::max<std::uint64_t>(1, b->ports == 0 ? 1 : b->fits() / b->ports);
      const std::uint64_t used =
          count(o.tree, {"hosts", host, "ports", sets == 1 ? "peak" : "tuples_peak"});
      consider({fmt::format("{} used {} ports of {}{}", host, grouped(used), grouped(ports * sets),
                            used > ports * sets ? " an address" : ""),
                used, ports * sets});
    }
    if (const auto p = datagram_ports_of(*o.scenario, a)) {
      const auto udp = count(o.tree, {"hosts", host, "ports", "udp", "peak"});
      consider({fmt::format("{} used {} UDP ports of {}", host, grouped(udp), grouped(p->ports)),
                udp, p->ports});
    }
    const std::uint64_t used = count(o.tree, {"apps", a.name, "fds", "peak"});
    const std::uint64_t limit = count(o.tree, {"apps", a.name, "fds", "limit"});
    consider({fmt::format("{} used {} descriptors of {}", a.name, grouped(used), grouped(limit)),
              used, limit});
  }
  return best;
}

std::string calm_headline(const observe::outcome& o) {
  if (std::string scan = scan_headline(o); !scan.empty()) return scan;
  if (!o.scenario->apps.empty()) {
    const room r = tightest(o);
    if (r.of == 0) return "no failure";
    const std::string left = r.spread() ? "" : ", headroom " + percent(1 - r.share());
    return fmt::format("no failure: {} at the peak{}", r.what, left);
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
