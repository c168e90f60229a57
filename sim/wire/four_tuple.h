// Interned addresses and the four-tuple that names a TCP connection. Inside the simulator an address
// is a 32-bit id of the world's address_table, so a four-tuple is 12 bytes and IPv6 costs nothing.
#pragma once

#include <bit>
#include <compare>
#include <cstdint>

namespace fourtuple::wire {

/// An address of the world, by its number in the address_table. Value 0 is 0.0.0.0 and 1 is "::";
/// ids are given in the order of interning, which is the same in every run of a file.
struct address_id {
  std::uint32_t value = 0;
  friend auto operator<=>(const address_id&, const address_id&) = default;
};

inline constexpr address_id any_v4{0};
inline constexpr address_id any_v6{1};
[[nodiscard]] constexpr bool is_any(address_id a) { return a.value <= 1; }

/// One end as the owner of a socket sees it.
struct socket_name {
  address_id address;
  std::uint16_t port = 0;
  friend auto operator<=>(const socket_name&, const socket_name&) = default;
};

/// A connection as one of its ends sees it; the other end's is reversed().
struct four_tuple {
  address_id local;
  address_id remote;
  std::uint16_t local_port = 0;
  std::uint16_t remote_port = 0;
  friend auto operator<=>(const four_tuple&, const four_tuple&) = default;

  [[nodiscard]] constexpr four_tuple reversed() const {
    return {remote, local, remote_port, local_port};
  }
};
static_assert(sizeof(four_tuple) == 12);

/// Each is the reversed() of the other: their halves, as they stand in memory, are swapped.
[[nodiscard]] constexpr bool are_reverse(const four_tuple& a, const four_tuple& b) {
  const auto addresses = [](const four_tuple& t) {
    return t.local.value | std::uint64_t{t.remote.value} << 32;
  };
  const auto port_pair = [](const four_tuple& t) {
    return t.local_port | std::uint32_t{t.remote_port} << 16;
  };
  return addresses(a) == std::rotl(addresses(b), 32) && port_pair(a) == std::rotl(port_pair(b), 16);
}

/// A well-mixed 64-bit hash, the same on every platform. Not keyed: nothing visible depends on it.
[[nodiscard]] constexpr std::uint64_t hash(const four_tuple& t) {
  std::uint64_t a = (std::uint64_t{t.local.value} << 32) | t.remote.value;
  const std::uint64_t b = (std::uint64_t{t.local_port} << 16) | t.remote_port;
  a = (a ^ (b * 0x9e3779b97f4a7c15ULL)) * 0xbf58476d1ce4e5b9ULL;
  a ^= a >> 29;
  a *= 0x94d049bb133111ebULL;
  return a ^ (a >> 32);
}

}  // namespace fourtuple::wire
