// Which connections of a run are worth a diagram: the attempt that failed first and the first
// connection of all. They are known only after the run, so the page's second run, which is the same
// as the first, records them alone.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/observe/outcome.h"
#include "sim/observe/packet_log.h"
#include "sim/report/ladder.h"
#include "sim/report/reading.h"

namespace fourtuple::report {

/// What the second run has to record.
struct look_again {
  instant until{};                                     ///< it may end here
  std::optional<std::pair<endpoint, endpoint>> first;  ///< local and remote of the first connection
  instant first_from{};                                ///< it began here or later,
  instant first_open{};  ///< and was open here: its four-tuple may have been in use before
  instant first_over{};
  std::optional<app_failure> failure;
  std::vector<ip_address> failure_ends;  ///< addresses of its host: routers pass on what it sends
  instant failure_from{};   ///< the failed attempt began here or later
  bool everything = false;  ///< of a script or a scan, which name no connections: the first packets
};
/// Nothing where there is nothing to draw.
[[nodiscard]] std::optional<look_again> what_to_record(const observe::outcome& o);
/// Sets what is wanted of a log; `what` must outlive it.
void record_only(const look_again& what, observe::packet_log& log);

/// One diagram, or why there is none.
struct chosen_ladder {
  std::string title;
  std::string remark;  ///< "It sent no packet: connect(3, 10.0.0.2:443) = EADDRNOTAVAIL"
  std::optional<ladder> diagram;
};
[[nodiscard]] std::vector<chosen_ladder> chosen_ladders(const observe::outcome& o,
                                                        const look_again& what,
                                                        const observe::packet_log& log);

}  // namespace fourtuple::report
