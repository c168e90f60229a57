// Receive windows (tcp_output.c: tcp_select_initial_window, __tcp_select_window; reference F.2).
//
// DEVIATION: memory is counted as twice the payload, not by the truesize of buffers, and the receive
// buffer grows whenever a reader keeps up, not by measured round trips; the window fields of a bulk
// transfer differ from the kernel's after the first tens of kilobytes.
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
    std::uint32_t most = std::max(space, l.rmem_max);
    if (rcvbuf != 0) most = std::max(space, std::min(most, rcvbuf / 2));
    const int log2 = static_cast<int>(std::bit_width(most)) - 1;
    w.scale = static_cast<std::uint8_t>(std::clamp(log2 - 15, 0, 14));
  }
  return w;
}

std::uint16_t select_window(tcb& t, const limits& l, actions& out) {
  const std::uint32_t left = receive_window(t);
  const std::uint32_t full = (t.opt.rcvbuf != 0 ? t.opt.rcvbuf : l.rmem_default) / 2;
  const std::uint32_t used = readable(t);
  std::uint32_t space = full > used ? full - used : 0;
  const std::uint32_t mss = std::min<std::uint32_t>(t.rcv_mss != 0 ? t.rcv_mss : 536, full);
  const std::uint32_t below = (std::uint32_t{1} << t.rcv_wscale) - 1;  // what the field cannot say
  std::uint32_t window = 0;
  if (space < full / 2 && (space < full >> 4 || space < mss)) {
    window = 0;
  } else {
    space = std::min(space, t.rcv_ssthresh);
    window = t.rcv_wscale != 0 ? (space + below) & ~below
                               : (space > mss ? space - space % mss : space);
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
  const std::uint32_t full = (t.opt.rcvbuf != 0 ? t.opt.rcvbuf : l.rmem_default) / 2;
  t.rcv_ssthresh = std::min(t.rcv_ssthresh + 2 * t.advmss, std::max(full, t.rcv_ssthresh));
}

}  // namespace fourtuple::tcp::detail
