// The congestion window by CUBIC (RFC 9438; net/ipv4/tcp_cubic.c): after a loss it grows along a
// cubic curve whose flat part is the window of the loss, never slower than Reno's; slow start ends
// where HyStart sees the path fill up (the ACKs of a round spread, or its round trips grow), before
// a loss.

#include "sim/tcp/recovery.h"

namespace fourtuple::tcp::detail {
namespace {

// The module's parameters as they are unless somebody sets them, and what it computes from them.
constexpr std::uint32_t beta_scale = 1024;
constexpr std::uint32_t beta = 717;                // of beta_scale: what a loss leaves
constexpr std::uint32_t time_shift = 10;           // BICTCP_HZ: times are 1/1024 s
constexpr std::uint64_t cube_rtt_scale = 41 * 10;  // C = 0.04 at a round trip of 100 ms
constexpr std::uint64_t cube_factor = (std::uint64_t{1} << (10 + 3 * time_shift)) / cube_rtt_scale;
constexpr std::uint32_t reno_scale = 8 * (beta_scale + beta) / 3 / (beta_scale - beta);
constexpr std::uint32_t hystart_least_cwnd = 16;      // hystart_low_window
constexpr std::int32_t hystart_ack_gap_us = 2000;     // hystart_ack_delta_us
constexpr std::uint8_t hystart_samples = 8;           // HYSTART_MIN_SAMPLES
constexpr std::uint64_t largest_burst = detail::gso_max_size;

cubic_state& state_of(const context& k) {
  if (k.t.cubic == 0) {
    k.t.cubic = k.out.cubics->take();
    (*k.out.cubics)[k.t.cubic].min_delay_us = k.t.min_rtt_us;
  }
  return (*k.out.cubics)[k.t.cubic];
}

/// The largest number whose cube is at most `a`. DEVIATION: the kernel's cubic_root() is out by up
/// to a few thousandths; seen in when a window grows, by as much.
std::uint32_t cube_root(std::uint64_t a) {
  std::uint64_t root = 0;
  for (int bit = 21; bit >= 0; --bit) {
    const std::uint64_t more = root | std::uint64_t{1} << static_cast<unsigned>(bit);
    if (more * more * more <= a) root = more;
  }
  return static_cast<std::uint32_t>(root);
}

void begin_epoch(cubic_state& s, std::uint32_t cwnd, std::uint32_t acked, std::uint32_t now) {
  s.epoch_start = now;
  s.acked = acked;
  s.reno_cwnd = cwnd;
  s.k = s.last_max_cwnd <= cwnd ? 0 : cube_root(cube_factor * (s.last_max_cwnd - cwnd));
  s.origin = std::max(s.last_max_cwnd, cwnd);
}

/// W_cubic(t) of RFC 9438 4.2, a round trip ahead, as segments to be acknowledged per growth by
/// one.
std::uint32_t cubic_count(const cubic_state& s, std::uint32_t cwnd, std::uint32_t now,
                          const limits& l) {
  const auto since = std::uint64_t{now - s.epoch_start} + jiffies_of_us(s.min_delay_us, l);
  const std::uint64_t t = (since << time_shift) / l.hz;
  const bool below = t < s.k;
  const std::uint64_t away = below ? s.k - t : t - s.k;
  const auto delta =
      static_cast<std::uint32_t>((cube_rtt_scale * away * away * away) >> (10 + 3 * time_shift));
  const std::uint32_t target = below ? s.origin - delta : s.origin + delta;
  std::uint32_t count = 100 * cwnd;
  // Unsigned, as in the kernel: a target that wrapped is far above.
  if (target > cwnd) count = cwnd / (target - cwnd);
  // Before the first loss nobody knows how much fits.
  if (s.last_max_cwnd == 0) count = std::min(count, 20U);
  return count;
}

/// W_est of RFC 9438 4.3: never slower than Reno.
void keep_up_with_reno(cubic_state& s, std::uint32_t cwnd) {
  const std::uint32_t each = (cwnd * reno_scale) >> 3;
  while (s.acked > each) {
    s.acked -= each;
    ++s.reno_cwnd;
  }
  if (s.reno_cwnd > cwnd) s.count = std::min(s.count, cwnd / (s.reno_cwnd - cwnd));
}

// ---- HyStart ------------------------------------------------------------------------------------

/// bictcp_hystart_reset()
void begin_round(const context& k) {
  k.x.round_began_us = k.x.train_us = k.c.us;
  k.x.round_end = k.t.snd_nxt;
  k.x.round_rtt_us = ~0U;
  k.x.round_samples = 0;
}

/// hystart_ack_delay(): by how much a burst of the largest size may spread the ACKs; at most 1 ms.
std::uint64_t burst_delay_us(const tcb& t) {
  // tcp_update_pacing_rate(): bytes per second, with headroom.
  const std::uint64_t percent = t.cwnd < t.ssthresh / 2 ? 200 : 120;
  const std::uint64_t rate =
      std::uint64_t{t.mss_cache} * 80'000 * percent * t.cwnd / std::max(t.srtt_us8, 1U);
  return rate == 0 ? 0 : std::min<std::uint64_t>(1000, largest_burst * 4 * 1'000'000 / rate);
}

void end_slow_start(const context& k, counter how, counter at_cwnd) {
  k.t.slow_start_ended = true;
  k.t.ssthresh = k.t.cwnd;
  k.out.count(how);
  k.out.count(at_cwnd, k.t.cwnd);
}

/// hystart_update()
void look_for_a_full_path(const context& k, std::uint32_t rtt_us, std::uint32_t min_delay_us) {
  if (k.x.round_began_us == 0 || wire::after(k.t.snd_una, k.x.round_end)) begin_round(k);
  if (k.t.cwnd < hystart_least_cwnd) return;
  if (static_cast<std::int32_t>(k.c.us - k.x.train_us) <= hystart_ack_gap_us) {
    k.x.train_us = k.c.us;
    const std::uint64_t most = (min_delay_us + burst_delay_us(k.t)) / 2;  // nothing is paced
    if (k.c.us - k.x.round_began_us > most)
      end_slow_start(k, counter::TcpExtTCPHystartTrainDetect, counter::TcpExtTCPHystartTrainCwnd);
  }
  k.x.round_rtt_us = std::min(k.x.round_rtt_us, rtt_us);
  if (k.x.round_samples < hystart_samples) {
    ++k.x.round_samples;
  } else if (k.x.round_rtt_us > min_delay_us + std::clamp(min_delay_us >> 3, 4000U, 16000U)) {
    end_slow_start(k, counter::TcpExtTCPHystartDelayDetect, counter::TcpExtTCPHystartDelayCwnd);
  }
}

}  // namespace

void cubic::note_acked(const context& k, std::uint32_t rtt_us) {
  rtt_us = std::max(rtt_us, 1U);
  std::uint32_t min_delay_us = std::min(k.t.min_rtt_us, rtt_us);
  if (k.t.cubic != 0) {
    cubic_state& s = state_of(k);
    // Right after a recovery samples are not what the path is like.
    if (s.epoch_start != 0 &&
        static_cast<std::int32_t>(jiffy(k.c) - s.epoch_start) < static_cast<std::int32_t>(k.l.hz))
      return;
    if (s.min_delay_us == 0 || s.min_delay_us > rtt_us) s.min_delay_us = rtt_us;
    min_delay_us = s.min_delay_us;
  }
  if (!k.t.slow_start_ended && k.t.cwnd < k.t.ssthresh)
    look_for_a_full_path(k, rtt_us, min_delay_us);
}

std::uint32_t cubic::growth_count(const context& k, std::uint32_t acked) {
  cubic_state& s = state_of(k);
  const std::uint32_t cwnd = k.t.cwnd;
  const std::uint32_t now = jiffy(k.c);
  s.acked += acked;
  const auto age = static_cast<std::int32_t>(now - s.last_time);
  if (s.last_cwnd == cwnd && age <= static_cast<std::int32_t>(k.l.hz / 32)) return s.count;
  // The curve is looked at once a jiffy; a reduction ends the epoch and so has it looked at again.
  if (s.epoch_start == 0 || now != s.last_time) {
    s.last_cwnd = cwnd;
    s.last_time = now;
    if (s.epoch_start == 0) begin_epoch(s, cwnd, acked, now);
    s.count = cubic_count(s, cwnd, now, k.l);
  }
  keep_up_with_reno(s, cwnd);
  s.count = std::max(s.count, 2U);  // by half in a round trip, not more
  return s.count;
}

std::uint32_t cubic::ssthresh(const context& k) {
  cubic_state& s = state_of(k);
  s.epoch_start = 0;
  // Fast convergence (RFC 9438 4.7): who lost below the last maximum makes room for others.
  s.last_max_cwnd =
      k.t.cwnd < s.last_max_cwnd ? k.t.cwnd * (beta_scale + beta) / (2 * beta_scale) : k.t.cwnd;
  return std::max<std::uint32_t>(k.t.cwnd * beta / beta_scale, 2);
}

void cubic::note_time_out(const context& k) {
  state_of(k).reset();
  k.t.slow_start_ended = false;
  begin_round(k);
}

void cubic::note_first_of_a_flight(const context& k) {
  if (k.t.cubic == 0) return;
  cubic_state& s = state_of(k);
  const std::uint32_t now = jiffy(k.c);
  const auto idle = static_cast<std::int32_t>(now - k.t.last_send);
  if (s.epoch_start == 0 || idle <= 0) return;
  // What was idle was not growth.
  s.epoch_start += static_cast<std::uint32_t>(idle);
  if (static_cast<std::int32_t>(s.epoch_start - now) > 0) s.epoch_start = now;
}

}  // namespace fourtuple::tcp::detail
