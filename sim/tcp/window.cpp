// Receive windows (tcp_output.c: tcp_select_initial_window, __tcp_select_window; reference F.2).
#include <bit>
#include <utility>

#include "sim/tcp/recovery.h"

namespace fourtuple::tcp::detail {

namespace {

/// tcp_default_init_rwnd(): of larger segments fewer, two at least.
std::uint32_t most_at_first(std::uint32_t mss, const limits& l) {
  constexpr std::uint32_t usual = 1460;
  const std::uint32_t cap = l.first_window_segments;
  return mss * (mss > usual ? std::max(usual * cap / mss, 2U) : cap);
}

}  // namespace

initial_window first_window(std::uint32_t mss, bool scaling, std::uint32_t rcvbuf,
                            const limits& l) {
  initial_window w;
  std::uint32_t space = (rcvbuf != 0 ? rcvbuf : l.rmem_default) / 2;
  if (space > mss) space -= space % mss;
  w.window = l.whole_first_window ? space : window_of_syn(space);
  if (l.first_window_segments != 0) w.window = std::min(w.window, most_at_first(mss, l));
  if (scaling) {
    std::uint32_t most = std::max({space, l.rmem_max, l.core_rmem_max});
    if (rcvbuf != 0) most = std::max(space, std::min(most, rcvbuf / 2));
    const int log2 = static_cast<int>(std::bit_width(most)) - 1;
    w.scale = static_cast<std::uint8_t>(std::clamp(log2 - 15, 0, 14));
  }
  return w;
}

namespace {

/// skb->truesize of a segment. A direct path hands the sender's buffer over, its payload in page
/// fragments; most drivers put headers, headroom, payload and skb_shared_info in a power of two.
std::uint32_t truesize(const tcb& t, std::uint32_t length) {
  if (t.direct_path) return length + buffer_overhead;
  constexpr std::uint32_t headers_and_headroom = 52 + 64;
  return std::bit_ceil(length + headers_and_headroom + shared_info) + sk_buff;
}

/// tcp_space(), where `full` is tcp_full_space().
std::uint32_t free_of(const tcb& t, std::uint32_t full, const limits& l, const actions& out) {
  const std::uint32_t used = receive_memory(t, out);
  if (t.direct_path && used != 0) {
    const std::uint32_t buffer = receive_buffer(t, l);
    return buffer > used ? window_of(t, buffer - used) : 0;
  }
  return full > used ? full - used : 0;
}

/// __tcp_grow_window(): a segment that wastes memory lets the window grow while it is small.
std::uint32_t growth_by_waste(const tcb& t, std::uint32_t length, const limits& l) {
  std::uint32_t wasted = window_of(t, truesize(t, length)) >> 1;
  std::uint32_t window = window_of(t, l.rmem_max) >> 1;
  for (; t.rcv_ssthresh <= window; wasted >>= 1, window >>= 1)
    if (wasted <= length) return 2U * t.rcv_mss;
  return 0;
}

}  // namespace

std::uint32_t window_clamp(const tcb& t, const limits& l) {
  const std::uint32_t full = full_window(t, l);
  if (t.window_ratio != default_ratio || full <= 2U * t.advmss) return full;
  return std::max(2U * t.advmss, full - t.advmss);
}

bool buffer_is_full(const tcb& t, const limits& l, const actions& out) {
  return receive_memory(t, out) > receive_buffer(t, l);
}

void note_full_segment(tcb& t, std::uint32_t length, const limits& l) {
  const std::uint32_t before = full_window(t, l);
  t.window_ratio = static_cast<std::uint8_t>(
      std::clamp<std::uint32_t>((length << 8) / truesize(t, length), 1, 255));
  // tcp_set_window_clamp()
  const std::uint32_t clamp = full_window(t, l);
  if (clamp < before) {
    t.rcv_ssthresh = std::min(t.rcv_ssthresh, clamp);
  } else {
    t.rcv_ssthresh = std::max(std::min(t.rcv_wnd, clamp), t.rcv_ssthresh);
  }
  t.rcvq_space = std::min(t.rcvq_space, clamp);
}

std::uint32_t window_beside_text(tcb& t, const limits& l, const actions& out) {
  const std::uint32_t allowed = full_window(t, l);
  const std::uint32_t full = window_clamp(t, l);
  const std::uint32_t mss = std::min<std::uint32_t>(t.rcv_mss, full);
  std::uint32_t space = free_of(t, allowed, l, out);
  if (space < full / 2) {
    t.ack_quick = 0;
    space = space >> t.rcv_wscale << t.rcv_wscale;
    if (space < allowed >> 4 || space < mss) return 0;
  }
  space = std::min(space, t.rcv_ssthresh);
  if (t.rcv_wscale != 0) return whole_units(t, space);
  const std::uint32_t window = t.rcv_wnd;
  if (window + mss <= space || window > space) return space - space % mss;
  return mss == full && space > window + full / 2 ? space : window;
}

std::uint16_t select_window(tcb& t, const limits& l, actions& out) {
  const std::uint32_t left = receive_window(t);
  const std::uint32_t before = t.rcv_wnd;
  std::uint32_t window = next_window(t, l, out);
  if (window < left) {  // The right edge never moves left (RFC 9293 3.8.6.2.1).
    if (window == 0) [[unlikely]] out.count(counter::TcpExtTCPWantZeroWindowAdv);
    window = whole_units(t, left);
  }
  t.rcv_wnd = window;
  t.rcv_wup = t.rcv_nxt;
  const std::uint32_t field = std::min<std::uint32_t>(window >> t.rcv_wscale, 65535);
  if ((field == 0) != (before == 0)) [[unlikely]]
    out.count(field == 0 ? counter::TcpExtTCPToZeroWindowAdv : counter::TcpExtTCPFromZeroWindowAdv);
  return static_cast<std::uint16_t>(field);
}

void grow_window(tcb& t, std::uint32_t length, const limits& l, const actions& out) {
  if (length < 128) return;
  const std::uint32_t full = full_window(t, l);
  const std::uint32_t most = std::min(window_clamp(t, l), free_of(t, full, l, out));
  if (most <= t.rcv_ssthresh) return;
  // truesize_adjust(): what a direct path hands over has nothing but payload.
  const bool dense = t.direct_path || window_of(t, truesize(t, length)) <= length;
  const std::uint32_t growth = dense ? 2U * t.advmss : growth_by_waste(t, length, l);
  if (growth == 0) return;
  t.rcv_ssthresh += std::min(most - t.rcv_ssthresh, std::max(growth, 2 * length));
  t.ack_quick |= 1U;  // let the sender know soon
}

void begin_space_measurement(tcb& t, const limits& l, const clock& c) {
  const std::uint32_t hint = std::min<std::uint32_t>({t.advmss, t.mss, t.rcv_wnd / 2, 536});
  t.rcv_mss = static_cast<std::uint16_t>(std::max(hint, 88U));
  t.rcv_ssthresh = std::min(t.rcv_ssthresh, window_clamp(t, l));
  t.rcvq_space = std::min({t.rcv_ssthresh, t.rcv_wnd, std::uint32_t{l.initial_cwnd} * t.advmss});
  t.rcvq_seq = t.copied_seq;
  t.rcvq_us = c.us;
}

void measure_receiver_rtt(tcb& t, const wire::segment& s, const clock& c) {
  if (!s.has_timestamps || s.ts_echo == 0 || s.ts_echo == t.rcv_rtt_echo) return;
  t.rcv_rtt_echo = s.ts_echo;
  if (s.length < t.rcv_mss) return;
  const std::uint32_t us = (c.ms - (s.ts_echo - t.ts_offset)) * 1000;
  if (us == 0) return;
  // tcp_rcv_rtt_update(): the least counts; what waits to be read says more of the reader.
  if (t.rcv_rtt_us8 == 0 || us << 3 < t.rcv_rtt_us8) {
    t.rcv_rtt_us8 = us << 3;
  } else if (readable(t) == 0) {
    t.rcv_rtt_us8 += us - (t.rcv_rtt_us8 >> 3);
  }
}

void grow_receive_buffer(tcb& t, std::uint32_t taken, const limits& l, const actions& out) {
  const std::uint32_t before = std::exchange(t.rcvq_space, taken);
  if (!l.moderate_rcvbuf || t.opt.rcvbuf_locked) return;
  // The measurement is a round trip late, and the sender may double what it sends in one.
  std::uint64_t window = std::uint64_t{taken} * 2;
  window += window * (taken - before) / std::max(before, 1U) * 2;
  window += out_of_order_span(t, out);
  const std::uint64_t space = std::min<std::uint64_t>((window << 8) / t.window_ratio, l.rmem_max);
  if (space > receive_buffer(t, l)) t.opt.rcvbuf = static_cast<std::uint32_t>(space);
}

void adjust_receive_space(tcb& t, const limits& l, const clock& c, const actions& out) {
  if (t.rcv_rtt_us8 == 0 || c.us - t.rcvq_us < t.rcv_rtt_us8 >> 3) return;
  const std::uint32_t copied = t.copied_seq - t.rcvq_seq;
  const std::uint32_t waiting = t.rcv_nxt - t.copied_seq;
  const std::uint32_t taken = copied > waiting ? copied - waiting : 0;
  if (taken > t.rcvq_space) grow_receive_buffer(t, taken, l, out);
  t.rcvq_seq = t.copied_seq;
  t.rcvq_us = c.us;
}

void expand_send_buffer(tcb& t, const limits& l) {
  if (t.opt.sndbuf_locked) return;
  const std::uint32_t head = max_tcp_header + shared_info;
  const std::uint32_t each = std::bit_ceil(std::max(t.mss, t.mss_cache) + head) + sk_buff;
  const std::uint32_t segments =
      std::max({std::uint32_t{t.cwnd}, std::uint32_t{l.initial_cwnd}, t.reordering + 1U});
  t.opt.sndbuf = std::max(t.opt.sndbuf, std::min(2 * each * segments, l.wmem_max));
}

}  // namespace fourtuple::tcp::detail
