// What a report says, whatever shows it: the sentences, marks and tables that the terminal and the
// page of a run have in common. headline() and explanation() stand in headline.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/observe/outcome.h"
#include "sim/report/text.h"

namespace fourtuple::report {

/// "as expected", "interrupted", ...
[[nodiscard]] std::string_view words(observe::verdict v);
/// "not as expected: 1 of 2 conditions failed"
[[nodiscard]] std::string verdict_text(const observe::outcome& o);
/// "file.yaml: its title"
[[nodiscard]] std::string file_text(const observe::outcome& o);
/// "120 s of virtual time, 124,597 events, seed 1"; what it took where `cost` is wanted, which is
/// another time and memory every time.
[[nodiscard]] std::string run_text(const observe::outcome& o, bool cost);

/// One tested condition of expect or expect_at.
struct check {
  bool pass = false;
  std::string what;   ///< "apps.load.failed: 0 at 2 s"
  std::string found;  ///< as a condition would write it
  std::string why;    ///< where it does not hold
  std::string place;  ///< "file.yaml:12"
};
[[nodiscard]] std::vector<check> checks_of(const observe::outcome& o);
/// The steps of a script that said what they expect: those that failed, and the first of the
/// others.
struct step_checks {
  std::vector<check> listed;
  std::uint64_t left_out = 0;  ///< they hold too
};
[[nodiscard]] step_checks step_checks_of(const observe::outcome& o);
/// "file.yaml:7: step 2, connect on client: expected ok, got ECONNREFUSED", one of each failed
/// step.
[[nodiscard]] std::vector<std::string> failed_steps(const observe::outcome& o);
/// "script: 12 steps, 7 tested"; empty where the file has none.
[[nodiscard]] std::string script_text(const observe::outcome& o);

struct section {
  std::string caption;  ///< "what a scan looked at ..."; empty where the headings say it all
  table rows;
};
/// Clients, scans, servers, hosts; those that are empty are left out.
[[nodiscard]] std::vector<section> tables_of(const observe::outcome& o);

/// The host whose ports are the scarcest: an index of o.series.hosts, and how many it has.
struct scarce_ports {
  std::size_t host = 0;
  std::uint64_t capacity = 0;
};
[[nodiscard]] std::optional<scarce_ports> scarcest_ports(const observe::outcome& o);

}  // namespace fourtuple::report
