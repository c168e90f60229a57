// The randomness of one host's port allocation: every value is a function of (key, purpose, count),
// so that adding a draw of one purpose moves no other. Two equal `draws` will say the same for
// ever.
#pragma once

#include <cstdint>

#include "sim/core/random.h"
#include "sim/wire/four_tuple.h"

namespace fourtuple::ports {

/// A value of 32 bytes. The key is core::stream_key(seed, host, core::purpose::ports).
class draws {
 public:
  explicit draws(std::uint64_t key) : key_(key) {}

  /// get_random_u32_below(n) of __inet_hash_connect()'s noise: uniform in [0, n).
  [[nodiscard]] std::uint32_t noise(std::uint32_t n) { return below(purpose::noise, noise_++, n); }
  /// Where bind(0) or a random-start allocator begins: uniform in [0, n).
  [[nodiscard]] std::uint32_t start(std::uint32_t n) { return below(purpose::start, start_++, n); }
  /// The 32 random bits of udp_lib_get_port().
  [[nodiscard]] std::uint32_t udp() { return bits(purpose::udp, udp_++); }
  /// What entry `index` of the perturb table held when the table was filled. Not counted.
  [[nodiscard]] std::uint32_t perturb(std::uint32_t index) const {
    return bits(purpose::perturb, index);
  }
  /// secure_ipv4_port_ephemeral(): 64 keyed bits of where from, where to and when.
  [[nodiscard]] std::uint64_t port_offset(const wire::four_tuple& t, std::uint64_t window) const;

  friend bool operator==(const draws&, const draws&) = default;

 private:
  enum class purpose : std::uint64_t { noise, start, udp, perturb };
  [[nodiscard]] std::uint32_t bits(purpose p, std::uint64_t count) const {
    const std::uint64_t stream = key_ ^ static_cast<std::uint64_t>(p) << 56;
    return static_cast<std::uint32_t>(core::splitmix(stream, count) >> 32);
  }
  /// Multiply-and-shift: the bias is below n / 2^32, and one draw is one count.
  [[nodiscard]] std::uint32_t below(purpose p, std::uint64_t count, std::uint32_t n) const {
    return static_cast<std::uint32_t>((std::uint64_t{bits(p, count)} * n) >> 32);
  }

  std::uint64_t key_;
  std::uint64_t noise_ = 0;
  std::uint64_t start_ = 0;
  std::uint64_t udp_ = 0;
};

}  // namespace fourtuple::ports
