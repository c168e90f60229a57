// Hosts and links as the file declares them. A counted host is ONE record with a count; its members
// (fleet-1 ...) are enumerated by the helpers here, never expanded.
#pragma once

#include "sim/profile/profile.h"
#include "sim/profile/sysctl.h"
#include "sim/spec/units.h"

#include <fourtuple/address.h>
#include <fourtuple/firewall.h>
#include <fourtuple/link.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fourtuple::spec {

enum class timer_mode : std::uint8_t {
  kernel,  ///< as late as the kernel's timer wheel
  ideal,   ///< at the exact moment
};

/// `length` consecutive addresses from `first`. On a counted host member m (from 0) has first + m;
/// on a plain host all of them belong to it.
struct address_run {
  ip_address first;
  std::uint32_t length = 1;
  position where;
};

struct host {
  std::string name;
  position where;
  const profile::host_profile* profile = nullptr;  ///< never null in a checked scenario
  std::uint16_t hz = 250;
  timer_mode timers = timer_mode::kernel;
  std::optional<std::uint32_t> count;  ///< nothing: one host of that very name
  std::vector<address_run> addresses;  ///< in file order; may be empty (loopback only)
  /// As booted plus the file's `sysctls:`, applied in file order.
  profile::sysctls sysctls;
  /// The names and texts of `sysctls:` as written (the real kernel is told these).
  std::vector<std::pair<std::string, std::string>> sysctl_lines;
  std::vector<firewall_rule> firewall;  ///< first match wins
  spec::user user;                      ///< default of its apps and script processes
  std::uint32_t nofile = 1024;          ///< likewise
  bool router = false;                  ///< forwards what is not for itself

  [[nodiscard]] std::uint32_t members() const { return count.value_or(1); }
};

/// One host of the world: index into scenario::hosts and member (0 where not counted).
struct host_ref {
  std::uint32_t host = 0;
  std::uint32_t member = 0;
  friend auto operator<=>(const host_ref&, const host_ref&) = default;
};

/// One or all members of a host, as a name in the file means it: "fleet" all, "fleet-3" one.
struct host_selection {
  std::uint32_t host = 0;
  std::optional<std::uint32_t> member;  ///< nothing: every member
  friend auto operator<=>(const host_selection&, const host_selection&) = default;
};

/// address + n, across octets; wraps never within a checked run.
[[nodiscard]] ip_address plus(ip_address a, std::uint32_t n);
/// Which of its `own` addresses a host sends from, as an index (inet_select_addr()): IPv4 addresses
/// are those of /24 networks, and the first one in a network of `next` comes before the first of
/// the family. `next` is the destination or, where a router stands before it, all that the router
/// has. Nothing: it has no address of the family.
[[nodiscard]] std::optional<std::size_t> source_for(std::span<const ip_address> own,
                                                    std::span<const ip_address> next, family f);
/// "client", "fleet-1" (members count from 1 in names).
[[nodiscard]] std::string member_name(const host& h, std::uint32_t member);
/// The addresses of one member, in file order; loopback is not listed.
[[nodiscard]] std::vector<ip_address> addresses_of(const host& h, std::uint32_t member);
/// Its first address of that family.
[[nodiscard]] std::optional<ip_address> first_address(const host& h, std::uint32_t member,
                                                      family f);

/// What a link is like, both directions alike. Shares are millionths.
struct link_shape {
  duration latency{};                  ///< one way; 0: veth, else at least 1 ns
  duration jitter{};                   ///< added to the latency, uniform in [0, jitter]
  std::uint64_t bandwidth = 0;         ///< bit/s of frames with their Ethernet header; 0: no limit
  std::uint64_t queue_packets = 1000;  ///< that wait behind the one being sent; more are dropped
  std::uint64_t queue_bytes = 0;       ///< the same as bytes; 0: counted in packets
  std::uint32_t loss = 0;
  std::uint32_t duplicate = 0;
  std::uint32_t reorder = 0;  ///< held back by one more latency, for later ones to overtake
  std::uint32_t mtu = 1500;   ///< bytes from the IP header on
  bool up = true;             ///< down: what is sent vanishes, as on a cable that is pulled

  /// Every packet arrives, its latency after it was sent.
  [[nodiscard]] bool plain() const {
    return up && jitter == duration{} && bandwidth == 0 && loss == 0 && duplicate == 0 &&
           reorder == 0;
  }
  void apply(const link_change& c);
};

/// What makes any link like this one as far as that key of links: goes.
[[nodiscard]] link_change only(const link_shape& like, std::string_view key);

/// A link between two hosts (or every pair of their members).
struct link : link_shape {
  std::array<host_selection, 2> between;
  position where;
};

}  // namespace fourtuple::spec
