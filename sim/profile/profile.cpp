// The profiles' numbers. Letters in brackets are sections of the kernel reading; "v4.4" is that
// release's source as remembered [K], because it was not at hand.
#include "sim/profile/profile.h"

#include "sim/profile/nearest.h"

#include <array>
#include <chrono>

namespace fourtuple::profile {
namespace {

using namespace std::chrono_literals;

// A machine of the size on which the truth was recorded: 262,144 established-hash entries [0.3].
constexpr std::uint32_t ehash_entries = 262'144;

constexpr port_rules linux_6_18_ports{
    .default_range = {32768, 60999},           // ip-sysctl.rst, measured
    .connect = connect_allocator::hash_table,  // [A.2]
    .bind = bind_allocator::odd_first,         // [B.2]
    .perturb_entries = 65536,                  // INET_TABLE_PERTURB_ORDER 16 [A.2]
    .hash_resalt = 10s,                        // secure_ipv4_port_ephemeral [A.2]
    .noise_steps = 8,                          // [A.2] step 9
    .has_local_port_range_option = true,       // 6.3 [A.9]
    .local_range_step = 1,                     // 6.8 [A.9]
    .bucket_recompute = true,                  // 6.18 [A.6], measured
    .first_owner_sets_reuse = false,           // 6.8, measured on 6.18
    .has_bind_address_no_port = true,          // 4.2 [A.9]
    .unprivileged_start = 1024,                // PROT_SOCK
};

constexpr time_wait_rules linux_6_18_time_wait{
    .length = 60s,                                // TCP_TIMEWAIT_LEN, include/net/tcp.h
    .reuse_clock = tw_reuse_clock::milliseconds,  // 6.14 [A.5]
    .reuse_default = 2,                           // 4.19, tcp_sk_init
    .reuse_max = 2,                               // 4.19
    .max_buckets = ehash_entries / 2,             // tcp_set_hashinfo
};

constexpr tcp_rules linux_6_18_tcp{
    .initial_rto = 1s,                       // TCP_TIMEOUT_INIT, RFC 6298 2.1
    .fallback_rto = 3s,                      // TCP_TIMEOUT_FALLBACK, RFC 6298 5.7
    .min_rto = 200ms,                        // TCP_RTO_MIN, tcp_rto_min_us
    .max_rto = 120s,                         // TCP_RTO_MAX, tcp_rto_max_ms
    .syn_retries = 6,                        // tcp_sk_init, measured
    .synack_retries = 5,                     // tcp_sk_init, measured
    .syn_linear_timeouts = 4,                // 6.5, measured
    .delayed_ack_min = 40ms,                 // TCP_DELACK_MIN = HZ/25 [E.9]
    .delayed_ack_max = 200ms,                // TCP_DELACK_MAX = HZ/5 [E.9]
    .max_quick_acks = 16,                    // TCP_MAX_QUICKACKS [F.6]
    .initial_cwnd = 10,                      // TCP_INIT_CWND, RFC 6928
    .rmem_default = 131'072,                 // tcp_init, measured
    .rmem_max = 33'554'432,                  // 6.17, measured
    .wmem_default = 16'384,                  // tcp_init, measured
    .wmem_max = 4'194'304,                   // tcp_init, measured
    .initial_window_segments = 0,            // no cap since 4.20: 64240 on MTU 1500 [F.2]
    .somaxconn = 4096,                       // 5.4
    .max_syn_backlog = ehash_entries / 128,  // tcp_set_hashinfo
    .strict_sequence = true,                 // 6.17 [M]
    .checks_tsecr = true,                    // 6.15, tcp_check_req() [M]
    .whole_first_window = true,              // 6.11, tcp_select_initial_window() [M]
    .fin_needs_cwnd = true,                  // 6.14, tcp_cwnd_test()
    .psh_on_tso = true,                      // 5.4, __tcp_transmit_skb()
    .space_when_sent = true,                 // 5.19, tcp_event_new_data_sent()
    .challenge_ack_for_unsent = true,        // in 6.18.44 [M]
    .challenge_ack_for_inexact_rst_in_syn_received = true,  // [C.4]
    .timestamp_offset_per_tuple = true,                     // seen on 6.18.44 [M]
    .rack = true,                                           // tcp_recovery = 1 [F.5]
};

constexpr host_profile linux_6_18() {
  return {.name = "linux-6.18",
          .version = {6, 18},
          .hz = 250,
          .is_linux = true,
          .foreign_source_is_unreachable = true,  // 5.4, ip_route_output_key_hash_rcu()
          .small_heads = true,                    // 6.3, SKB_SMALL_HEAD_CACHE_SIZE [M]
          .datagram_must_fit = true,              // 6.15, __udp_enqueue_schedule_skb() [M]
          .udp_releases_in_batches = true,        // 4.10, udp_rmem_release() [M]
          .ports = linux_6_18_ports,
          .time_wait = linux_6_18_time_wait,
          .tcp = linux_6_18_tcp};
}

// Debian 12's 6.1.192: stable backports included, so IP_LOCAL_PORT_RANGE is there.
constexpr host_profile linux_6_1() {
  auto p = linux_6_18();
  p.name = "linux-6.1";
  p.version = {6, 1};
  p.ports.local_range_step = 2;                             // 1 since 6.8
  p.small_heads = false;                                    // 6.3
  p.datagram_must_fit = false;                              // 6.15
  p.ports.bucket_recompute = false;                         // 6.18
  p.ports.first_owner_sets_reuse = true;                    // 6.8
  p.time_wait.reuse_clock = tw_reuse_clock::whole_seconds;  // ms since 6.14
  p.tcp.syn_linear_timeouts = 0;                            // absent in 6.1
  p.tcp.rmem_max = 6'291'456;                               // [0.3]
  p.tcp.strict_sequence = false;                            // 6.17
  p.tcp.checks_tsecr = false;                               // 6.15
  p.tcp.whole_first_window = false;                         // 6.11
  p.tcp.fin_needs_cwnd = false;                             // 6.14
  p.tcp.challenge_ack_for_unsent = false;                   // not backported to 6.1 [M]
  return p;
}

constexpr host_profile linux_4_4() {
  auto p = linux_6_1();
  p.name = "linux-4.4";
  p.version = {4, 4};
  p.tcp.psh_on_tso = false;                              // 5.4
  p.tcp.space_when_sent = false;                         // 5.19
  p.udp_releases_in_batches = false;                     // 4.10
  p.foreign_source_is_unreachable = false;               // 5.4
  p.ports.connect = connect_allocator::sequential_hash;  // v4.4 __inet_hash_connect
  p.ports.perturb_entries = 0;                           // 5.12
  p.ports.hash_resalt = 0s;                              // 5.18
  p.ports.noise_steps = 0;                               // 5.18
  p.ports.has_local_port_range_option = false;           // 6.3
  p.time_wait.reuse_default = 0;                         // 2 since 4.19
  p.time_wait.reuse_max = 1;                             // 2 since 4.19
  p.tcp.rmem_default = 87'380;                           // 131072 since 4.20 [K]
  p.tcp.initial_window_segments = 20;                    // 29200 on MTU 1500, v4.4 [K]
  p.tcp.somaxconn = 128;                                 // 4096 since 5.4
  p.tcp.max_syn_backlog = ehash_entries / 256;           // v4.4 tcp_init [K]
  p.tcp.challenge_ack_for_inexact_rst_in_syn_received = false;
  p.tcp.timestamp_offset_per_tuple = false;
  p.tcp.rack = false;  // on by default since 4.18 [K]
  return p;
}

// The textbook: RFC 6335 for the range, RFC 6056 for the choice, RFC 9293 for TIME-WAIT. Everything
// on which these are silent is as on the newest Linux.
constexpr host_profile iana() {
  auto p = linux_6_18();
  p.name = "iana";
  p.is_linux = false;
  p.ports.default_range = {49152, 65535};             // RFC 6335 section 6: dynamic ports
  p.ports.connect = connect_allocator::random_start;  // RFC 6056 3.3.1
  p.ports.bind = bind_allocator::random_start;        // RFC 6056 3.3.1
  p.ports.perturb_entries = 0;
  p.ports.hash_resalt = 0s;
  p.ports.noise_steps = 0;
  p.time_wait.length = 240s;      // RFC 9293 3.4.2, 3.6.1: 2 MSL of 2 min
  p.time_wait.reuse_default = 0;  // RFC 6191 is a MAY for incoming SYNs only
  p.tcp.syn_linear_timeouts = 0;  // RFC 6298 5.5: doubles at once
  return p;
}

constexpr std::array profiles{linux_6_18(), linux_6_1(), linux_4_4(), iana()};

constexpr std::array<std::string_view, 3> not_yet{"windows", "macos", "freebsd"};
constexpr std::array<std::string_view, 8> names{"linux-6.18", "linux-6.1", "linux-4.4", "iana",
                                                "linux",      "windows",   "macos",     "freebsd"};

}  // namespace

profile_lookup find_profile(std::string_view name) {
  if (name == "linux") return {&newest_linux(), {}};
  for (const auto& p : profiles)
    if (p.name == name) return {&p, {}};
  for (const auto later : not_yet)
    if (later == name) return {nullptr, "'" + std::string(name) + "' is not yet modelled"};
  auto hint = did_you_mean(name, names);
  if (hint.empty()) hint = " (linux-6.18, linux-6.1, linux-4.4 or iana)";
  return {nullptr, "unknown profile '" + std::string(name) + "'" + hint};
}

const host_profile& newest_linux() { return profiles.front(); }
std::span<const host_profile> all_profiles() { return profiles; }
std::span<const std::string_view> all_profile_names() { return names; }

}  // namespace fourtuple::profile
