// Connections as ladder diagrams in text: the client on the left, the server on the right, an arrow
// for each packet, and between them what the programs called.
#pragma once

#include <cstddef>
#include <string>

#include "sim/observe/packet_log.h"
#include "sim/report/text.h"

namespace fourtuple::report {

/// The first `most` conversations of the log (four-tuples, TCP and UDP), one diagram each; a line says
/// how many more there were.
[[nodiscard]] std::string ladders(const observe::packet_log& log, std::size_t most, const style& s);

}  // namespace fourtuple::report
