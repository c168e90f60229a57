// What the kernel says of a network namespace: its TCP sockets (sock_diag(7)) and its counters
// (/proc/net/snmp, /proc/net/netstat).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/observe/host_metrics.h"
#include "sim/real/descriptor.h"
#include "sim/real/network.h"

namespace fourtuple::real {

/// A socket of the namespace, whoever has it.
struct listed_socket {
  observe::socket_row row;
  std::uint64_t inode = 0;  ///< 0: no program holds it (TIME-WAIT, orphans, not yet accepted)
};

/// One netlink socket in that namespace.
class socket_table {
 public:
  explicit socket_table(const network_namespace& where);
  /// Every TCP socket but those in CLOSED; TIME-WAITs and requests included.
  [[nodiscard]] std::vector<listed_socket> tcp() const;
  /// Every UDP socket that has a port.
  [[nodiscard]] std::vector<listed_socket> udp() const;

 private:
  void append(int family, int protocol, std::vector<listed_socket>& to) const;
  file netlink_;
};

/// All counters by the names of nstat(8): "TcpActiveOpens", "TcpExtTW".
[[nodiscard]] std::map<std::string, std::uint64_t> read_counters(const network_namespace& where);

/// The range of net.ipv4.ip_local_port_range and how many of its ports are not reserved.
struct local_ports {
  std::uint16_t low = 0;
  std::uint16_t high = 0;
  std::uint32_t capacity = 0;
};
[[nodiscard]] local_ports read_local_ports(const network_namespace& where);

}  // namespace fourtuple::real
