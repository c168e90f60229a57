#include "sim/wire/size.h"

#include <algorithm>

namespace fourtuple::wire {

std::uint32_t option_bytes(const segment& s) {
  std::uint32_t n = 0;
  if (s.mss != 0) n += 4;
  if (s.has_timestamps) n += 12;  // SACK permitted takes the place of its padding
  if (s.sack_permitted && !s.has_timestamps) n += 4;
  if (s.window_scale != segment::no_window_scale) n += 4;
  if (s.sack_count != 0) n += 4 + 8U * s.sack_count;
  return n;
}

std::uint32_t ip_bytes(const packet& p, bool ipv6) {
  const std::uint32_t header = ipv6 ? 40 : 20;
  if (const auto* s = std::get_if<segment>(&p)) return header + 20 + option_bytes(*s) + s->length;
  if (const auto* d = std::get_if<datagram>(&p)) return header + 8 + d->length;
  // What is quoted: the whole header and eight bytes or more; Linux quotes up to 576 bytes.
  const auto& e = std::get<icmp_error>(p);
  const std::uint32_t quoted = header + (e.protocol == protocol::tcp ? 40 : 8) + e.quoted_length;
  const std::uint32_t most = ipv6 ? 1280 : 576;
  return std::min(header + 8 + quoted, most);
}

std::uint16_t fragments_of(const datagram& d, bool ipv6) {
  if (d.fragment_mtu == 0) return 1;
  const std::uint32_t header = ipv6 ? 40 + 8 : 20;  // IPv6: and a fragment header
  const std::uint32_t room = d.fragment_mtu - header;
  std::uint32_t left = 8 + d.length;
  std::uint16_t n = 1;
  for (; left > room; ++n) left -= room & ~7U;  // RFC 791: all but the last hold eights of bytes
  return n;
}

}  // namespace fourtuple::wire
