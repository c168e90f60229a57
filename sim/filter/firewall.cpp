#include "sim/filter/firewall.h"

#include <algorithm>

namespace fourtuple::filter {
namespace {

using rule = firewall_rule;

bool within(const address_range& range, const ip_address& a) {
  return a.family == range.first.family && range.first.bytes <= a.bytes &&
         a.bytes <= range.last.bytes;
}

bool matches(const rule& r, const seen_packet& p, const ip_address& source) {
  if (r.of != rule::protocol::all && r.of != p.of) return false;
  const bool has_port = r.of == rule::protocol::tcp || r.of == rule::protocol::udp;
  if (has_port && (p.destination_port < r.low_port || p.destination_port > r.high_port))
    return false;
  if (!r.is_about(source.family)) return false;
  return r.from.empty() || std::any_of(r.from.begin(), r.from.end(),
                                       [&](const address_range& a) { return within(a, source); });
}

}  // namespace

seen_packet look_at(const wire::four_tuple& t) {
  return {rule::protocol::tcp, t.local, t.remote_port};
}
seen_packet look_at(const wire::segment& s) { return look_at(s.tuple); }
seen_packet look_at(const wire::datagram& d) {
  return {rule::protocol::udp, d.tuple.local, d.tuple.remote_port};
}
seen_packet look_at(const wire::icmp_error& e) { return {rule::protocol::icmp, e.from, 0}; }

void firewall::set(std::span<const firewall_rule> rules) {
  hooks_ = {};
  for (const auto& r : rules) hooks_[static_cast<std::size_t>(r.which)].push_back(r);
}

verdict firewall::decide(rule::direction which, const seen_packet& p,
                         const wire::address_table& addresses) const {
  const ip_address& source = addresses.at(p.source);
  for (const auto& r : at(which))
    if (matches(r, p, source)) return {r.what, r.with};
  return {};
}

}  // namespace fourtuple::filter
