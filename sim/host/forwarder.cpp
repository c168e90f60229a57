#include "sim/host/forwarder.h"

#include <algorithm>
#include <variant>

#include "sim/host/digested.h"
#include "sim/wire/icmp.h"
#include "sim/wire/size.h"

namespace fourtuple::host {
namespace {

/// The largest packet on the wire that it makes.
std::uint32_t largest_piece(const wire::segment& s, bool v6) { return wire::ip_bytes(s, v6); }
std::uint32_t largest_piece(const wire::icmp_error& e, bool v6) { return wire::ip_bytes(e, v6); }
std::uint32_t largest_piece(const wire::datagram& d, bool v6) {
  const std::uint32_t whole = wire::ip_bytes(d, v6);
  return d.fragment_mtu == 0 ? whole : std::min<std::uint32_t>(whole, d.fragment_mtu);
}

/// IPv4's fragments may be cut again; nobody cuts IPv6's (RFC 8200 5).
bool may_be_cut(const wire::segment&, bool) { return false; }
bool may_be_cut(const wire::icmp_error&, bool v6) { return !v6; }
bool may_be_cut(const wire::datagram& d, bool v6) { return !v6 && d.fragment_mtu != 0; }

const wire::four_tuple& tuple_of(const wire::segment& s) { return s.tuple; }
const wire::four_tuple& tuple_of(const wire::datagram& d) { return d.tuple; }
const wire::four_tuple& tuple_of(const wire::icmp_error& e) { return e.about; }

wire::address_id source_of(const wire::segment& s) { return s.tuple.local; }
wire::address_id source_of(const wire::datagram& d) { return d.tuple.local; }
wire::address_id source_of(const wire::icmp_error& e) { return e.from; }

}  // namespace

template <class Packet>
bool forwarder::passes_one(const Packet& p, std::uint8_t ttl,
                           const std::optional<next_link>& next) {
  const family f = world_.addresses().family_of(source_of(p));
  const bool v6 = f == family::inet6;
  const auto refuse = [&](wire::icmp_kind why, host_counter counted) {
    counters_.add(of_family(counted, v6));
    complain(p, why, next ? next->mtu : 0, f);
    return false;
  };
  if (!next) return refuse(wire::icmp_kind::unreachable, host_counter::IpExtInNoRoutes);
  if (ttl <= 1) return refuse(wire::icmp_kind::time_exceeded, host_counter::IpInHdrErrors);
  if (largest_piece(p, v6) > next->mtu && !may_be_cut(p, v6))
    return refuse(wire::icmp_kind::too_big, host_counter::IpFragFails);
  counters_.add(of_family(host_counter::IpForwDatagrams, v6));  // before the firewall is asked
  if (!filter_.lets_through(p)) return false;
  const wire::four_tuple& t = tuple_of(p);
  digest_.add(ns(world_.now()), remote_and_ports(t), t.local.value,
              digested::forwarded | ttl << 8U);
  return true;
}

template <class Packet>
void forwarder::complain(const Packet& p, wire::icmp_kind why, std::uint32_t mtu, family f) {
  const auto back = world_.find_route(source_of(p));
  if (!back) return;
  if (why == wire::icmp_kind::unreachable && f == family::inet &&
      !filter_.route_error_allows(source_of(p)))
    return;
  constexpr std::uint8_t network = 0;  // over IPv6: no route
  switch (why) {
    case wire::icmp_kind::unreachable:
      return filter_.send(wire::unreachable(p, back->source, network));
    case wire::icmp_kind::time_exceeded:
      return filter_.send(wire::time_exceeded(p, back->source));
    case wire::icmp_kind::too_big:
      return filter_.send(wire::too_big(p, back->source, mtu, f));
  }
}

bool forwarder::passes(const wire::packet& p, std::uint8_t ttl,
                       const std::optional<next_link>& next) {
  return std::visit([&](const auto& each) { return passes_one(each, ttl, next); }, p);
}

}  // namespace fourtuple::host
