// The running digest of what one entity did: 64 bits folded from small records, always on. Digests of
// entities are combined in entity order, so that neither threads nor the order of insertion show.
#pragma once

#include <cstdint>

namespace fourtuple::core {

class digest {
 public:
  /// One record: when, and three words that say what. Two of the four are spread over all bits, so
  /// that they do not cancel what the others say.
  void add(std::int64_t at, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    fold(a ^ static_cast<std::uint64_t>(at) * spread, b ^ (c + 1) * spread);
  }
  /// One number, of another entity.
  void add(std::uint64_t value) { add(0, value, 0, 0); }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  static constexpr std::uint64_t spread = 0x9e3779b97f4a7c15ULL;  ///< the golden ratio's digits
  void fold(std::uint64_t x, std::uint64_t y) {
    __extension__ using wide = unsigned __int128;
    const wide product = static_cast<wide>(value_ ^ x) * y;
    value_ = static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }
  std::uint64_t value_ = 0x243f6a8885a308d3ULL;  ///< pi's, to begin with
};

}  // namespace fourtuple::core
