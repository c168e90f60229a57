// The number that a datagram carries and its reply repeats, as DNS, NTP and QUIC have one: so a
// reply that is late or comes twice is known for what it is. It stands in front, readable where a
// script looks at the bytes: "#0000002a".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fourtuple::apps {

class request_number {
 public:
  /// Bytes it takes; a datagram that is smaller carries none.
  static constexpr std::size_t size = 9;

  explicit request_number(std::uint64_t number) : value_(static_cast<std::uint32_t>(number)) {}
  /// What the datagram begins with; nothing where that is no number.
  [[nodiscard]] static std::optional<request_number> read(std::string_view datagram) {
    if (datagram.size() < size || datagram[0] != '#') return std::nullopt;
    std::uint32_t value = 0;
    for (const char c : datagram.substr(1, size - 1)) {
      const auto digit = digits.find(c);
      if (digit == digits.npos) return std::nullopt;
      value = value << 4 | static_cast<std::uint32_t>(digit);
    }
    return request_number{value};
  }
  [[nodiscard]] std::array<char, size> text() const {
    std::array<char, size> out{'#'};
    for (std::size_t i = 1; i < size; ++i) out[i] = digits[value_ >> (4 * (size - 1 - i)) & 15];
    return out;
  }
  bool operator==(const request_number&) const = default;

 private:
  static constexpr std::string_view digits = "0123456789abcdef";
  std::uint32_t value_;  ///< as TCP's numbers it begins anew after 2^32
};

}  // namespace fourtuple::apps
