// A packet log as a pcapng file (draft-ietf-opsawg-pcapng): an interface for each host, what its
// programs called as comments of the packets that follow.
#pragma once

#include <string>

#include "sim/observe/packet_log.h"

namespace fourtuple::report {

/// Raw IP (LINKTYPE_RAW), times in nanoseconds since the run began. `host` empty: each packet once, on
/// the interface of its sender, so that no analysis takes the second sight of it for a
/// retransmission; else what that host's interface saw, in and out.
[[nodiscard]] std::string pcapng(const observe::packet_log& log, const std::string& host);

}  // namespace fourtuple::report
