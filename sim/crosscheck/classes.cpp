#include "sim/crosscheck/classes.h"

#include <array>

namespace fourtuple::crosscheck {
namespace {

using enum comparison;

constexpr std::string_view its_own_clock = "each side has its own clock";
constexpr std::string_view sampled = "the real kernel tells levels only when it is asked";
constexpr std::string_view ports_are_drawn = "descriptors, ports and times of single connections";
constexpr std::string_view acknowledgements = "pure ACKs depend on how fast programs answer";
constexpr std::string_view scheduling = "depends on how fast programs are";
constexpr std::string_view counted_at_its_end =
    "Linux counts a TIME-WAIT when it begins, the results when it has ended";
constexpr std::string_view spacing = "depends on the microseconds between ACKs";
constexpr std::string_view of_the_run = "says of the run, not of the network";

struct row {
  std::string_view
      pattern;  ///< parts separated by dots; * is any one part, ** any number at the end
  rule how;
};

// Where links are chancy these rows come first: how long it took, and how often what happened.
constexpr row chancy_table[] = {
    {"ended_at", {by_time, {}}},
    {"hosts.*.nstat.TcpActiveOpens", {exact, {}}},
    {"hosts.*.nstat.TcpPassiveOpens", {exact, {}}},
    {"hosts.*.nstat.TcpAttemptFails", {exact, {}}},
    {"hosts.*.nstat.TcpCurrEstab", {exact, {}}},
    {"hosts.*.nstat.TcpRetransSegs", {by_amount, {}}},
    {"hosts.*.nstat.TcpExtTCPTimeouts", {by_amount, {}}},
    {"hosts.*.nstat.TcpExtTCPLossProbes", {by_amount, {}}},
    {"hosts.*.nstat.TcpExtTCPSackRecovery", {by_amount, {}}},
    {"hosts.*.nstat.TcpExtTCPFastRetrans", {by_amount, {}}},
    {"hosts.*.nstat.TcpExtTCPSlowStartRetrans", {by_amount, {}}},
    {"hosts.*.nstat.TcpExtTCPLostRetransmit", {by_amount, {}}},
    {"hosts.*.nstat.TcpExtTCPSynRetrans", {by_amount, {}}},
    {"hosts.*.nstat.TcpExtTCPOFOQueue", {by_amount, {}}},
    {"hosts.*.nstat.TcpExtTCPOrigDataSent", {by_amount, {}}},
    {"hosts.*.nstat.*", {not_compared, "what a link loses by chance shifts all that follows"}},
};

// Where the machine is shared these come first.
constexpr row shared_table[] = {
    {"hosts.*.nstat.*", {not_compared, "every program of the machine counts there"}},
};

// First match counts.
constexpr row table[] = {
    {"fourtuple", {not_compared, of_the_run}},
    {"title", {not_compared, of_the_run}},
    {"seed", {not_compared, of_the_run}},
    {"ended_at", {not_compared, its_own_clock}},
    {"digest", {not_compared, of_the_run}},
    {"stopped", {not_compared, of_the_run}},
    {"run.**", {not_compared, of_the_run}},
    {"expect.**", {not_compared, "expectations are of the simulation; their metrics are compared"}},

    {"apps.*.connections.**", {not_compared, ports_are_drawn}},
    {"apps.*.connect_time.**", {not_compared, its_own_clock}},
    {"apps.*.first_failure.at", {by_time, {}}},
    {"apps.*.ports.*.after", {by_time, {}}},
    {"apps.*.active.peak", {not_compared, scheduling}},
    {"apps.*.active.peak_at", {not_compared, its_own_clock}},
    {"apps.*.fds.peak", {not_compared, scheduling}},
    {"apps.*.waited", {not_compared, scheduling}},
    {"apps.*.opened", {not_compared, scheduling}},
    {"apps.*.reused", {not_compared, scheduling}},
    {"apps.*.on.**", {not_compared, "members of a counted host are compared as one"}},
    {"apps.**", {exact, {}}},

    {"hosts.*.ports.range.**", {exact, {}}},
    {"hosts.*.ports.capacity", {exact, {}}},
    {"hosts.*.ports.now", {exact, {}}},
    {"hosts.*.ports.**", {not_compared, sampled}},
    {"hosts.*.time_wait.now", {exact, {}}},
    {"hosts.*.time_wait.**", {not_compared, sampled}},
    {"hosts.*.sockets.*", {exact, {}}},
    {"hosts.*.nstat.TcpInSegs", {not_compared, acknowledgements}},
    {"hosts.*.nstat.TcpOutSegs", {not_compared, acknowledgements}},
    {"hosts.*.nstat.TcpExtTCPPureAcks", {not_compared, acknowledgements}},
    {"hosts.*.nstat.TcpExtDelayedACKs", {not_compared, acknowledgements}},
    {"hosts.*.nstat.TcpExtDelayedACKLost", {not_compared, acknowledgements}},
    {"hosts.*.nstat.TcpExtTCPRcvCoalesce", {not_compared, scheduling}},
    {"hosts.*.nstat.TcpExtTCPAutoCorking", {not_compared, scheduling}},
    {"hosts.*.nstat.TcpExtTCPHystartTrainDetect", {not_compared, spacing}},
    {"hosts.*.nstat.TcpExtTCPHystartTrainCwnd", {not_compared, spacing}},
    {"hosts.*.nstat.TcpExtTCPHystartDelayDetect", {not_compared, spacing}},
    {"hosts.*.nstat.TcpExtTCPHystartDelayCwnd", {not_compared, spacing}},
    {"hosts.*.nstat.IpForwDatagrams", {not_compared, acknowledgements}},
    {"hosts.*.nstat.Ip6OutForwDatagrams", {not_compared, acknowledgements}},
    {"hosts.*.nstat.TcpExtTW", {not_compared, counted_at_its_end}},
    {"hosts.*.nstat.TcpExtTWKilled", {not_compared, counted_at_its_end}},
    {"hosts.*.nstat.*", {exact, {}}},
    {"hosts.**", {not_compared, sampled}},

    {"script.*.at", {not_compared, its_own_clock}},
    {"script.*.took", {not_compared, its_own_clock}},
    {"script.*.expect", {not_compared, of_the_run}},
    {"script.*.pass", {not_compared, "what it tests is compared itself"}},
    {"script.*.why", {not_compared, of_the_run}},
    {"script.*.address", {by_property, {}}},
    {"script.**", {exact, {}}},
};

std::string_view take_part(std::string_view& path) {
  const std::size_t dot = path.find('.');
  const std::string_view part = path.substr(0, dot);
  path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
  return part;
}

bool part_matches(std::string_view pattern, std::string_view part) {
  if (pattern.ends_with('*')) return part.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == part;
}

bool matches(std::string_view pattern, std::string_view path) {
  while (!pattern.empty() && !path.empty()) {
    const std::string_view p = take_part(pattern);
    if (p == "**") return true;
    if (!part_matches(p, take_part(path))) return false;
  }
  return path.empty() && (pattern.empty() || pattern == "**");
}

}  // namespace

rule rule_for(std::string_view path, network links) {
  if (links == network::chancy)
    for (const row& r : chancy_table)
      if (matches(r.pattern, path)) return r.how;
  if (links == network::shared)
    for (const row& r : shared_table)
      if (matches(r.pattern, path)) return r.how;
  for (const row& r : table)
    if (matches(r.pattern, path)) return r.how;
  return {not_compared, "not known to the comparison"};
}

std::string_view name(comparison c) {
  static constexpr std::array<std::string_view, 5> names = {"exact", "by property", "by time",
                                                            "by amount", "not compared"};
  return names[static_cast<std::size_t>(c)];
}

}  // namespace fourtuple::crosscheck
