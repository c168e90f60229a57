// Operating systems as data: every number in which the modelled systems differ, with its source.
// The models (ports, tcp, host) take a `const host_profile&` and never ask for its name. What a
// user can change at run time is a sysctl (sysctl.h); what is compiled into a kernel stands here.
//
// Sources: [A] [B] [K] ... are sections of the kernel reading kept with the project's references,
// RFCs are named; "[K]" after a number means known but not re-read.
#pragma once

#include <fourtuple/time.h>

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fourtuple::profile {

/// A kernel release, for "since" comparisons: {6, 18}.
struct kernel_version {
  std::uint16_t major = 0;
  std::uint16_t minor = 0;
  friend constexpr auto operator<=>(const kernel_version&, const kernel_version&) = default;
};

/// Inclusive port range.
struct port_range {
  std::uint16_t low = 0;
  std::uint16_t high = 0;
  friend constexpr auto operator<=>(const port_range&, const port_range&) = default;
  [[nodiscard]] constexpr std::uint32_t size() const { return std::uint32_t{high} - low + 1u; }
  [[nodiscard]] constexpr bool contains(std::uint16_t p) const { return low <= p && p <= high; }
};

/// How connect() (and so autobind) picks a port where none was bound.
enum class connect_allocator : std::uint8_t {
  /// Linux >= 5.18: RFC 6056 algorithm 4; 64-bit hash of (saddr, daddr, dport, 10 s window), 65536
  /// perturb entries, the low parity first, random noise of 0..7 steps [A.2].
  hash_table,
  /// Linux 4.2 .. 5.11: hash of (saddr, daddr, dport) plus ONE global hint; parity of `low` first,
  /// then the other; after success hint += i + 2. No noise, no table (v4.4 __inet_hash_connect).
  sequential_hash,
  /// RFC 6056 algorithm 1 ("simple port randomization"): an independent random start, then +1 with
  /// wrap; a port serves several destinations (four-tuples must differ).
  random_start,
};

/// How bind(0) picks a port.
enum class bind_allocator : std::uint8_t {
  /// Linux >= 4.2: independent random start, the parity opposite to `low` first, step 2; halves
  /// with
  /// SO_REUSEADDR [B.2].
  odd_first,
  /// RFC 6056 algorithm 1: independent random start, then +1 with wrap.
  random_start,
};

/// From when on a TIME-WAIT may be taken over by an automatic connect() under tcp_tw_reuse [A.5].
enum class tw_reuse_clock : std::uint8_t {
  whole_seconds,  ///< < 6.14: now in whole seconds > stamp of the last timestamped segment
  milliseconds,   ///< >= 6.14: now_ms > entry stamp + tcp_tw_reuse_delay
};

struct port_rules {
  port_range default_range;  ///< ip_local_port_range at boot
  connect_allocator connect;
  bind_allocator bind;
  std::uint32_t perturb_entries;     ///< size of the perturb table; 0: none
  duration hash_resalt;              ///< the hash changes this often; 0: never
  std::uint8_t noise_steps;          ///< noise = max(i, rand(0 .. noise_steps - 1) * step)
  bool has_local_port_range_option;  ///< IP_LOCAL_PORT_RANGE: 6.3, backported to 6.1.y [M]
  std::uint8_t local_range_step;     ///< step with that option: 1 since 6.8, before 2 [A.9]
  bool bucket_recompute;             ///< >= 6.18: an all-connect bucket goes back to -1/-1 [A.6]
  bool first_owner_sets_reuse;  ///< < 6.8: the first to bind decides fastreuse (update_fastreuse)
  bool has_bind_address_no_port;     ///< IP_BIND_ADDRESS_NO_PORT: 4.2 [A.9]
  std::uint16_t unprivileged_start;  ///< below it bind() needs root (a sysctl since 4.11)
};

struct time_wait_rules {
  duration length;  ///< TIME-WAIT and the FIN-WAIT-2 record's ceiling
  tw_reuse_clock reuse_clock;
  std::uint8_t reuse_default;  ///< tcp_tw_reuse at boot
  std::uint8_t reuse_max;      ///< highest known value: 2 (loopback only) since 4.19
  std::uint32_t max_buckets;   ///< tcp_max_tw_buckets at boot
};

struct tcp_rules {
  duration initial_rto;   ///< 1 s: RFC 6298 2.1, TCP_TIMEOUT_INIT
  duration fallback_rto;  ///< after a lost SYN without a sample: 3 s [E.3]
  duration min_rto;       ///< tcp_rto_min_us at boot
  duration max_rto;       ///< tcp_rto_max_ms at boot
  std::uint8_t syn_retries;
  std::uint8_t synack_retries;
  std::uint8_t syn_linear_timeouts;       ///< 4 since 6.5, before 0 (and no sysctl)
  duration delayed_ack_min;               ///< ATO_MIN, TCP_DELACK_MIN
  duration delayed_ack_max;               ///< TCP_DELACK_MAX
  std::uint32_t max_quick_acks;           ///< quick-ACK budget [F.6]
  std::uint32_t initial_cwnd;             ///< segments, RFC 6928
  std::uint32_t rmem_default;             ///< tcp_rmem[1], bytes; half of it is the first window
  std::uint32_t rmem_max;                 ///< tcp_rmem[2], bytes; decides the window scale [F.1]
  std::uint32_t wmem_default;             ///< tcp_wmem[1], bytes
  std::uint32_t wmem_max;                 ///< tcp_wmem[2], bytes
  std::uint32_t initial_window_segments;  ///< cap of the first window in MSS; 0: none (>= 4.20)
  std::int32_t somaxconn;
  std::int32_t max_syn_backlog;
  bool strict_sequence;           ///< 6.17: a segment past the window's right edge is refused
  bool checks_tsecr;              ///< 6.15: a half-open connection hears no TSecr it did not send
  bool whole_first_window;        ///< 6.11: the first window may be more than a SYN can say
  bool fin_needs_cwnd;            ///< 6.14: a small last segment with FIN waits for cwnd as others
  bool psh_on_tso;  ///< 5.4: what goes as one buffer of several segments ends with PSH
  bool space_when_sent;           ///< 5.19: SO_SNDBUF may grow with each buffer that goes
  bool challenge_ack_for_unsent;  ///< ACK of data never sent gets a challenge ACK (6.18.44)
  bool challenge_ack_for_inexact_rst_in_syn_received;  ///< [C.4] step 6
  bool timestamp_offset_per_tuple;                     ///< else per pair of addresses [D.3]
  bool rack;  ///< RACK-TLP loss detection (RFC 8985); else 3 dup ACKs + TLP
};

/// One operating system. All instances are constants of this layer and live for ever.
struct host_profile {
  std::string_view name;               ///< "linux-6.18"
  kernel_version version;              ///< whose sysctls and options exist
  std::uint16_t hz;                    ///< default tick, 1/s
  bool is_linux;                       ///< whether `hz` and `timers` may be set
  bool foreign_source_is_unreachable;  ///< 5.4: sending from an address not ours is ENETUNREACH,
                                       ///< not EINVAL
  bool small_heads;  ///< 6.3: a head of up to 256 bytes costs 576, not 512 or 1,024
  bool datagram_must_fit;              ///< 6.15: into SO_RCVBUF whole, or it is dropped
  bool udp_releases_in_batches;  ///< 4.10: what is read counts against SO_RCVBUF a while still
  port_rules ports;
  time_wait_rules time_wait;
  tcp_rules tcp;
};

/// A profile or why there is none, in words for the user ("'windows' is not yet modelled").
struct profile_lookup {
  const host_profile* profile = nullptr;
  std::string error;
};
/// By name; "linux" is the newest. Exact case.
[[nodiscard]] profile_lookup find_profile(std::string_view name);
/// The newest Linux, the default of a host.
[[nodiscard]] const host_profile& newest_linux();
/// All modelled profiles, newest Linux first.
[[nodiscard]] std::span<const host_profile> all_profiles();
/// Every name a file may use, aliases and the not yet modelled included (for "did you mean").
[[nodiscard]] std::span<const std::string_view> all_profile_names();

}  // namespace fourtuple::profile
