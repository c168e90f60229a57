// The parts of the page of a run, each empty where there is nothing to show.
#pragma once

#include <string>
#include <vector>

#include "sim/observe/outcome.h"
#include "sim/report/chosen.h"

namespace fourtuple::report::html {

/// The whole style sheet: light and dark, narrow and wide.
[[nodiscard]] std::string_view style_sheet();

/// Ports in use and in TIME-WAIT on the host where they are the scarcest.
[[nodiscard]] std::string ports_figure(const observe::outcome& o);
/// Connections and failures a second, of all clients together.
[[nodiscard]] std::string connections_figure(const observe::outcome& o);
/// For each host a small plot of every state that its sockets were in.
[[nodiscard]] std::string states_figures(const observe::outcome& o);

[[nodiscard]] std::string ladder_figure(const chosen_ladder& l);

}  // namespace fourtuple::report::html
