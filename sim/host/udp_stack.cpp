#include "sim/host/udp_stack.h"

#include "sim/host/digested.h"
#include "sim/wire/size.h"

#include <algorithm>

namespace fourtuple::host {
namespace {

constexpr std::uint32_t most_fragment = 65535;      // loopback's MTU is one more than a field holds
constexpr std::size_t largest_length = 65535;       // udp_sendmsg()
constexpr std::size_t largest_datagram = 65507;     // with its headers, in one IPv4 packet
constexpr std::size_t largest_datagram_v6 = 65527;  // an IPv6 packet's length is without its own

wire::address_id wildcard_of(const udp_socket& s) {
  return s.family == family::inet ? wire::any_v4 : wire::any_v6;
}

}  // namespace

udp_stack::udp_stack(kernel_parts parts) : parts_(parts) { configure(); }

void udp_stack::configure() {
  ports_.configure(ports::rules_of(*parts_.config.profile, parts_.sysctls));
}

std::uint32_t udp_stack::create(family f, std::uint32_t uid) {
  const std::uint32_t i = sockets_.make();
  udp_socket& s = sockets_[i];
  s.family = f;
  s.uid = uid;
  s.address = wildcard_of(s);
  return i;
}

ports::claim udp_stack::claim_of(const udp_socket& s) const {
  ports::claim c;
  c.where = ports::scope_of(s.address, s.v6only, parts_.world.addresses());
  c.uid = s.uid;
  c.reuseaddr = s.reuseaddr;
  c.reuseport = s.reuseport;
  return c;
}

void udp_stack::hold(std::uint32_t i, std::uint16_t port) {
  udp_socket& s = sockets_[i];
  s.port = port;
  // udp_lib_get_port(): hlist_add_tail_rcu() for those.
  s.stands_last = s.family == family::inet6 && s.reuseport;
  s.owner = ports_.add(claim_of(s), port, s.stands_last);
  by_port_[port].push_back(i);
  gauge_.set(ports_.in_use(), parts_.world.now());
}

void udp_stack::let_go(std::uint32_t i) {
  udp_socket& s = sockets_[i];
  if (!s.owner) return;
  ports_.remove(s.owner);
  s.owner = {};
  auto& here = by_port_[s.port];
  std::erase(here, i);
  if (here.empty()) by_port_.erase(s.port);
  s.port = 0;
  gauge_.set(ports_.in_use(), parts_.world.now());
}

/// The port of a call that needs one (inet_autobind()): EAGAIN where there is none.
result<> udp_stack::autobind(std::uint32_t i) {
  udp_socket& s = sockets_[i];
  if (s.port != 0) return {};
  const auto got = ports_.reserve({claim_of(s), 0, s.port_range}, parts_.draws);
  if (!got) return errc::eagain;
  hold(i, *got);
  return {};
}

result<> udp_stack::bind(std::uint32_t i, const endpoint& to) {
  udp_socket& s = sockets_[i];
  const bool active = s.port != 0 || s.connected;
  if (const errc e = parts_.refusal_of_bind({s.family, s.uid, s.v6only, s.freebind, active}, to);
      e != errc::ok)
    return e;
  wire::address_table& addresses = parts_.world.addresses();
  const wire::address_id address = addresses.unmapped(addresses.intern(to.address));
  const bool any = to.address.is_any();
  const bool was_v6only = s.v6only;
  s.address = address;
  if (s.family == family::inet6 && ports::bind_sets_v6only(address, addresses)) s.v6only = true;
  if (to.port != 0 || !s.no_port) {
    const auto got = ports_.reserve({claim_of(s), to.port, s.port_range}, parts_.draws);
    if (!got) {
      s.address = wildcard_of(s);  // an address of an earlier bind() without port is forgotten
      s.v6only = was_v6only;
      return got.error();
    }
    hold(i, *got);
  }
  s.address_locked = s.address_locked || !any;  // sk_userlocks are never taken back
  s.port_locked = s.port_locked || to.port != 0;
  return {};
}

/// Whom `to` means (udp_sendmsg(), udpv6_sendmsg(), ip6_datagram_connect()). An IPv6 socket takes
/// an IPv4 address too, plain or mapped. The wildcard is this host: over IPv4 the socket's own
/// IPv4 address.
result<wire::address_id> udp_stack::destination_of(const udp_socket& s, const endpoint& to,
                                                   errc v6only_error) const {
  wire::address_table& addresses = parts_.world.addresses();
  const bool v4 = to.address.family == family::inet;
  if (s.family == family::inet && !v4) return errc::eafnosupport;
  if (s.family == family::inet6 && v4 && s.v6only) return v6only_error;
  if (to.address.is_v4_mapped() && s.v6only) return errc::enetunreach;
  const wire::address_id there = addresses.unmapped(addresses.intern(to.address));
  if (!addresses.at(there).is_any()) return there;
  if (addresses.family_of(there) == family::inet) {
    const wire::address_id own = source_to(s, there);
    return wire::is_any(own) ? addresses.intern(ip_address::loopback(family::inet)) : own;
  }
  return addresses.intern(ip_address::loopback(addresses.family_of(s.address)));
}

/// What a datagram to `there` would have as source; a wildcard where the way says it. To an IPv4
/// address, where connect() chose an IPv6 one (__ip6_datagram_connect() leaves inet_saddr alone),
/// what an earlier connect() to IPv4 chose.
wire::address_id udp_stack::source_to(const udp_socket& s, wire::address_id there) const {
  const wire::address_table& addresses = parts_.world.addresses();
  const bool v4 = addresses.family_of(there) == family::inet;
  const bool chosen_v6 = !s.address_locked && addresses.family_of(s.address) == family::inet6;
  if (chosen_v6 && v4) return s.v4_source;
  return parts_.is_sender(s.address) ? s.address : v4 ? wire::any_v4 : wire::any_v6;
}

result<route> udp_stack::route_to(const udp_socket& s, wire::address_id there) const {
  const auto way = parts_.way(source_to(s, there), there);
  if (!way) return way.error();
  if (parts_.world.addresses().at(there).is_broadcast() && !s.broadcast) return errc::eacces;
  return way;
}

result<> udp_stack::connect(std::uint32_t i, const endpoint& to) {
  udp_socket& s = sockets_[i];
  // ip4_datagram_connect() runs after inet_autobind(): the port is taken on the wildcard address.
  if (const auto bound = autobind(i); !bound) return bound;
  const auto there = destination_of(s, to, errc::eafnosupport);
  if (!there) return there.error();
  const auto way = route_to(s, *there);
  if (!way) {
    if (s.connected && s.family == family::inet) s.aim = udp_aim::lost_after_next;
    return way.error();
  }
  s.aim = udp_aim::at_peer;
  s.peer = *there;
  s.peer_port = to.port;
  s.connected = true;
  if (wire::is_any(s.address)) {
    s.address = way->source;
    ports_.move(s.owner, claim_of(s).where);
  }
  if (wire::is_any(s.v4_source) && parts_.world.addresses().family_of(*there) == family::inet)
    s.v4_source = way->source;
  return {};
}

result<> udp_stack::disconnect(std::uint32_t i) {
  udp_socket& s = sockets_[i];
  if (s.family == family::inet) s.peer = {};  // __udp_disconnect() knows inet_daddr only
  s.peer_port = 0;
  s.connected = false;
  s.aim = udp_aim::at_peer;
  if (!s.address_locked) {
    s.address = wildcard_of(s);
    s.v4_source = wire::any_v4;
    if (s.owner) ports_.move(s.owner, claim_of(s).where);
  }
  if (!s.port_locked) let_go(i);
  return {};
}

errc udp_stack::take_error(udp_socket& s) {
  const errc e = s.error;
  s.error = errc::ok;
  return e;
}

/// DEVIATION: SO_SNDBUF stops nothing, as a datagram has left before the call returns; who sends
/// datagrams of many fragments with a small one gets ENOBUFS from the kernel.
/// __ip_append_data() and sock_alloc_send_pskb(): what stops a datagram whose way is known.
errc udp_stack::refusal_of_send(udp_socket& s, std::size_t size, bool v6) {
  if (size > (v6 ? largest_datagram_v6 : largest_datagram)) return errc::emsgsize;
  if (const errc e = take_error(s); e != errc::ok) return e;
  return s.shut_wr ? errc::epipe : errc::ok;
}

result<std::size_t> udp_stack::transmit(udp_socket& s, payload p, wire::address_id to,
                                        std::uint16_t port) {
  const auto way = route_to(s, to);
  if (!way) return way.error();
  const bool v6 = parts_.world.addresses().family_of(to) == family::inet6;
  if (const errc e = refusal_of_send(s, p.size, v6); e != errc::ok) return e;
  wire::datagram d;
  const wire::address_id source = source_to(s, to);
  d.tuple = {wire::is_any(source) ? way->source : source, to, s.port, port};
  d.length = static_cast<std::uint32_t>(p.size);
  if (p.data != nullptr) d.payload = parts_.world.payloads().put({p.data, p.size});
  parts_.digest.add(ns(parts_.world.now()), remote_and_ports(d.tuple), d.length,
                    digested::datagram);
  if (parts_.filter.watches_output() && !parts_.filter.lets_out(d)) {
    parts_.world.payloads().release(d.payload);
    return errc::eperm;
  }
  count(host_counter::UdpOutDatagrams, d);
  const std::uint32_t mtu = parts_.paths.to(to, way->mtu);
  if (wire::ip_bytes(d, v6) > mtu)
    d.fragment_mtu = static_cast<std::uint16_t>(std::min(mtu, most_fragment));
  const bool broadcast = parts_.world.addresses().at(to).is_broadcast();
  if (broadcast && d.payload != 0) parts_.world.payloads().share(d.payload);
  parts_.world.emit(d);
  if (broadcast) receive_broadcast(d);  // ip_mc_output(): the host hears itself
  return p.size;
}

result<std::size_t> udp_stack::send(std::uint32_t i, payload p) {
  udp_socket& s = sockets_[i];
  if (const auto bound = autobind(i); !bound) return bound.error();
  if (p.size > largest_length && speaks_v4(s)) return errc::emsgsize;
  if (!s.connected) return errc::edestaddrreq;
  // udpv6_sendmsg() hands a mapped peer to udp_sendmsg() as if it had been named.
  if (s.peer_port == 0 && s.family == family::inet6 && speaks_v4(s)) return errc::einval;
  if (s.aim == udp_aim::lost) return lose(s, p);
  if (s.aim == udp_aim::lost_after_next && route_to(s, s.peer)) s.aim = udp_aim::lost;
  return transmit(s, p, s.peer, s.peer_port);
}

/// udp_sendmsg() goes the way of the datagram before (sk_dst_check()) to the address that the last
/// connect() noted (inet->cork.fl), though that failed: it arrives nowhere (measured on 6.18).
///
/// DEVIATION: the kernel sends it to that address all the same. Who captures packets sees it there;
/// who had connect(255.255.255.255) refused with EACCES and goes on sending broadcasts.
result<std::size_t> udp_stack::lose(udp_socket& s, payload p) {
  if (const errc e = refusal_of_send(s, p.size, false); e != errc::ok) return e;
  parts_.counters.add(host_counter::UdpOutDatagrams);
  return p.size;
}

result<std::size_t> udp_stack::sendto(std::uint32_t i, payload p, const endpoint& to) {
  udp_socket& s = sockets_[i];
  if (const auto bound = autobind(i); !bound) return bound.error();
  if (p.size > largest_length && s.family == family::inet) return errc::emsgsize;
  const auto there = destination_of(s, to, errc::enetunreach);
  if (!there) return there.error();
  const bool v4 = parts_.world.addresses().family_of(*there) == family::inet;
  if (p.size > largest_length && v4) return errc::emsgsize;
  if (to.port == 0) return errc::einval;
  return transmit(s, p, *there, to.port);
}

/// Not connected, an IPv6 socket does not know yet.
bool udp_stack::speaks_v4(const udp_socket& s) const {
  return s.family == family::inet ||
         (s.connected && parts_.world.addresses().family_of(s.peer) == family::inet);
}

result<datagram> udp_stack::recvfrom(std::uint32_t i, buffer b) {
  udp_socket& s = sockets_[i];
  if (const errc e = take_error(s); e != errc::ok) return e;
  if (s.queue.empty()) return errc::eagain;  // shut down or not: only who waits gets 0 bytes
  const wire::datagram d = take(s);
  count(host_counter::UdpInDatagrams, d);  // udp_recvmsg(): those that somebody read
  const std::size_t n = std::min<std::size_t>(d.length, b.size);
  if (b.data != nullptr) {
    if (d.payload != 0) {
      std::copy_n(parts_.world.payloads().at(d.payload).data(), n, b.data);
    } else {
      std::fill_n(b.data, n, 'x');
    }
  }
  parts_.world.payloads().release(d.payload);
  return datagram{n, name_of(s, d.tuple.local, d.tuple.local_port)};
}

result<std::size_t> udp_stack::recv(std::uint32_t i, buffer b) {
  const auto d = recvfrom(i, b);
  if (!d) return d.error();
  return d->size;
}

result<> udp_stack::shutdown(std::uint32_t i, shutdown_how how) {
  udp_socket& s = sockets_[i];
  s.shut_rd = s.shut_rd || how != shutdown_how::wr;
  s.shut_wr = s.shut_wr || how != shutdown_how::rd;
  wake(s, i);
  return s.connected ? result<>{} : result<>{errc::enotconn};
}

endpoint udp_stack::name_of(const udp_socket& s, wire::address_id a, std::uint16_t p) const {
  ip_address address = parts_.world.addresses().at(a);
  if (s.family == family::inet6 && address.family == family::inet)
    address = ip_address::mapped(address);
  return {address, p};
}

result<endpoint> udp_stack::getsockname(std::uint32_t i) const {
  return name_of(sockets_[i], sockets_[i].address, sockets_[i].port);
}

result<endpoint> udp_stack::getpeername(std::uint32_t i) const {
  const udp_socket& s = sockets_[i];
  if (s.peer_port == 0) return errc::enotconn;
  return name_of(s, s.peer, s.peer_port);
}

ready_mask udp_stack::level(std::uint32_t i) const {
  const udp_socket& s = sockets_[i];
  unsigned mask = ready_out;
  if (!s.queue.empty()) mask |= ready_in;
  if (s.shut_rd) mask |= ready_in | ready_rdhup;
  if (s.shut_rd && s.shut_wr) mask |= ready_hup;
  if (s.error != errc::ok) mask |= ready_err;
  return static_cast<ready_mask>(mask);
}

void udp_stack::release(std::uint32_t i) {
  udp_socket& s = sockets_[i];
  if (--s.references != 0) return;
  while (!s.queue.empty()) parts_.world.payloads().release(take(s).payload);
  let_go(i);
  sockets_.free(i);
}

void udp_stack::wake(udp_socket& s, std::uint32_t i) { parts_.waits.wake(s.watchers, level(i)); }

void udp_stack::look(observe::host_metrics& m) const {
  const auto& range = parts_.sysctls.ip_local_port_range;
  m.udp.low = range.low;
  m.udp.high = range.high;
  m.udp.capacity = range.size() - parts_.sysctls.ip_local_reserved_ports.count_in(range);
  m.udp.ports = gauge_;
  m.udp.tuples_peak = gauge_.peak;
}

void udp_stack::rows(std::vector<std::pair<std::uint32_t, observe::socket_row>>& to) const {
  sockets_.each([&](std::uint32_t i, const udp_socket& s) {
    observe::socket_row r;
    r.tcp = false;
    r.state = s.connected ? "ESTAB" : "UNCONN";
    r.local = name_of(s, s.address, s.port);
    r.remote =
        s.connected ? name_of(s, s.peer, s.peer_port) : endpoint{ip_address::any(s.family), 0};
    r.v6only = s.v6only;
    r.recv_q = s.queue.waiting();
    r.uid = s.uid;
    to.emplace_back(i, std::move(r));
  });
}

}  // namespace fourtuple::host
