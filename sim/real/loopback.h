// This machine's own loopback as the real side: it takes no privilege, and it is shared with every
// other program of the machine.
#pragma once

#include <atomic>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/observe/host_metrics.h"
#include "sim/real/kernel_tables.h"
#include "sim/spec/spec.h"

namespace fourtuple::real {

/// Who `user: app` is on loopback: uid 1000 where this program may be it, else the user who runs it.
[[nodiscard]] std::uint32_t loopback_user();

/// Gives the simulated host what this machine's sysctls say. Returns those whose value here is not
/// modelled, as "net.ipv4.tcp_congestion_control = cubic".
std::vector<std::string> adopt_machine_sysctls(spec::host& h);

/// The interface is up, or is brought up; throws observe::unable where it can't be.
void need_loopback_up();

/// Throws observe::unable where another program holds one of `ports`: it would answer in our server's
/// stead. Waits for the TIME-WAITs of earlier runs, a minute at most, until `interrupted`.
void need_free_ports(const socket_table& table, const std::set<std::uint16_t>& ports,
                     const std::atomic<bool>* interrupted);

/// Tells this program's sockets from those of all others.
class other_programs {
 public:
  /// What exists now is not ours.
  explicit other_programs(const socket_table& table);
  /// Ours, and those without a holder that were never seen to be another's.
  [[nodiscard]] std::vector<observe::socket_row> own(const std::vector<listed_socket>& all);

 private:
  using connection = std::pair<endpoint, endpoint>;
  std::set<connection> theirs_;
};

}  // namespace fourtuple::real
