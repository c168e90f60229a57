// The packets of a run and the socket calls beside them, in the order in which they happened: what
// `trace` shows. Filled by the simulated network (sim/engine) and by captures of the real one, only
// where somebody asked for it.
#pragma once

#include <fourtuple/time.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/observe/script_metrics.h"
#include "sim/wire/frame.h"

namespace fourtuple::observe {

/// One packet, as its sender let it go.
struct packet_record {
  instant at{};                       ///< when it was sent
  std::uint64_t order = 0;            ///< among all that happened at that instant
  std::string host;                   ///< whose interface it left
  std::string to;                     ///< who gets it; equal to `host` on the loopback interface
  std::optional<instant> arrived_at;  ///< nothing: it was lost, or still under way at the end
  wire::frame packet;
  std::uint16_t fragments = 1;  ///< packets that a datagram travels in; the log has it whole
  bool lost = false;  ///< it never gets there
};

/// One socket call, or the answer that a blocking one had at last.
struct call_record {
  instant at{};             ///< when it was made (a wait is tried again when it ends)
  std::uint64_t order = 0;  ///< before the packets that it caused
  std::string host;
  std::string program;  ///< the app, or "script"
  std::string text;     ///< "connect(3, 10.0.0.2:80)"
  std::string answer;   ///< "ok", "64", "ECONNREFUSED", "eof"
  int fd = -1;          ///< the descriptor it was made on; -1: a script's, which has names
  /// accept(): the new descriptor and who is there.
  std::optional<std::pair<int, endpoint>> accepted;
  /// A script's: the socket, and when the call had its answer.
  std::optional<socket_sight> socket;
  instant ended{};
};

/// What is wanted of a run, and what there was.
struct packet_log {
  // wanted
  std::optional<std::string> only_host;     ///< packets that this member sends or receives
  std::optional<std::uint16_t> only_port;   ///< of either end
  /// Further wishes; null: none.
  std::function<bool(const packet_record&)> filter;
  std::function<bool(const call_record&)> wants_call;  ///< null: every call
  std::uint64_t most = 1'000'000;           ///< packets; what comes after is only counted

  std::vector<packet_record> packets;
  std::vector<call_record> calls;
  std::uint64_t left_out = 0;  ///< beyond `most`
  std::uint64_t next_order = 1;

  [[nodiscard]] bool wants(const packet_record& p) const {
    if (only_host && p.host != *only_host && p.to != *only_host) return false;
    if (filter && !filter(p)) return false;
    if (!only_port) return true;
    const auto* icmp = p.packet.icmp();
    const endpoint& from = icmp != nullptr ? icmp->quoted_source : p.packet.source;
    const endpoint& to = icmp != nullptr ? icmp->quoted_destination : p.packet.destination;
    return from.port == *only_port || to.port == *only_port;
  }
};

}  // namespace fourtuple::observe
