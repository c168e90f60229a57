// Sequence numbers of TCP: 32 bits, modulo 2^32 (RFC 9293 3.4). Comparing two is only meaningful
// within 2^31 of each other, as the kernel's before() and after() do.
#pragma once

#include <cstdint>

namespace fourtuple::wire {

using seq = std::uint32_t;

[[nodiscard]] constexpr std::int32_t distance(seq from, seq to) {
  return static_cast<std::int32_t>(to - from);
}
[[nodiscard]] constexpr bool before(seq a, seq b) { return distance(b, a) < 0; }
[[nodiscard]] constexpr bool after(seq a, seq b) { return before(b, a); }
[[nodiscard]] constexpr bool at_or_before(seq a, seq b) { return !before(b, a); }
[[nodiscard]] constexpr bool at_or_after(seq a, seq b) { return !before(a, b); }

}  // namespace fourtuple::wire
