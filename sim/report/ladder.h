// Connections as ladder diagrams: the client on the left, the server on the right, an arrow
// for each packet, and between them what the programs called.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "sim/observe/packet_log.h"
#include "sim/report/conversations.h"
#include "sim/report/journeys.h"
#include "sim/report/text.h"

namespace fourtuple::report {

/// A packet, or a call of one end's program.
struct ladder_line {
  bool packet = false;
  bool from_left = false;  ///< sent, or called, by the left end
  instant at{};
  std::optional<instant> arrived_at;  ///< of a packet; nothing: see `how`
  std::string text;                   ///< "[S] 0 win 64240 mss 1460", "accept(3) = 4"
  journey::end how = journey::end::there;
  std::string lost_where;  ///< "lost at r1" where it was not on the first link
};
struct ladder {
  std::string left;  ///< "10.0.0.1:32768 (client)"
  std::string right;
  std::vector<ladder_line> lines;
};
/// Packets and calls in the order in which they happened, from end to end whatever is between: each
/// end bears the name of the host that has its address, and a packet is one line.
[[nodiscard]] ladder ladder_of(const observe::packet_log& log, const spec::scenario& s,
                               const conversation& c);

/// The first `most` conversations of the log (four-tuples, TCP and UDP), one diagram each; a line says
/// how many more there were.
[[nodiscard]] std::string ladders(const observe::packet_log& log, const spec::scenario& file,
                                  std::size_t most, const style& s);

}  // namespace fourtuple::report
