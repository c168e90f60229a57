// Everything a TCP decision takes from the outside: the host's sysctls and profile, resolved once
// per host into plain numbers. Socket options that change a rule for one connection stand in the
// tcb.
#pragma once

#include <fourtuple/time.h>

#include <cstdint>

namespace fourtuple::tcp {

/// Delays are jiffies of the host (1/hz s) where the kernel counts jiffies. Sources: sysctl names
/// in Documentation/networking/ip-sysctl.rst, constants of include/net/tcp.h.
struct limits {
  std::uint32_t hz = 250;
  std::uint32_t rto_initial_ms = 1000;       ///< TCP_TIMEOUT_INIT
  std::uint32_t rto_min_us = 200'000;        ///< tcp_rto_min_us
  std::uint32_t rto_max_ms = 120'000;        ///< tcp_rto_max_ms
  std::uint8_t syn_retries = 6;              ///< tcp_syn_retries
  std::uint8_t syn_linear_timeouts = 4;      ///< tcp_syn_linear_timeouts, 0 before 6.5
  std::uint8_t synack_retries = 5;           ///< tcp_synack_retries
  std::uint8_t retries2 = 15;                ///< tcp_retries2
  std::uint8_t orphan_retries = 0;           ///< tcp_orphan_retries; 0 means 8
  bool timestamps = true;                    ///< tcp_timestamps
  bool sack = true;                          ///< tcp_sack
  bool window_scaling = true;                ///< tcp_window_scaling
  bool ecn_requested = false;                ///< tcp_ecn 1
  bool ecn_accepted = true;                  ///< tcp_ecn 1 or 2
  bool ecn_fallback = true;                  ///< tcp_ecn_fallback
  bool abort_on_overflow = false;            ///< tcp_abort_on_overflow
  bool rfc1337 = false;                      ///< tcp_rfc1337
  bool challenge_unsent_ack = true;          ///< RFC 5961 5.2 in ESTABLISHED, 6.18.44
  bool strict_end_seq = true;                ///< 6.17+: SEG end must lie in the window
  bool check_tsecr = true;                   ///< 6.15+: tsecr_reject of tcp_check_req()
  bool whole_first_window = true;            ///< 6.11+: not cut to 65,535 bytes
  std::uint32_t first_window_segments = 0;  ///< before 4.20: of so many MSS at most; 0: no such cap
  bool fin_needs_cwnd = true;                ///< 6.14+: a small last segment may not exceed cwnd
  bool space_when_sent = true;               ///< 5.19+: tcp_check_space() with each buffer sent
  bool psh_on_tso = true;                    ///< 5.4+: what goes as one buffer ends with PSH
  bool backlog_ack_defer = true;             ///< tcp_backlog_ack_defer (6.7)
  std::uint32_t invalid_ratelimit_ms = 500;  ///< tcp_invalid_ratelimit
  std::uint32_t fin_timeout_s = 60;          ///< tcp_fin_timeout
  std::uint32_t time_wait_s = 60;            ///< TCP_TIMEWAIT_LEN
  std::uint32_t keepalive_time_s = 7200;     ///< tcp_keepalive_time
  std::uint32_t keepalive_intvl_s = 75;      ///< tcp_keepalive_intvl
  std::uint8_t keepalive_probes = 9;         ///< tcp_keepalive_probes
  std::uint8_t pingpong_thresh = 1;          ///< tcp_pingpong_thresh
  std::uint32_t rmem_default = 131072;       ///< tcp_rmem[1], bytes
  std::uint32_t rmem_max = 33554432;         ///< tcp_rmem[2], bytes
  std::uint32_t core_rmem_max = 4194304;     ///< net.core.rmem_max, bytes
  std::uint32_t wmem_default = 16384;        ///< tcp_wmem[1], bytes
  std::uint32_t wmem_max = 4194304;          ///< tcp_wmem[2], bytes
  bool cubic = true;                         ///< tcp_congestion_control is cubic, else reno
  std::uint8_t initial_cwnd = 10;            ///< TCP_INIT_CWND, RFC 6928
  std::uint16_t reordering = 3;              ///< tcp_reordering, segments
  std::uint16_t max_reordering = 300;        ///< tcp_max_reordering
  bool frto = true;                          ///< tcp_frto
  bool loss_probes = true;                   ///< tcp_early_retrans 3 or 4
  bool retrans_collapse = true;              ///< tcp_retrans_collapse
  bool moderate_rcvbuf = true;               ///< tcp_moderate_rcvbuf
  bool slow_start_after_idle = true;         ///< tcp_slow_start_after_idle
};

/// The clocks of one instant: virtual time for RTT samples and time stamps, in the units in which a
/// step wants it, and the host's jiffy, in which timers are counted (all move together; passing
/// them keeps step() free of hz arithmetic and of the host's boot phase).
struct clock {
  clock() : clock(instant{}, 0) {}
  clock(instant at, std::uint64_t jiffies)
      : now(at),
        jiffy(jiffies),
        us(whole(at, 1000) | 1U),
        ms(whole(at, 1'000'000)),
        seconds(whole(at, 1'000'000'000) + 1) {}

  /// Moves on to `at`, within the same millisecond and jiffy.
  void move_within_ms(instant at) {
    now = at;
    us = whole(at, 1000) | 1U;
  }

  instant now;
  std::uint64_t jiffy;
  std::uint32_t us;  ///< never 0, which means "not sampled"
  std::uint32_t ms;
  std::uint32_t seconds;  ///< from 1: 0 means "never"

 private:
  /// Virtual time is never negative, and dividing without a sign is cheaper.
  static std::uint32_t whole(instant at, std::uint64_t unit) {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(ns(at)) / unit);
  }
};

}  // namespace fourtuple::tcp
