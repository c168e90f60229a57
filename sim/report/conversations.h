// The packets of a log by the four-tuple they belong to: what ladder diagrams draw and what two
// kernels' packets are compared by.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "sim/observe/packet_log.h"

namespace fourtuple::report {

/// Who talks to whom; `left` sent first. ICMP errors belong to the packet they quote.
struct conversation {
  endpoint left;
  endpoint right;
  std::string left_host;
  std::string right_host;
  bool tcp = true;
  std::vector<const observe::packet_record*> packets;  ///< of the log, in its order
};

/// Whether the packet goes from left to right.
[[nodiscard]] bool to_right(const conversation& c, const observe::packet_record& p);

/// The first `most`, in the order of their first packets; how many more there were is `left_out`. A
/// SYN with another sequence number begins a four-tuple anew. The log must outlive them.
[[nodiscard]] std::vector<conversation> conversations(const observe::packet_log& log,
                                                      std::size_t most, std::size_t& left_out);

}  // namespace fourtuple::report
