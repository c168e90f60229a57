// The counters of one host under the kernel's names (nstat(8), net/ipv4/proc.c).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "sim/tcp/actions.h"
#include "sim/wire/packet.h"

namespace fourtuple::host {

/// Those that no single TCP step can know.
#define FOURTUPLE_HOST_COUNTERS(X)                                                             \
  X(TcpInSegs) X(TcpOutSegs) X(UdpInDatagrams) X(UdpNoPorts) X(UdpOutDatagrams)                 \
  X(UdpInErrors) X(UdpRcvbufErrors) X(UdpIgnoredMulti)                                           \
  X(IcmpOutDestUnreachs) X(IcmpInDestUnreachs)                                                  \
  X(Udp6InDatagrams) X(Udp6NoPorts) X(Udp6OutDatagrams) X(Udp6InErrors) X(Udp6RcvbufErrors)    \
  X(Icmp6OutDestUnreachs) X(Icmp6InDestUnreachs) X(IcmpOutTimeExcds) X(IcmpInTimeExcds)         \
  X(Icmp6OutTimeExcds) X(Icmp6InTimeExcds) X(Icmp6OutPktTooBigs) X(Icmp6InPktTooBigs)            \
  X(IpForwDatagrams) X(Ip6OutForwDatagrams) X(IpInHdrErrors) X(Ip6InHdrErrors)                   \
  X(IpExtInNoRoutes) X(Ip6InNoRoutes) X(IpFragFails) X(Ip6InTooBigErrors)

enum class host_counter : std::uint8_t {
#define FOURTUPLE_ENUMERATOR(name) name,
  FOURTUPLE_HOST_COUNTERS(FOURTUPLE_ENUMERATOR)
#undef FOURTUPLE_ENUMERATOR
      count_
};

/// Its twin of /proc/net/snmp6: UDP and ICMP are counted by family, TCP is not.
[[nodiscard]] constexpr host_counter of_family(host_counter c, bool v6) {
  if (!v6) return c;
  switch (c) {
    case host_counter::UdpInDatagrams: return host_counter::Udp6InDatagrams;
    case host_counter::UdpNoPorts: return host_counter::Udp6NoPorts;
    case host_counter::UdpOutDatagrams: return host_counter::Udp6OutDatagrams;
    case host_counter::UdpInErrors: return host_counter::Udp6InErrors;
    case host_counter::UdpRcvbufErrors: return host_counter::Udp6RcvbufErrors;
    case host_counter::IcmpOutDestUnreachs: return host_counter::Icmp6OutDestUnreachs;
    case host_counter::IcmpInDestUnreachs: return host_counter::Icmp6InDestUnreachs;
    case host_counter::IcmpOutTimeExcds: return host_counter::Icmp6OutTimeExcds;
    case host_counter::IcmpInTimeExcds: return host_counter::Icmp6InTimeExcds;
    case host_counter::IpForwDatagrams: return host_counter::Ip6OutForwDatagrams;
    case host_counter::IpInHdrErrors: return host_counter::Ip6InHdrErrors;
    case host_counter::IpExtInNoRoutes: return host_counter::Ip6InNoRoutes;
    case host_counter::IpFragFails: return host_counter::Ip6InTooBigErrors;
    default: return c;
  }
}

/// An ICMP message of that kind goes out or comes in. IPv4's fragmentation needed is an unreachable.
[[nodiscard]] constexpr host_counter icmp_counter(wire::icmp_kind k, bool out, bool v6) {
  using enum host_counter;
  if (k == wire::icmp_kind::time_exceeded)
    return of_family(out ? IcmpOutTimeExcds : IcmpInTimeExcds, v6);
  if (k == wire::icmp_kind::too_big && v6) return out ? Icmp6OutPktTooBigs : Icmp6InPktTooBigs;
  return of_family(out ? IcmpOutDestUnreachs : IcmpInDestUnreachs, v6);
}

class nstat {
 public:
  void add(tcp::counter c, std::uint32_t times = 1) { tcp_[static_cast<std::size_t>(c)] += times; }
  void add(host_counter c, std::uint32_t times = 1) { host_[static_cast<std::size_t>(c)] += times; }
  /// For those whom a step moves.
  [[nodiscard]] tcp::counter_values& of_steps() { return tcp_; }
  /// Those that are not 0, by name.
  [[nodiscard]] std::map<std::string, std::uint64_t> moved() const;

 private:
  tcp::counter_values tcp_{};
  std::array<std::uint64_t, static_cast<std::size_t>(host_counter::count_)> host_{};
};

}  // namespace fourtuple::host
