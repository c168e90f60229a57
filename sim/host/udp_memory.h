// What a datagram costs the receive buffer.
#pragma once

#include <fourtuple/address.h>

#include <cstdint>

#include "sim/wire/packet.h"

namespace fourtuple::host {

/// skb->truesize of a datagram in a receive queue, bytes: of its one buffer, or of those of its
/// fragments (__ip_append_data(), ip_frag_reasm()). `small_heads`: of the profile.
[[nodiscard]] std::uint64_t truesize_of(const wire::datagram& d, family f, bool small_heads);

}  // namespace fourtuple::host
