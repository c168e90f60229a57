// What the operating system and its sysctls decide about ports, as one plain struct. The host fills
// it from its profile at boot and again after every sysctl write; nothing here asks which system it
// is. Times come in as the kernel rounds them (kernel_time): ports has no clock of its own.
#pragma once

#include <cstdint>

#include "sim/ports/port_bitmap.h"
#include "sim/profile/profile.h"
#include "sim/profile/sysctl.h"

namespace fourtuple::ports {

using profile::port_range;

/// What one host's allocator goes by. Regular: configure() compares two of them.
struct rules {
  profile::connect_allocator connect = profile::connect_allocator::hash_table;
  profile::bind_allocator bind = profile::bind_allocator::odd_first;
  port_range range{32768, 60999};         ///< ip_local_port_range
  profile::port_set reserved;             ///< ip_local_reserved_ports
  std::uint32_t perturb_entries = 65536;  ///< a power of two; 0 where the allocator has no table
  std::uint8_t noise_steps = 8;           ///< noise is rand(0 .. noise_steps - 1) steps
  std::uint8_t local_range_step = 1;      ///< step of connect() under IP_LOCAL_PORT_RANGE: 1 or 2
  bool has_local_range = true;            ///< IP_LOCAL_PORT_RANGE exists
  bool recompute_bucket = true;  ///< 6.18: a bucket left to connect() is a connect bucket again
  /// Before 6.8 the first to bind() a port decides its fastreuse. Since then bhash2 holds the
  /// socket before inet_csk_update_fastreuse() asks whether the bucket is empty: it never is.
  bool first_owner_sets_reuse = false;
  bool autobind_reuse = false;   ///< ip_autobind_reuse
  std::uint8_t tw_reuse = 2;     ///< tcp_tw_reuse: 0 never, 1 always, 2 loopback only
  profile::tw_reuse_clock reuse_clock = profile::tw_reuse_clock::milliseconds;
  std::int64_t tw_reuse_delay_ms = 1000;  ///< tcp_tw_reuse_delay

  friend bool operator==(const rules&, const rules&) = default;
};

[[nodiscard]] rules rules_of(const profile::host_profile& p, const profile::sysctls& s);

/// `rules::reserved` in the form that scans read.
[[nodiscard]] port_bitmap reserved_ports(const rules& r);

/// The moment of a call in the units in which the kernel compares.
struct kernel_time {
  std::int64_t ms = 0;       ///< milliseconds (tw_entry_stamp, 6.14)
  std::int64_t seconds = 0;  ///< whole seconds (ts_recent_stamp), boot phase included
  std::uint64_t window = 0;  ///< floor(jiffies / (10 * HZ)), 0 where hash_resalt is 0: the port
                             ///< hash changes with it
};

/// The ports one call may try: [low, high), and whether IP_LOCAL_PORT_RANGE was used.
struct effective_range {
  std::uint32_t low = 0;
  std::uint32_t high = 0;  ///< one past the last
  bool local = false;
};

/// inet_sk_get_local_port_range(): each bound of the socket's option counts only where it lies
/// inside the sysctl's range; {0, 0} is "not set", 0 in one place is "that end of the sysctl's
/// range".
[[nodiscard]] effective_range range_for(const rules& r, port_range socket_option);

}  // namespace fourtuple::ports
