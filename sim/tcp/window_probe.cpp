// What waits for a window is asked about (tcp_output.c: tcp_send_probe0(), tcp_write_wakeup();
// tcp_timer.c: tcp_probe_timer(); tcp_input.c: tcp_ack_probe(); RFC 9293 3.8.6.1).
#include "sim/tcp/recovery.h"

namespace fourtuple::tcp::detail {
namespace {

/// tcp_probe0_base()
std::uint32_t base_of(const tcb& t, const limits& l) {
  return std::max<std::uint32_t>(t.rto, jiffies_of_ms(200, l));
}

/// tcp_probe0_when() and tcp_clamp_probe0_to_user_timeout()
std::uint32_t next_probe_in(const context& k) {
  const std::uint64_t when = std::uint64_t{base_of(k.t, k.l)}
                             << std::min<unsigned>(k.t.backoff, 10);
  const std::uint64_t most = jiffies_of_ms(k.l.rto_max_ms, k.l);
  auto wait = static_cast<std::uint32_t>(std::min(when, most));
  if (k.t.opt.user_timeout_ms == 0 || k.x.probing_since == 0) return wait;
  const std::uint32_t limit = jiffies_of_ms(k.t.opt.user_timeout_ms, k.l);
  const std::uint32_t elapsed = jiffy(k.c) - k.x.probing_since;
  const std::uint32_t left = limit > elapsed + 2 ? limit - elapsed : 2;  // TCP_TIMEOUT_MIN
  return std::min(wait, left);
}

/// tcp_probe_timer()'s look at how long and how often it was asked.
bool asked_enough(const context& k) {
  const tcb& t = k.t;
  if (k.x.probing_since == 0) {
    k.x.probing_since = jiffy(k.c) | 1U;
  } else if (t.opt.user_timeout_ms != 0 &&
             jiffy(k.c) - k.x.probing_since >= jiffies_of_ms(t.opt.user_timeout_ms, k.l)) {
    return true;
  }
  return t.probes >= (t.orphan ? boundary_of(t, k.l) : k.l.retries2);
}

/// tcp_write_wakeup(): what fits a window that was too small to be worth it, else a segment before
/// the window that makes the peer answer (tcp_xmit_probe_skb()).
void wake_up(const context& k) {
  tcb& t = k.t;
  const std::int32_t room = wire::distance(t.snd_nxt, t.snd_una + t.snd_wnd);
  if (room <= 0) {
    compose(t, t.snd_una - 1, wire::ack, 0, k.l, k.c, k.out);
    return;
  }
  std::uint32_t bytes = 0;
  if (!k.x.unsent.empty()) {
    const std::uint32_t length = k.x.unsent.front().end - t.snd_nxt;
    bytes = std::min({length, static_cast<std::uint32_t>(room), std::uint32_t{t.mss_cache}});
  }
  if (send_part(k, bytes, true)) rearm_rto(k);
}

}  // namespace

void check_probe_timer(const context& k) {
  if (!k.x.sent.empty() || k.t.pending != pending::none) return;
  k.t.pending = pending::zero_window_probe;
  k.out.arm(timer::retransmit, base_of(k.t, k.l));
}

bool window_probe(const context& k) {
  if (asked_enough(k)) return false;
  wake_up(k);
  if (!k.x.sent.empty()) {
    k.t.probes = 0;
    k.t.backoff = 0;
    k.x.probing_since = 0;
    return true;
  }
  ++k.t.probes;
  if (k.t.backoff < k.l.retries2) ++k.t.backoff;
  k.out.arm(timer::retransmit, next_probe_in(k));
  return true;
}

void window_probe_answered(const context& k) {
  tcb& t = k.t;
  if (t.snd_nxt == t.write_seq) return;
  const seq head_end = k.x.unsent.size() <= 1 ? t.write_seq : k.x.unsent.front().end;
  if (!wire::after(head_end, t.snd_una + t.snd_wnd)) {
    t.backoff = 0;
    k.x.probing_since = 0;
    if (t.pending == pending::zero_window_probe) {
      t.pending = pending::none;
      k.out.cancel(timer::retransmit);
    }
  } else {
    t.pending = pending::zero_window_probe;
    k.out.arm(timer::retransmit, next_probe_in(k));
  }
}

}  // namespace fourtuple::tcp::detail
