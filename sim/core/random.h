// Randomness as a function of (key, count): Philox4x32-10 (Salmon et al., SC 2011). No state, no order
// of calls: adding a draw in one place moves none in another (DESIGN 4.4). Integers only.
#pragma once

#include <cstdint>

namespace fourtuple::core {

/// What a stream is for. Closed: a new use gets a new purpose and disturbs nobody.
enum class purpose : std::uint32_t {
  ports,
  isn,
  ts_offset,
  timer_phase,
  process,
  syn_cookie,
  reuseport,
  boot_clock,
  loss,
  jitter,
  icmp_limit,
};

/// 64 bits, the same on every platform. `key` 64 bits, (a, b) the 128-bit counter.
[[nodiscard]] std::uint64_t philox(std::uint64_t key, std::uint64_t a, std::uint64_t b);

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): a bijection in which every input bit moves
/// every output bit,
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}
/// and the number `n` of the stream that begins at `key`: for one that is drawn with every
/// connection.
[[nodiscard]] constexpr std::uint64_t splitmix(std::uint64_t key, std::uint64_t n) {
  return mix(key + 0x9e3779b97f4a7c15ULL * (n + 1));
}
/// A keyed 64-bit mix of one number: for hashes that the kernel keys (ISN, time stamp offset), where
/// Philox would be ten rounds too many.
[[nodiscard]] constexpr std::uint64_t keyed_mix(std::uint64_t key, std::uint64_t x) {
  x = (x ^ key) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 29) ^ (key >> 7)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 32);
}

/// The key of one entity's stream for one purpose.
[[nodiscard]] std::uint64_t stream_key(std::uint64_t seed, std::uint32_t entity, purpose what);

/// Uniform in [0, n), n > 0, of 64 random bits by multiply-and-shift: the bias is below n / 2^64.
[[nodiscard]] constexpr std::uint64_t below(std::uint64_t bits, std::uint64_t n) {
  __extension__ using wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<wide>(bits) * n) >> 64);
}

/// floor(-ln(u) * mean_ns) for u = (bits + 1) / 2^64: a gap of a Poisson process, in integers only.
[[nodiscard]] std::int64_t exponential_ns(std::uint64_t bits, std::int64_t mean_ns);

}  // namespace fourtuple::core
