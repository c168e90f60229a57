// The calls that stand beside a connection's packets: those of the sockets at its two ends, and of
// no other.
#pragma once

#include <vector>

#include "sim/observe/packet_log.h"
#include "sim/report/conversations.h"

namespace fourtuple::report {

struct calls_of_both {
  std::vector<const observe::call_record*> left;
  std::vector<const observe::call_record*> right;
};
/// Of a script also the steps that set something on a host at an end; they are of every connection.
[[nodiscard]] calls_of_both calls_of(const observe::packet_log& log, const conversation& c);

}  // namespace fourtuple::report
