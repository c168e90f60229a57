#include "sim/filter/firewall.h"

#include <algorithm>
#include <string_view>

#include "sim/filter/rules.h"

namespace fourtuple::filter {
namespace {

using rule = firewall_rule;

bool within(const address_range& range, const ip_address& a) {
  return a.family == range.first.family && range.first.bytes <= a.bytes &&
         a.bytes <= range.last.bytes;
}

bool matches(const rule& r, rule::protocol of, const ip_address& source,
             std::uint16_t destination_port) {
  if (r.of != rule::protocol::all && r.of != of) return false;
  const bool has_port = r.of == rule::protocol::tcp || r.of == rule::protocol::udp;
  if (has_port && (destination_port < r.low_port || destination_port > r.high_port)) return false;
  if (!r.is_about(source.family)) return false;
  return r.from.empty() || std::any_of(r.from.begin(), r.from.end(),
                                       [&](const address_range& a) { return within(a, source); });
}

/// nft's names, in the order of reject_with.
constexpr std::array<std::string_view, 14> reject_names = {
    "icmp-port-unreachable",   "icmp-admin-prohibited",
    "icmp-host-unreachable",   "icmp-net-unreachable",
    "icmp-prot-unreachable",   "icmp-net-prohibited",
    "icmp-host-prohibited",    "icmpv6-no-route",
    "icmpv6-admin-prohibited", "icmpv6-addr-unreachable",
    "icmpv6-port-unreachable", "icmpv6-policy-fail",
    "icmpv6-reject-route",     "tcp-reset"};

/// "all", "icmp", "tcp", "tcp/8080", "udp/1-1023".
std::string match_text(const rule& r) {
  if (r.of == rule::protocol::all) return "all";
  if (r.of == rule::protocol::icmp) return "icmp";
  std::string out = r.of == rule::protocol::tcp ? "tcp" : "udp";
  if (r.low_port == 0 && r.high_port == 65535) return out;
  out += "/" + std::to_string(r.low_port);
  if (r.high_port != r.low_port) out += "-" + std::to_string(r.high_port);
  return out;
}

/// The first of the sources, and how many more there are.
std::string sources_text(const rule& r) {
  const address_range& range = r.from.front();
  std::string out = fourtuple::to_string(range.first);
  if (range.first != range.last) out += "-" + fourtuple::to_string(range.last);
  if (r.from.size() > 1) out += " and " + std::to_string(r.from.size() - 1) + " more";
  return out;
}

}  // namespace

const rule* deciding_rule(std::span<const rule> rules, rule::direction which, rule::protocol of,
                          const ip_address& source, std::uint16_t destination_port) {
  const auto found = std::find_if(rules.begin(), rules.end(), [&](const rule& r) {
    return r.which == which && matches(r, of, source, destination_port);
  });
  return found == rules.end() ? nullptr : &*found;
}

std::string to_string(const rule& r) {
  constexpr std::array<std::string_view, 3> actions = {"accept", "drop", "reject"};
  std::string out = "{ ";
  out += actions[static_cast<std::size_t>(r.what)];
  out += ": " + match_text(r);
  if (r.what == rule::action::reject && r.with != reject_with::icmp_port_unreachable) {
    out += ", with: ";
    out += reject_names[static_cast<std::size_t>(r.with)];
  }
  if (!r.from.empty()) out += ", from: " + sources_text(r);
  if (r.which == rule::direction::out) out += ", direction: out";
  if (r.which == rule::direction::forward) out += ", direction: forward";
  return out + " }";
}

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
    if (matches(r, p.of, source, p.destination_port)) return {r.what, r.with};
  return {};
}

}  // namespace fourtuple::filter
