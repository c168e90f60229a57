// Receive windows (tcp_output.c: tcp_select_initial_window, __tcp_select_window; reference F.2).
//
// DEVIATION: memory is counted as twice the payload, not by the truesize of buffers; the window
// fields of a bulk transfer differ from the kernel's after the first tens of kilobytes.
#include <bit>

#include "sim/tcp/detail.h"

namespace fourtuple::tcp::detail {

initial_window first_window(std::uint32_t mss, bool scaling, std::uint32_t rcvbuf,
                            const limits& l) {
  initial_window w;
  std::uint32_t space = (rcvbuf != 0 ? rcvbuf : l.rmem_default) / 2;
  if (space > mss) space -= space % mss;
  w.window = std::min<std::uint32_t>(space, 65535);
  if (scaling) {
    std::uint32_t most = std::max({space, l.rmem_max, l.core_rmem_max});
    if (rcvbuf != 0) most = std::max(space, std::min(most, rcvbuf / 2));
    const int log2 = static_cast<int>(std::bit_width(most)) - 1;
    w.scale = static_cast<std::uint8_t>(std::clamp(log2 - 15, 0, 14));
  }
  return w;
}

std::uint32_t full_window(const tcb& t, const limits& l) {
  return (t.opt.rcvbuf != 0 ? t.opt.rcvbuf : l.rmem_default) / 2;
}

std::uint16_t select_window(tcb& t, const limits& l, actions& out) {
  const std::uint32_t left = receive_window(t);
  const std::uint32_t full = full_window(t, l);
  const std::uint32_t used = readable(t);
  std::uint32_t space = full > used ? full - used : 0;
  const std::uint32_t mss = std::min<std::uint32_t>(t.rcv_mss != 0 ? t.rcv_mss : 536, full);
  const std::uint32_t below = (std::uint32_t{1} << t.rcv_wscale) - 1;  // what the field cannot say
  std::uint32_t window = 0;
  if (space < full / 2 && (space < full >> 4 || space < mss)) {
    window = 0;
  } else {
    space = std::min(space, t.rcv_ssthresh);
    window =
        t.rcv_wscale != 0 ? (space + below) & ~below : (space > mss ? space - space % mss : space);
  }
  // The right edge never moves left (RFC 9293 3.8.6.2.1).
  if (window < left) window = (left + below) & ~below;
  if (window == 0 && t.rcv_wnd != 0) out.count(counter::TcpExtTCPToZeroWindowAdv);
  if (window != 0 && t.rcv_wnd == 0 && t.rcv_wup != 0)
    out.count(counter::TcpExtTCPFromZeroWindowAdv);
  window = std::min<std::uint32_t>(window, std::uint32_t{65535} << t.rcv_wscale);
  t.rcv_wnd = window;
  t.rcv_wup = t.rcv_nxt;
  return static_cast<std::uint16_t>(window >> t.rcv_wscale);
}

void grow_window(tcb& t, std::uint32_t length, const limits& l) {
  if (length < 128) return;
  const std::uint32_t most = std::max(full_window(t, l), t.rcv_ssthresh);
  t.rcv_ssthresh =
      std::min(t.rcv_ssthresh + std::max<std::uint32_t>(2 * t.advmss, 2 * length), most);
}

void begin_space_measurement(tcb& t, const limits& l, const clock& c) {
  t.rcvq_space = std::min({t.rcv_ssthresh, t.rcv_wnd, std::uint32_t{l.initial_cwnd} * t.advmss});
  t.rcvq_seq = t.copied_seq;
  t.rcvq_us = c.us;
}

void measure_receiver_rtt(tcb& t, const wire::segment& s, const clock& c) {
  if (!s.has_timestamps || s.ts_echo == 0 || s.ts_echo == t.rcv_rtt_echo) return;
  t.rcv_rtt_echo = s.ts_echo;
  if (s.length < t.rcv_mss) return;
  const std::uint32_t ms = std::max(c.ms - (s.ts_echo - t.ts_offset), 1U);
  const std::uint32_t us = ms * 1000;
  t.rcv_rtt_us8 = t.rcv_rtt_us8 == 0 ? us << 3 : t.rcv_rtt_us8 - (t.rcv_rtt_us8 >> 3) + us;
}

void adjust_receive_space(tcb& t, const limits& l, const clock& c, const actions& out) {
  if (t.rcv_rtt_us8 == 0 || c.us - t.rcvq_us < t.rcv_rtt_us8 >> 3) return;
  const std::uint32_t copied = t.copied_seq - t.rcvq_seq;
  const std::uint32_t waiting = t.rcv_nxt - t.copied_seq;
  const std::uint32_t taken = copied > waiting ? copied - waiting : 0;
  if (taken > t.rcvq_space) {
    t.rcvq_space = taken;
    // tcp_rcvbuf_grow(): room for twice of it, and for what waits behind a gap.
    const std::uint64_t window = std::uint64_t{taken} * 2 + out_of_order_span(t, out);
    const auto buffer = static_cast<std::uint32_t>(std::min<std::uint64_t>(window * 2, l.rmem_max));
    const std::uint32_t now = t.opt.rcvbuf != 0 ? t.opt.rcvbuf : l.rmem_default;
    if (l.moderate_rcvbuf && !t.opt.rcvbuf_locked && buffer > now) t.opt.rcvbuf = buffer;
  }
  t.rcvq_seq = t.copied_seq;
  t.rcvq_us = c.us;
}

void expand_send_buffer(tcb& t, const limits& l) {
  if (t.opt.sndbuf_locked) return;
  const std::uint32_t segments = std::max<std::uint32_t>(t.cwnd, l.initial_cwnd);
  const std::uint32_t wanted = 4 * (effective_mss(t) + 400) * segments;
  t.opt.sndbuf = std::max(t.opt.sndbuf, std::min(wanted, l.wmem_max));
}

}  // namespace fourtuple::tcp::detail
