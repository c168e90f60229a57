#include "sim/host/packet_filter.h"

#include <algorithm>
#include <variant>

#include "sim/tcp/step.h"
#include "sim/wire/icmp.h"

namespace fourtuple::host {
namespace {

/// The code of a destination-unreachable message in that family.
std::uint8_t code_of(reject_with with, family f) {
  const bool v4 = f == family::inet;
  switch (with) {
    case reject_with::icmp_admin_prohibited:
      return v4 ? 13 : 1;
    case reject_with::icmp_host_unreachable:
      return v4 ? 1 : 3;
    case reject_with::icmp_net_unreachable:
      return 0;
    case reject_with::icmp_prot_unreachable:
      return 2;
    case reject_with::icmp_net_prohibited:
      return 9;
    case reject_with::icmp_host_prohibited:
      return 10;
    case reject_with::icmpv6_no_route:
      return 0;
    case reject_with::icmpv6_admin_prohibited:
      return 1;
    case reject_with::icmpv6_addr_unreachable:
      return 3;
    case reject_with::icmpv6_port_unreachable:
      return 4;
    case reject_with::icmpv6_policy_fail:
      return 5;
    case reject_with::icmpv6_reject_route:
      return 6;
    case reject_with::icmp_port_unreachable:
    case reject_with::tcp_reset:
      break;
  }
  return wire::port_unreachable_code(f);
}

}  // namespace

template <class Packet>
bool packet_filter::passes(direction which, const Packet& p) {
  const filter::verdict v = rules_.decide(which, filter::look_at(p), world_.addresses());
  if (v.what == firewall_rule::action::reject) answer(p, v.with);
  return v.what == firewall_rule::action::accept;
}

bool packet_filter::lets_in(const wire::packet& p) {
  return std::visit([this](const auto& each) { return passes(direction::in, each); }, p);
}
bool packet_filter::lets_out(const wire::segment& s) { return passes(direction::out, s); }
bool packet_filter::lets_out(const wire::datagram& d) { return passes(direction::out, d); }

void packet_filter::answer(const wire::segment& s, reject_with with) {
  if (with != reject_with::tcp_reset) {
    const family f = world_.addresses().family_of(s.tuple.local);
    send(wire::unreachable(s, s.tuple.remote, code_of(with, f)));
    return;
  }
  // nf_send_reset() bypasses TCP: its segment is in no counter of TCP's.
  wire::segment reset;
  if (!tcp::reset_for(s, reset)) return;
  if (!rules_.watches_output() || lets_out(reset)) world_.emit(reset);
}

void packet_filter::answer(const wire::datagram& d, reject_with with) {
  const family f = world_.addresses().family_of(d.tuple.local);
  send(wire::unreachable(d, d.tuple.remote, code_of(with, f)));
}

bool packet_filter::is_own(wire::address_id a) const {
  return world_.addresses().is_loopback(a) ||
         std::find(config_.addresses.begin(), config_.addresses.end(), a) !=
             config_.addresses.end();
}

void packet_filter::send(const wire::icmp_error& e) {
  const std::int64_t now_ms = ns(world_.now()) / 1'000'000;
  if (!is_own(e.about.local)) {
    allowance& a = peers_[e.about.local];
    a.tokens_ms = std::min<std::int64_t>(a.tokens_ms + now_ms - a.last_ms, 6000);
    a.last_ms = now_ms;
    if (a.tokens_ms < 1000) return;
    a.tokens_ms -= 1000;
  }
  const bool v6 = world_.addresses().family_of(e.from) == family::inet6;
  counters_.add(of_family(host_counter::IcmpOutDestUnreachs, v6));
  if (rules_.watches_output() && !passes(direction::out, e)) return;
  world_.emit(e);
}

}  // namespace fourtuple::host
