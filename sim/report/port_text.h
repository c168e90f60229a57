// A budget of ports in words.
#pragma once

#include <string>
#include <string_view>

#include "sim/report/port_budget.h"

namespace fourtuple::report {

/// "100 ports (range 40000-40099) per destination, each held ...: by the book ..."
[[nodiscard]] std::string budget_text(const port_budget& b);
/// Where a port is after its connection was closed: "TIME-WAIT", "FIN-WAIT-2".
[[nodiscard]] std::string_view state_text(const port_budget& b);
/// "keep takes 500 for ever"
[[nodiscard]] std::string holders_text(const port_budget& b);
/// "at most 10 are in TIME-WAIT (net.ipv4.tcp_max_tw_buckets)"
[[nodiscard]] std::string kept_text(const port_budget& b);
/// "470.5/s (28,232 / 60 s), 455/s as timers end late"
[[nodiscard]] std::string rates_text(const port_budget& b, double book);
/// "600/s, with b and 3 more", "300/s, after a", "10/s, after 300/s of a"
[[nodiscard]] std::string asked_text(const port_budget& b);

}  // namespace fourtuple::report
