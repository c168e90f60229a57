// Where packets of a host meet its firewall (netfilter's LOCAL_IN, LOCAL_OUT and FORWARD), and what
// a verdict makes the host do: an ICMP error or a reset to the sender, or silence. Also where the
// ICMP errors of a host leave, with their rate limit.
#pragma once

#include <map>
#include <span>

#include "sim/filter/firewall.h"
#include "sim/host/host_config.h"
#include "sim/host/nstat.h"
#include "sim/host/surroundings.h"

namespace fourtuple::host {

class packet_filter {
 public:
  packet_filter(surroundings& world, const host_config& config, const profile::sysctls& sysctls,
                nstat& counters)
      : world_(world), config_(config), sysctls_(sysctls), counters_(counters) {}

  void set(std::span<const firewall_rule> rules) { rules_.set(rules); }
  [[nodiscard]] bool watches_input() const { return rules_.watches_input(); }
  [[nodiscard]] bool watches_output() const { return rules_.watches_output(); }

  /// Whether the packet goes on. If not, its answer is on the way; the payload is the caller's.
  [[nodiscard]] bool lets_in(const wire::packet& p);
  [[nodiscard]] bool lets_out(const wire::segment& s);
  [[nodiscard]] bool lets_out(const wire::datagram& d);
  /// Whether it will not let out what the connection sends; answers nothing.
  [[nodiscard]] bool refuses(const wire::four_tuple& t) const;
  /// Of a packet that a router passes on.
  template <class Packet>
  [[nodiscard]] bool lets_through(const Packet& p) {
    return !rules_.watches_forward() || passes(direction::forward, p);
  }

  /// Sends an ICMP error where the rate limits allow: icmp_msgs_per_sec of all, icmp_ratelimit of
  /// each peer with bursts of six (XRLIM_BURST_FACTOR), none for the host itself.
  void send(const wire::icmp_error& e);

  /// ip_error(): whether a router may tell `peer` that no way leads on. It spends the same
  /// allowance as icmp_ratelimit, a second at a time and at most five, and send() then spends its
  /// own second.
  [[nodiscard]] bool route_error_allows(wire::address_id peer);

 private:
  using direction = firewall_rule::direction;
  template <class Packet>
  bool passes(direction which, const Packet& p);
  void answer(direction which, const wire::segment& s, reject_with with);
  void answer(direction which, const wire::datagram& d, reject_with with);
  /// Errors about errors are not sent (RFC 1122 3.2.2).
  void answer(direction, const wire::icmp_error&, reject_with) {}
  /// Whose address an error bears that is about a packet for `destination`.
  [[nodiscard]] wire::address_id complainer(direction which, const wire::four_tuple& t) const;
  [[nodiscard]] bool is_own(wire::address_id a) const;
  [[nodiscard]] bool within_limits(const wire::icmp_error& e);
  /// icmp_global_allow(): whether all peers together leave room for one more.
  [[nodiscard]] bool all_allow(std::int64_t now_ms);
  /// inet_peer_xrlim_allow(): takes `cost_ms` of what time has given the peer, at most `burst_ms`.
  [[nodiscard]] bool spend(wire::address_id peer, std::int64_t cost_ms, std::int64_t burst_ms);

  /// Tokens in ms and when they were counted.
  struct allowance {
    std::int64_t tokens_ms = 60'000;
    std::int64_t last_ms = 0;
  };

  surroundings& world_;
  const host_config& config_;
  const profile::sysctls& sysctls_;
  nstat& counters_;
  filter::firewall rules_;
  std::int64_t credit_ = 0;                ///< of all peers; may be negative
  std::int64_t credited_ms_ = -1'000'000;  ///< when it was last raised
  std::uint64_t taken_ = 0;                ///< how often a share of it was drawn
  std::map<wire::address_id, allowance> peers_;
};

}  // namespace fourtuple::host
