// What a router does with a packet that is not for itself (ip_forward(), ip6_forward()): it passes
// it on, or says why not.
#pragma once

#include <cstdint>
#include <optional>

#include "sim/core/digest.h"
#include "sim/host/nstat.h"
#include "sim/host/packet_filter.h"
#include "sim/host/surroundings.h"

namespace fourtuple::host {

/// The next link of a packet's way.
struct next_link {
  std::uint32_t mtu = 1500;
};

class forwarder {
 public:
  forwarder(surroundings& world, packet_filter& filter, nstat& counters, core::digest& digest)
      : world_(world), filter_(filter), counters_(counters), digest_(digest) {}

  /// Whether the packet, which came with that hop limit, goes on over `next`; nothing: no way leads
  /// to its destination. If not, the ICMP error to its sender is on the way.
  [[nodiscard]] bool passes(const wire::packet& p, std::uint8_t ttl,
                            const std::optional<next_link>& next);

 private:
  template <class Packet>
  bool passes_one(const Packet& p, std::uint8_t ttl, const std::optional<next_link>& next);

  /// Tells the sender.
  template <class Packet>
  void complain(const Packet& p, wire::icmp_kind why, std::uint32_t mtu, family f);
  /// Errors about errors are not sent (RFC 1122 3.2.2).
  void complain(const wire::icmp_error&, wire::icmp_kind, std::uint32_t, family) {}

  surroundings& world_;
  packet_filter& filter_;
  nstat& counters_;
  core::digest& digest_;
};

}  // namespace fourtuple::host
