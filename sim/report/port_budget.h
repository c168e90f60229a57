// The arithmetic of ports for one `load`, or for a `proxy` and its upstreams: how many it can have,
// how long each is held, which rate that sustains, and what would raise it. Book values from the
// file's own numbers; what the run measured stands beside them in the report.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/observe/outcome.h"

namespace fourtuple::report {

struct port_budget {
  std::uint64_t ports = 0;  ///< of the range, not reserved
  std::uint16_t low = 0;
  std::uint16_t high = 0;
  std::uint64_t destinations = 1;
  std::uint64_t sources = 1;
  bool proxied = false;          ///< a proxy's connections to its upstreams
  bool binds_first = false;      ///< bind() with port 0: a port serves one destination only
  bool has_no_port = false;      ///< the kernel knows IP_BIND_ADDRESS_NO_PORT
  std::optional<double> asked;   ///< connections per second; the highest stage
  std::optional<duration> hold;  ///< nothing: for ever
  duration time_wait{};          ///< after it, where the client closes first; else 0
  bool reuses = false;           ///< tcp_tw_reuse applies
  duration reuse_after{};        ///< an old TIME-WAIT may be taken over then

  /// Connections that fit at one time.
  [[nodiscard]] std::uint64_t fits() const;
  /// How long a connection holds its port; a hold far below TIME-WAIT is left out, as books do.
  [[nodiscard]] duration held() const;
  /// fits() / held(); nothing where nothing is ever given back or nothing is held.
  [[nodiscard]] std::optional<double> book_rate() const;
};

/// Nothing for other apps, and where fixed ports are bound.
[[nodiscard]] std::optional<port_budget> budget_of(const spec::scenario& s, const spec::app& a);

/// The ports of a UDP client's sockets without a port of their own: the host's range, or that of
/// the option, less the reserved ones. All destinations share them.
struct datagram_ports {
  std::uint64_t ports = 0;
  std::uint16_t low = 0;
  std::uint16_t high = 0;
  double asked = 0;  ///< requests per second; the highest rate
};
[[nodiscard]] datagram_ports ports_of(const spec::udp_client& c, const spec::host& h);

/// What would help, by how much.
struct cure {
  std::string name;            ///< "tcp_tw_reuse: 1"
  std::optional<double> rate;  ///< nothing: no limit from ports
  bool enough = false;         ///< for the rate asked
  std::string remark;
};
/// Enough ones first, in the order of what they cost to do.
[[nodiscard]] std::vector<cure> cures_of(const port_budget& b);

}  // namespace fourtuple::report
