// Syncookies (net/ipv4/syncookies.c; reference C.9): the SYN's MSS in the ISN, its options in the low
// bits of the SYN-ACK's time stamp.
#include <array>

#include "sim/tcp/detail.h"

namespace fourtuple::tcp {

using namespace detail;

namespace {

constexpr std::array<std::uint16_t, 4> mss_table = {536, 1300, 1440, 1460};
constexpr std::uint32_t index_mask = 0xffffff;
constexpr std::uint32_t option_bits = 6;  // 4 window scale, 1 SACK, 1 ECN

std::uint32_t mss_index(std::uint16_t mss) {
  std::uint32_t i = mss_table.size() - 1;
  while (i != 0 && mss < mss_table[i]) --i;
  return i;
}

}  // namespace

seq make_cookie(const wire::segment& syn, cookie_keys k, const clock& c) {
  return k.first + syn.seq_number + (cookie_minute(c) << 24) +
         ((k.second + mss_index(syn.mss != 0 ? syn.mss : 536)) & index_mask);
}

request cookie_request(const wire::segment& syn, seq cookie, std::uint32_t ts_offset,
                       const path_facts& way, const socket_options& opt, const limits& l,
                       const clock& c) {
  wire::segment seen = syn;
  if (!syn.has_timestamps || !l.timestamps) {
    seen.sack_permitted = false;
    seen.window_scale = wire::segment::no_window_scale;
    seen.flags = wire::syn;
  }
  request r = open_request(seen, cookie, ts_offset, way, opt, l, c);
  if (r.timestamps) {
    // cookie_init_timestamp(): the options take the low bits, never moving into the future.
    const std::uint32_t options =
        (r.window_scaling ? r.snd_wscale : 0xfU) | (r.sack ? 0x10U : 0U) | (r.ecn_ok ? 0x20U : 0U);
    const std::uint32_t now = c.ms;
    std::uint32_t stamp = (now >> option_bits << option_bits) | options;
    if (stamp > now) stamp -= 1U << option_bits;
    r.ts_offset = stamp - now + ts_offset;
  }
  return r;
}

std::uint32_t cookie_age(const wire::segment& ack, std::uint32_t first_key, const clock& c) {
  const seq cookie = ack.ack_number - 1;
  const seq syn_seq = ack.seq_number - 1;
  const std::uint32_t inner = cookie - first_key - syn_seq;
  return (cookie_minute(c) - (inner >> 24)) & 0xff;
}

cookie_check check_cookie(const wire::segment& ack, cookie_keys k, std::uint32_t ts_offset,
                          const path_facts& way, const socket_options& opt, const limits& l,
                          const clock& c) {
  cookie_check answer;
  const seq cookie = ack.ack_number - 1;
  const seq syn_seq = ack.seq_number - 1;
  const std::uint32_t index = (cookie - k.first - syn_seq - k.second) & index_mask;
  if (index >= mss_table.size()) return answer;
  wire::segment syn;
  syn.tuple = ack.tuple;
  syn.seq_number = syn_seq;
  syn.flags = wire::syn;
  syn.mss = mss_table[index];
  syn.has_timestamps = ack.has_timestamps;
  syn.ts_value = ack.ts_value;
  if (ack.has_timestamps) {
    const std::uint32_t options = (ack.ts_echo - ts_offset) & ((1U << option_bits) - 1);
    syn.sack_permitted = (options & 0x10U) != 0;
    if ((options & 0x20U) != 0) syn.flags |= wire::ece | wire::cwr;
    if ((options & 0xfU) != 0xfU)
      syn.window_scale = static_cast<std::uint8_t>(options & 0xfU);
  }
  answer.rebuilt = open_request(syn, cookie, ts_offset, way, opt, l, c);
  // cookie_v4_check() measures the window in the peer's segments, where the SYN-ACK did in its own.
  answer.rebuilt.rcv_wnd =
      first_window(syn.mss, answer.rebuilt.window_scaling, opt.rcvbuf, l).window;
  answer.rebuilt.sent_us = 0;
  answer.valid = true;
  return answer;
}

}  // namespace fourtuple::tcp
