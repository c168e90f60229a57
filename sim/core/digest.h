// The running digest of what one entity did: 64 bits folded from small records, always on. Digests of
// entities are combined in entity order, so that neither threads nor the order of insertion show.
#pragma once

#include <cstdint>

namespace fourtuple::core {

class digest {
 public:
  /// One record: when, what, and up to three numbers.
  void add(std::int64_t at, std::uint64_t what, std::uint64_t a = 0, std::uint64_t b = 0) {
    fold(static_cast<std::uint64_t>(at) ^ (what << 48), a);
    fold(b, what);
  }
  void fold(std::uint64_t x, std::uint64_t y) {
    __extension__ using wide = unsigned __int128;
    const wide product = static_cast<wide>(value_ ^ x ^ 0x9e3779b97f4a7c15ULL) *
                         (y ^ 0xbf58476d1ce4e5b9ULL ^ (value_ << 1));
    value_ = static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
    value_ += ++count_;
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0x243f6a8885a308d3ULL;
  std::uint64_t count_ = 0;
};

}  // namespace fourtuple::core
