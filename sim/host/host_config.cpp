#include "sim/host/host_config.h"

#include "sim/host/option_rules.h"

namespace fourtuple::host {
namespace {

std::uint32_t ms(duration d) { return static_cast<std::uint32_t>(ns(d) / 1'000'000); }
std::uint32_t seconds(duration d) { return static_cast<std::uint32_t>(ns(d) / 1'000'000'000); }

}  // namespace

tcp::limits limits_of(const profile::host_profile& p, const profile::sysctls& s, std::uint32_t hz) {
  tcp::limits l;
  l.hz = hz;
  l.rto_initial_ms = ms(p.tcp.initial_rto);
  l.rto_min_us = static_cast<std::uint32_t>(ns(s.tcp_rto_min) / 1000);
  l.rto_max_ms = ms(s.tcp_rto_max);
  l.syn_retries = s.tcp_syn_retries;
  l.syn_linear_timeouts = s.tcp_syn_linear_timeouts;
  l.synack_retries = s.tcp_synack_retries;
  l.retries2 = s.tcp_retries2;
  l.orphan_retries = s.tcp_orphan_retries;
  l.timestamps = s.tcp_timestamps != 0;
  l.sack = s.tcp_sack;
  l.window_scaling = s.tcp_window_scaling;
  l.ecn_requested = s.tcp_ecn == 1;
  l.ecn_accepted = s.tcp_ecn != 0;
  l.ecn_fallback = s.tcp_ecn_fallback;
  l.abort_on_overflow = s.tcp_abort_on_overflow;
  l.rfc1337 = s.tcp_rfc1337;
  l.challenge_unsent_ack = p.tcp.challenge_ack_for_unsent;
  l.strict_end_seq = p.tcp.strict_sequence;
  l.check_tsecr = p.tcp.checks_tsecr;
  l.first_window_segments = p.tcp.initial_window_segments;
  l.whole_first_window = p.tcp.whole_first_window;
  l.fin_needs_cwnd = p.tcp.fin_needs_cwnd;
  l.psh_on_tso = p.tcp.psh_on_tso;
  l.space_when_sent = p.tcp.space_when_sent;
  l.backlog_ack_defer = s.tcp_backlog_ack_defer;
  l.invalid_ratelimit_ms = ms(s.tcp_invalid_ratelimit);
  l.fin_timeout_s = seconds(s.tcp_fin_timeout);
  l.time_wait_s = seconds(p.time_wait.length);
  l.keepalive_time_s = seconds(s.tcp_keepalive_time);
  l.keepalive_intvl_s = seconds(s.tcp_keepalive_intvl);
  l.keepalive_probes = s.tcp_keepalive_probes;
  l.rmem_default = static_cast<std::uint32_t>(s.tcp_rmem[1]);
  l.rmem_max = static_cast<std::uint32_t>(s.tcp_rmem[2]);
  l.core_rmem_max = core_buffer_max(p);
  l.wmem_default = static_cast<std::uint32_t>(s.tcp_wmem[1]);
  l.wmem_max = static_cast<std::uint32_t>(s.tcp_wmem[2]);
  l.cubic = s.tcp_congestion_control == profile::congestion_control::cubic;
  l.initial_cwnd = static_cast<std::uint8_t>(p.tcp.initial_cwnd);
  l.reordering = static_cast<std::uint16_t>(s.tcp_reordering);
  l.max_reordering = static_cast<std::uint16_t>(s.tcp_max_reordering);
  l.frto = s.tcp_frto != 0;
  l.loss_probes = s.tcp_early_retrans >= 3;
  l.retrans_collapse = s.tcp_retrans_collapse;
  l.slow_start_after_idle = s.tcp_slow_start_after_idle;
  l.moderate_rcvbuf = s.tcp_moderate_rcvbuf;
  return l;
}

}  // namespace fourtuple::host
