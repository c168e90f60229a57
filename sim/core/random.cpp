#include "sim/core/random.h"

#include <bit>

namespace fourtuple::core {
namespace {

__extension__ using wide = unsigned __int128;

// -ln(u) as a fixed-point number with 58 fraction bits. u = m * 2^-e with m in [1, 2): -ln u =
// e ln 2 - ln m; ln m by the binary logarithm, one bit per squaring.
constexpr std::uint64_t ln2_58 = 199'786'072'581'291'495ULL;  // ln 2 * 2^58, rounded

std::uint64_t log2_fraction(std::uint64_t m) {  // m in [2^63, 2^64): log2(m / 2^63) * 2^58
  std::uint64_t bits = 0;
  for (int i = 0; i < 58; ++i) {
    const wide square = static_cast<wide>(m) * m;  // [2^126, 2^128)
    bits <<= 1;
    if ((square >> 127) != 0) {
      bits |= 1;
      m = static_cast<std::uint64_t>(square >> 64);
    } else {
      m = static_cast<std::uint64_t>(square >> 63);
    }
  }
  return bits;
}

}  // namespace

std::uint64_t philox(std::uint64_t key, std::uint64_t a, std::uint64_t b) {
  std::uint32_t c0 = static_cast<std::uint32_t>(a), c1 = static_cast<std::uint32_t>(a >> 32);
  std::uint32_t c2 = static_cast<std::uint32_t>(b), c3 = static_cast<std::uint32_t>(b >> 32);
  std::uint32_t k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{0xD2511F53U} * c0;
    const std::uint64_t p1 = std::uint64_t{0xCD9E8D57U} * c2;
    const auto n0 = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ k0;
    const auto n2 = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c1 = static_cast<std::uint32_t>(p1);
    c3 = static_cast<std::uint32_t>(p0);
    c0 = n0;
    c2 = n2;
    k0 += 0x9E3779B9U;
    k1 += 0xBB67AE85U;
  }
  return (std::uint64_t{c1} << 32) | c0;
}

std::uint64_t stream_key(std::uint64_t seed, std::uint32_t entity, purpose what) {
  return philox(seed, entity, static_cast<std::uint64_t>(what) + 1);
}

std::int64_t exponential_ns(std::uint64_t bits, std::int64_t mean_ns) {
  if (bits == UINT64_MAX) return 0;  // u = 1
  const std::uint64_t u = bits + 1;
  const int zeros = std::countl_zero(u);
  const std::uint64_t m = u << zeros;
  // u / 2^64 = (m / 2^63) * 2^-(zeros + 1)
  const wide log2_58 = (static_cast<wide>(zeros + 1) << 58) - log2_fraction(m);
  const wide ln_58 = (log2_58 * ln2_58) >> 58;
  return static_cast<std::int64_t>((ln_58 * static_cast<wide>(mean_ns)) >> 58);
}

}  // namespace fourtuple::core
