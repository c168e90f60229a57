// What became different in the course of a run, by `changes:` and by a script's steps: settings of
// hosts and links as they were at an instant.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/observe/outcome.h"

namespace fourtuple::report {

struct setting {
  instant at{};
  std::variant<spec::sysctl_change, spec::firewall_change, spec::link_setting> what;
  std::optional<std::uint32_t> member;  ///< nothing: all members of the host
  std::string by;                       ///< "changes:", "step 4 of the script"
};

struct history {
  std::vector<setting> made;  ///< by time
  // Settings that steps inside a repeat made are not among them: nobody wrote down when.
  bool all_sysctls = true;
  bool all_ways = true;  ///< firewalls and links
};
[[nodiscard]] history history_of(const observe::outcome& o);

/// The file with sysctls and apps as the course of the run had left them just before `at`; where
/// members of a host differ, as that one has it. Null where nobody wrote it down.
[[nodiscard]] std::shared_ptr<const spec::scenario> scenario_at(const observe::outcome& o,
                                                                std::string_view member,
                                                                instant at);
/// Whether any sysctl or anything of that app changes in the course of the run.
[[nodiscard]] bool ports_change(const spec::scenario& s, const spec::app& a);

/// Ports of the range that a host had when the most of them were in use, per address; 0 where that
/// is not known.
[[nodiscard]] std::uint64_t ports_at_peak(const observe::outcome& o, const std::string& host);

}  // namespace fourtuple::report
