// The packets of one scenario on both kernels, side by side: by flags, length, relative sequence
// and acknowledgement numbers and options. Ports that a kernel chose, window sizes and values of
// time stamps are not compared.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "sim/observe/packet_log.h"
#include "sim/report/text.h"

namespace fourtuple::crosscheck {

/// Where two conversations part.
struct packet_difference {
  std::string where;  ///< "client to 10.0.0.2:80, connection 2, from client"
  std::size_t packet =
      0;  ///< of that direction, from 1; 0: the whole conversation is missing on one side
  std::string simulated;  ///< "[S] seq 0 len 0 <mss 1460,...>"; empty: none
  std::string kernel;
  /// Only ACKs without data, FIN or options of their own differ: which of them are sent depends on
  /// timers of 40 ms, so close to a deadline they say little.
  bool acks_only = false;
  std::string ladders;  ///< both conversations in two columns, from shortly before
};

/// Conversations are paired by who talks to which endpoint, in the order of their first packets.
/// Each direction is compared by itself (which of two packets that crossed left first is chance);
/// the first difference of each pair stands for it.
[[nodiscard]] std::vector<packet_difference> compare_packets(const observe::packet_log& simulated,
                                                             const observe::packet_log& kernel,
                                                             const report::style& s);

}  // namespace fourtuple::crosscheck
