#include "sim/host/udp_memory.h"

#include <algorithm>
#include <bit>

namespace fourtuple::host {
namespace {

constexpr std::uint32_t sk_buff = 256;
constexpr std::uint32_t shared_info = 320;
constexpr std::uint32_t link_header = 31;  ///< LL_RESERVED_SPACE and 15 to align
constexpr std::uint32_t udp_header = 8;

constexpr std::uint32_t header_of(family f) { return f == family::inet ? 20 : 40; }

/// Of a packet of that size with its IP header. SKB_MAX_ALLOC: a larger one takes page fragments.
std::uint32_t one_buffer(std::uint32_t packet, bool small_heads) {
  constexpr std::uint32_t small_head = 576;
  constexpr std::uint32_t largest_head = 16384 - shared_info;
  const std::uint32_t head = packet + link_header;
  if (small_heads && head <= 256) return sk_buff + small_head;
  if (head >= largest_head) return packet + sk_buff + small_head;
  return sk_buff + std::bit_ceil(std::max(head + shared_info, 512U));
}

}  // namespace

std::uint64_t truesize_of(const wire::datagram& d, family f, bool small_heads) {
  const std::uint32_t header = header_of(f);
  std::uint32_t left = d.length + udp_header;
  if (d.fragment_mtu == 0) return one_buffer(left + header, small_heads);
  const std::uint32_t headers = header + (f == family::inet ? 0U : 8U);
  const std::uint32_t each = (d.fragment_mtu - headers) & ~7U;
  // ip_frag_reasm(): one small fragment fits behind the first.
  const std::uint32_t first = one_buffer(each + headers, small_heads);
  const std::uint32_t used = sk_buff + shared_info + link_header + each + headers;
  if (left > each && left - each + used <= first) return first;
  std::uint64_t all = 0;
  for (; left > each; left -= each) all += first;
  return all + one_buffer(left + headers, small_heads);
}

}  // namespace fourtuple::host
