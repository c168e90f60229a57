// IP addresses and endpoints as a program names them. Values: copied, compared, printed. The models
// inside the simulator use interned 32-bit ids instead (sim/wire/address_table.h).
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fourtuple {

enum class family : std::uint8_t { inet, inet6 };

/// An IPv4 or IPv6 address. IPv4 stands in the first four bytes, network order. The default is
/// 0.0.0.0. No scope ids: link-local addresses are not modelled.
struct ip_address {
  std::array<std::uint8_t, 16> bytes{};
  fourtuple::family family = fourtuple::family::inet;

  friend auto operator<=>(const ip_address&, const ip_address&) = default;
  friend constexpr bool operator==(const ip_address& a, const ip_address& b) {
    __extension__ using word = unsigned __int128;  // compared without a copy
    return a.family == b.family && std::bit_cast<word>(a.bytes) == std::bit_cast<word>(b.bytes);
  }

  [[nodiscard]] static ip_address any(fourtuple::family f);
  [[nodiscard]] static ip_address loopback(fourtuple::family f);
  [[nodiscard]] static ip_address v4(std::uint8_t a, std::uint8_t b, std::uint8_t c,
                                     std::uint8_t d);
  /// ::ffff:a.b.c.d of an IPv4 address (RFC 4291 2.5.5.2).
  [[nodiscard]] static ip_address mapped(const ip_address& v4);

  [[nodiscard]] bool is_any() const;        ///< 0.0.0.0 or ::
  [[nodiscard]] bool is_loopback() const;   ///< 127.0.0.0/8, ::1 or ::ffff:127.0.0.0/104
  [[nodiscard]] bool is_multicast() const;  ///< 224.0.0.0/4 or ff00::/8
  [[nodiscard]] bool is_broadcast() const;  ///< 255.255.255.255 only
  [[nodiscard]] bool is_v4_mapped() const;
  [[nodiscard]] ip_address unmapped() const;  ///< the IPv4 address of a mapped one, else itself
};

/// "10.0.0.1", "::1" (RFC 5952), without brackets.
[[nodiscard]] std::string to_string(const ip_address& a);
/// inet_pton(3) syntax, both families; nothing if it is not an address.
[[nodiscard]] std::optional<ip_address> parse_address(std::string_view text);

/// One end of a conversation: address and port. Port 0 means "not chosen".
struct endpoint {
  ip_address address;
  std::uint16_t port = 0;
  friend auto operator<=>(const endpoint&, const endpoint&) = default;
};

/// "10.0.0.1:80", "[::1]:80".
[[nodiscard]] std::string to_string(const endpoint& e);
/// The reverse; nothing where address or port (0-65535, decimal) is not one.
[[nodiscard]] std::optional<endpoint> parse_endpoint(std::string_view text);

}  // namespace fourtuple
