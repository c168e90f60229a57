// What a host's kernel can be asked: port and TIME-WAIT usage, sockets by state, nstat counters, and
// the socket table of ss(8). Filled by sim/host and by sim/real alike.
#pragma once

#include <fourtuple/address.h>
#include <fourtuple/time.h>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/observe/app_metrics.h"

namespace fourtuple::observe {

/// The states in the order of FORMAT 4; index of host_metrics::sockets.
inline constexpr std::array<const char*, 11> state_names = {
    "LISTEN",     "SYN-SENT",   "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2",
    "CLOSE-WAIT", "CLOSING",    "LAST-ACK",     "TIME-WAIT",   "CLOSED"};

/// Ephemeral ports of one protocol: distinct (local address, port) with the port inside the range.
struct port_usage {
  std::uint16_t low = 0;
  std::uint16_t high = 0;
  std::uint32_t capacity = 0;  ///< ports of the range that are not reserved
  gauge ports;
  std::uint64_t tuples_peak = 0;
};

/// One member host.
struct host_metrics {
  std::string name;
  port_usage tcp;
  port_usage udp;
  gauge time_wait;
  std::uint64_t time_wait_reused = 0;
  std::array<std::uint64_t, state_names.size()> sockets{};
  /// What is not here is 0: of a fleet's hosts most count next to nothing.
  std::map<std::string, std::uint64_t> nstat;
};

/// What changes from instant to instant, for plots.
struct port_levels {
  std::uint64_t ports = 0;      ///< as port_usage.ports, TCP
  std::uint64_t time_wait = 0;  ///< records in TIME-WAIT
};

/// One line of the socket table. Records (request, TIME-WAIT) have no process.
struct socket_row {
  bool tcp = true;
  std::string state;  ///< RFC 9293 name; UDP: "UNCONN" or "ESTAB" as ss prints
  endpoint local;
  endpoint remote;
  bool v6only = false;
  std::uint64_t recv_q = 0;  ///< bytes; LISTEN: connections waiting for accept()
  std::uint64_t send_q = 0;  ///< bytes not acknowledged; LISTEN: the backlog
  std::uint32_t uid = 0;
  std::string timer;         ///< as ss -o: "timewait", "on", "keepalive", "persist"; empty: none
  /// DEVIATION: until it fires, as late as the wheel makes it (up to an eighth of its length);
  /// ss(8) says when it was to fire. Who compares the two sees it.
  duration timer_left{};
  std::uint32_t retransmits = 0;
  struct holder {
    std::string program;  ///< the app's name
    std::uint32_t pid = 0;
    int fd = -1;
  };
  std::vector<holder> holders;
};

}  // namespace fourtuple::observe
