// A host's packet filter: rules against packets. Stateless; the host asks at its input and output
// hooks and carries the verdict out.
#pragma once

#include <fourtuple/firewall.h>

#include <array>
#include <span>
#include <vector>

#include "sim/wire/address_table.h"
#include "sim/wire/packet.h"

namespace fourtuple::filter {

struct verdict {
  firewall_rule::action what = firewall_rule::action::accept;
  reject_with with = reject_with::icmp_port_unreachable;
};

/// What a packet is to a rule.
struct seen_packet {
  firewall_rule::protocol of = firewall_rule::protocol::all;
  wire::address_id source;
  std::uint16_t destination_port = 0;
};
/// Of a TCP connection's segments, which are all alike to a rule.
[[nodiscard]] seen_packet look_at(const wire::four_tuple& t);
[[nodiscard]] seen_packet look_at(const wire::segment& s);
[[nodiscard]] seen_packet look_at(const wire::datagram& d);
[[nodiscard]] seen_packet look_at(const wire::icmp_error& e);

class firewall {
 public:
  /// Replaces all rules.
  void set(std::span<const firewall_rule> rules);
  /// Whether any rule is at that hook: if not there is nothing to ask.
  [[nodiscard]] bool watches_input() const { return !at(direction::in).empty(); }
  [[nodiscard]] bool watches_output() const { return !at(direction::out).empty(); }
  [[nodiscard]] bool watches_forward() const { return !at(direction::forward).empty(); }
  /// The first rule that matches decides; none: accept.
  [[nodiscard]] verdict decide(firewall_rule::direction which, const seen_packet& p,
                               const wire::address_table& addresses) const;

 private:
  using direction = firewall_rule::direction;
  [[nodiscard]] const std::vector<firewall_rule>& at(direction d) const {
    return hooks_[static_cast<std::size_t>(d)];
  }
  std::array<std::vector<firewall_rule>, 3> hooks_;  ///< by direction
};

}  // namespace fourtuple::filter
