// The sysctls of a host: their real names, real syntax, limits as the kernel enforces them, and the
// plain struct the models read. A name that the models do not use is an error, not a silent no-op.
// Sysctls are per host (network namespace); the global ones of Linux (tcp_max_orphans) too, because
// a simulated host is a machine.
#pragma once

#include "sim/profile/profile.h"

#include <fourtuple/time.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fourtuple::profile {

/// A set of ports as sorted, disjoint, non-adjacent ranges.
class port_set {
 public:
  void add(port_range r);
  [[nodiscard]] bool contains(std::uint16_t port) const;
  /// How many of its ports lie in r.
  [[nodiscard]] std::uint32_t count_in(port_range r) const;
  [[nodiscard]] bool empty() const { return ranges_.empty(); }
  [[nodiscard]] std::span<const port_range> ranges() const { return ranges_; }
  friend bool operator==(const port_set&, const port_set&) = default;

 private:
  std::vector<port_range> ranges_;
};

/// net.ipv4.tcp_congestion_control, as far as it is modelled.
enum class congestion_control : std::uint8_t { cubic, reno };

/// What the models read. Fields bear the last part of the sysctl's name; times are durations.
struct sysctls {
  // ports
  port_range ip_local_port_range;
  port_set ip_local_reserved_ports;
  std::uint16_t ip_unprivileged_port_start = 1024;  ///< ports below need root; 0: none does
  bool ip_autobind_reuse = false;
  bool ip_nonlocal_bind = false;
  std::uint8_t ip_default_ttl = 64;
  // TIME-WAIT and closing
  std::uint8_t tcp_tw_reuse = 2;        ///< 0 never, 1 always, 2 loopback only
  duration tcp_tw_reuse_delay{};        ///< 1 ms .. 60 s (6.14)
  duration tcp_fin_timeout{};           ///< orphaned FIN-WAIT-2
  std::int32_t tcp_max_tw_buckets = 0;  ///< above it a TIME-WAIT is not kept
  std::int32_t tcp_max_orphans = 0;
  std::uint8_t tcp_orphan_retries = 0;  ///< 0 means 8 [E.5]
  bool tcp_rfc1337 = false;
  // listening
  std::int32_t somaxconn = 4096;  ///< net.core.somaxconn
  std::int32_t tcp_max_syn_backlog = 0;
  std::uint8_t tcp_syncookies = 1;  ///< 0 off, 1 when the queue is full, 2 always
  bool tcp_abort_on_overflow = false;
  bool tcp_migrate_req = false;  ///< 5.14
  std::uint8_t tcp_synack_retries = 5;
  // connecting and retransmitting
  std::uint8_t tcp_syn_retries = 6;  ///< 1 .. 127
  std::uint8_t tcp_syn_linear_timeouts = 4;
  std::uint8_t tcp_retries2 = 15;
  duration tcp_rto_min{};  ///< tcp_rto_min_us (6.11)
  duration tcp_rto_max{};  ///< tcp_rto_max_ms (6.15)
  // options and replies
  std::uint8_t tcp_timestamps = 1;  ///< 0 off, 1 with random offset, 2 without
  bool tcp_sack = true;
  bool tcp_window_scaling = true;
  std::uint8_t tcp_ecn = 2;  ///< 0 never, 1 offered and accepted, 2 accepted (RFC 3168)
  bool tcp_ecn_fallback = true;
  bool tcp_backlog_ack_defer = true;  ///< 6.7
  duration tcp_invalid_ratelimit{};   ///< between two replies to invalid segments; 0: no limit
  // losses and the congestion window
  congestion_control tcp_congestion_control = congestion_control::cubic;
  std::uint8_t tcp_early_retrans = 3;  ///< 3 and 4: tail loss probes
  std::uint8_t tcp_frto = 2;           ///< 0 off
  std::int32_t tcp_reordering = 3;     ///< segments
  std::int32_t tcp_max_reordering = 300;
  bool tcp_retrans_collapse = true;
  bool tcp_slow_start_after_idle = true;
  bool tcp_moderate_rcvbuf = true;
  // ICMP errors
  duration icmp_ratelimit{};               ///< between two errors to one peer, in bursts of 6; 0: none
  std::int32_t icmp_ratemask = 6168;       ///< the types that are limited, bit by bit
  std::int32_t icmp_msgs_per_sec = 1000;   ///< of the limited types, to all peers together
  std::int32_t icmp_msgs_burst = 50;
  // keepalive defaults of a new socket
  duration tcp_keepalive_time{};
  duration tcp_keepalive_intvl{};
  std::uint8_t tcp_keepalive_probes = 9;
  // buffers: min, default, max in bytes
  std::array<std::int32_t, 3> tcp_rmem{};
  std::array<std::int32_t, 3> tcp_wmem{};

  friend bool operator==(const sysctls&, const sysctls&) = default;
};

/// One modelled sysctl, for lists and documentation.
struct sysctl_info {
  std::string_view name;    ///< "net.ipv4.tcp_tw_reuse"
  std::string_view syntax;  ///< "two ports, LOW HIGH", "0 .. 2"
  kernel_version since;     ///< {0, 0}: older than every profile
  std::string_view doc;     ///< one line
};
[[nodiscard]] std::span<const sysctl_info> modelled_sysctls();

/// What a freshly booted host of that profile has.
[[nodiscard]] sysctls boot_sysctls(const host_profile& p);

/// Writes one sysctl as `sysctl -w name=text` would. Nothing on success; else why not, in words: an
/// unknown name (with the nearest one), one not yet modelled, one that this profile's kernel does
/// not have, a value the kernel refuses. `s` is unchanged then.
[[nodiscard]] std::optional<std::string> set_sysctl(sysctls& s, const host_profile& p,
                                                    std::string_view name, std::string_view text);
/// Reads one as `sysctl -n name` prints it; nothing where set_sysctl knows no such name.
[[nodiscard]] std::optional<std::string> read_sysctl(const sysctls& s, const host_profile& p,
                                                     std::string_view name);

}  // namespace fourtuple::profile
