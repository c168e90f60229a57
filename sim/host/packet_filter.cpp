#include "sim/host/packet_filter.h"

#include <algorithm>
#include <chrono>
#include <variant>

#include "sim/core/random.h"
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
  if (v.what == firewall_rule::action::reject) answer(which, p, v.with);
  return v.what == firewall_rule::action::accept;
}

bool packet_filter::lets_in(const wire::packet& p) {
  return std::visit([this](const auto& each) { return passes(direction::in, each); }, p);
}
bool packet_filter::lets_out(const wire::segment& s) { return passes(direction::out, s); }
bool packet_filter::lets_out(const wire::datagram& d) { return passes(direction::out, d); }

bool packet_filter::refuses(const wire::four_tuple& t) const {
  const filter::verdict v = rules_.decide(direction::out, filter::look_at(t), world_.addresses());
  return v.what != firewall_rule::action::accept;
}

template bool packet_filter::passes(direction, const wire::segment&);
template bool packet_filter::passes(direction, const wire::datagram&);
template bool packet_filter::passes(direction, const wire::icmp_error&);

wire::address_id packet_filter::complainer(direction which, const wire::four_tuple& t) const {
  if (which == direction::in) return t.remote;
  if (which == direction::out) return t.local;  // the host tells itself
  const auto back = world_.find_route(t.local);
  return back ? back->source : t.remote;
}

void packet_filter::answer(direction which, const wire::segment& s, reject_with with) {
  if (with != reject_with::tcp_reset) {
    const family f = world_.addresses().family_of(s.tuple.local);
    send(wire::unreachable(s, complainer(which, s.tuple), code_of(with, f)));
    return;
  }
  // nf_send_reset() bypasses TCP: its segment is in no counter of TCP's.
  wire::segment reset;
  if (!tcp::reset_for(s, reset)) return;
  if (!rules_.watches_output() || lets_out(reset)) world_.emit(reset);
}

/// nf_send_unreach() and nf_send_unreach6() say nothing about a packet whose checksum is not right.
/// A fragment's is not; nor, where they have been put together again, that of fragments over IPv6.
void packet_filter::answer(direction which, const wire::datagram& d, reject_with with) {
  const family f = world_.addresses().family_of(d.tuple.local);
  const bool whole = which == direction::in && f == family::inet;
  if (d.fragment_mtu != 0 && !whole) return;
  send(wire::unreachable(d, complainer(which, d.tuple), code_of(with, f)));
}

bool packet_filter::is_own(wire::address_id a) const {
  return world_.addresses().is_loopback(a) ||
         std::find(config_.addresses.begin(), config_.addresses.end(), a) !=
             config_.addresses.end();
}

bool packet_filter::all_allow(std::int64_t now_ms) {
  if (credit_ > 0) return true;
  const std::int64_t since = std::min<std::int64_t>(now_ms - credited_ms_, 1000);
  if (since < 20) return false;  // HZ / 50
  const std::int64_t more = sysctls_.icmp_msgs_per_sec * since / 1000;
  if (more == 0) return false;
  credited_ms_ = now_ms;
  credit_ = std::min<std::int64_t>(credit_ + more, sysctls_.icmp_msgs_burst);
  return true;
}

bool packet_filter::spend(wire::address_id peer, std::int64_t cost_ms, std::int64_t burst_ms) {
  const std::int64_t now_ms = ns(world_.now()) / 1'000'000;
  allowance& a = peers_[peer];
  a.tokens_ms = std::min<std::int64_t>(a.tokens_ms + now_ms - a.last_ms, burst_ms);
  a.last_ms = now_ms;
  if (a.tokens_ms < cost_ms) return false;
  a.tokens_ms -= cost_ms;
  return true;
}

bool packet_filter::route_error_allows(wire::address_id peer) {
  constexpr std::int64_t cost_ms = 1000;   // ip_rt_error_cost
  constexpr std::int64_t burst_ms = 5000;  // ip_rt_error_burst
  return spend(peer, cost_ms, burst_ms);
}

bool packet_filter::within_limits(const wire::icmp_error& e) {
  // Path MTU discovery is not held up (icmpv4_mask_allow(), icmpv6_mask_allow()).
  if (e.kind == wire::icmp_kind::too_big) return true;
  const bool v6 = world_.addresses().family_of(e.from) == family::inet6;
  // ICMPv6 errors have net.ipv6.icmp.ratelimit, which is a second, and no mask that spares them.
  const std::int32_t type = wire::icmp_type(e.kind, family::inet);
  if (!v6 && (sysctls_.icmp_ratemask & (1 << type)) == 0) return true;
  const std::int64_t now_ms = ns(world_.now()) / 1'000'000;
  if (!all_allow(now_ms)) return false;
  const std::int64_t limit_ms = v6 ? 1000 : sysctls_.icmp_ratelimit / std::chrono::milliseconds(1);
  constexpr std::int64_t burst = 6;  // XRLIM_BURST_FACTOR
  if (!spend(e.about.local, limit_ms, burst * limit_ms)) return false;
  // icmp_global_consume(): a random share, so that nobody can count what a host has sent.
  const std::uint64_t key =
      core::stream_key(config_.seed, config_.entity, core::purpose::icmp_limit);
  credit_ -= static_cast<std::int64_t>(core::below(core::philox(key, taken_++, 0), 3));
  return true;
}

void packet_filter::send(const wire::icmp_error& e) {
  if (!is_own(e.about.local) && !within_limits(e)) return;
  const bool v6 = world_.addresses().family_of(e.from) == family::inet6;
  counters_.add(icmp_counter(e.kind, true, v6));
  if (rules_.watches_output() && !passes(direction::out, e)) return;
  world_.emit(e);
}

}  // namespace fourtuple::host
