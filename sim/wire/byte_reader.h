// Reads numbers in network order from bytes that may end too soon: reading past the end gives zeros
// and remembers it, so that a parser asks once, at the end.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fourtuple::wire {

class byte_reader {
 public:
  explicit byte_reader(std::string_view bytes) : bytes_(bytes) {}

  std::uint8_t u8() {
    if (bytes_.empty()) {
      good_ = false;
      return 0;
    }
    const auto v = static_cast<std::uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return v;
  }
  std::uint16_t u16() {
    const unsigned high = u8();
    return static_cast<std::uint16_t>(high << 8 | u8());
  }
  std::uint32_t u32() {
    const std::uint32_t high = u16();
    return high << 16 | u16();
  }
  void skip(std::size_t n) { static_cast<void>(part(n)); }
  /// The next n bytes as a reader of their own.
  byte_reader part(std::size_t n) {
    if (n > bytes_.size()) good_ = false;
    const byte_reader p(bytes_.substr(0, n));
    bytes_.remove_prefix(std::min(n, bytes_.size()));
    return p;
  }
  [[nodiscard]] std::string rest() const { return std::string(bytes_); }
  [[nodiscard]] std::size_t left() const { return bytes_.size(); }
  /// Nothing was read that was not there.
  [[nodiscard]] bool good() const { return good_; }

 private:
  std::string_view bytes_;
  bool good_ = true;
};

}  // namespace fourtuple::wire
