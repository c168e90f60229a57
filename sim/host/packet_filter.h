// Where packets of a host meet its firewall (netfilter's LOCAL_IN and LOCAL_OUT), and what a
// verdict makes the host do: an ICMP error or a reset to the sender, or silence. Also where the
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
  packet_filter(surroundings& world, const host_config& config, nstat& counters)
      : world_(world), config_(config), counters_(counters) {}

  void set(std::span<const firewall_rule> rules) { rules_.set(rules); }
  [[nodiscard]] bool watches_input() const { return rules_.watches_input(); }
  [[nodiscard]] bool watches_output() const { return rules_.watches_output(); }

  /// Whether the packet goes on. If not, its answer is on the way; the payload is the caller's.
  [[nodiscard]] bool lets_in(const wire::packet& p);
  [[nodiscard]] bool lets_out(const wire::segment& s);
  [[nodiscard]] bool lets_out(const wire::datagram& d);

  /// Sends an ICMP error where the rate limit of its receiver allows: icmp_ratelimit of one a
  /// second with bursts of six (XRLIM_BURST_FACTOR), none for the host itself.
  void send(const wire::icmp_error& e);

 private:
  using direction = firewall_rule::direction;
  template <class Packet>
  bool passes(direction which, const Packet& p);
  void answer(const wire::segment& s, reject_with with);
  void answer(const wire::datagram& d, reject_with with);
  /// Errors about errors are not sent (RFC 1122 3.2.2).
  void answer(const wire::icmp_error&, reject_with) {}
  [[nodiscard]] bool is_own(wire::address_id a) const;

  /// inet_peer_xrlim_allow(): tokens in ms and when they were counted.
  struct allowance {
    std::int64_t tokens_ms = 60'000;
    std::int64_t last_ms = 0;
  };

  surroundings& world_;
  const host_config& config_;
  nstat& counters_;
  filter::firewall rules_;
  std::map<wire::address_id, allowance> peers_;
};

}  // namespace fourtuple::host
