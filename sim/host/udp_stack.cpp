#include "sim/host/udp_stack.h"

#include "sim/wire/size.h"

#include <algorithm>

namespace fourtuple::host {
namespace {

constexpr std::uint32_t largest_datagram = 65507;

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
  s.address = f == family::inet ? wire::any_v4 : wire::any_v6;
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
  s.owner = ports_.add(claim_of(s), port);
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

result<> udp_stack::bind(std::uint32_t i, const endpoint& to) {
  udp_socket& s = sockets_[i];
  if (to.address.family != s.family)
    return s.family == family::inet ? errc::eafnosupport : errc::einval;
  if (to.address.is_v4_mapped() && s.v6only) return errc::einval;
  wire::address_table& addresses = parts_.world.addresses();
  const wire::address_id address = addresses.unmapped(addresses.intern(to.address));
  const bool any = to.address.is_any();
  if (!any && !s.freebind && !parts_.sysctls.ip_nonlocal_bind && !parts_.is_local(address) &&
      !to.address.is_multicast() && !to.address.is_broadcast())
    return errc::eaddrnotavail;
  if (to.port != 0 && to.port < parts_.sysctls.ip_unprivileged_port_start && s.uid != 0)
    return errc::eacces;
  if (s.port != 0 || s.peer_port != 0) return errc::einval;
  const wire::address_id before = s.address;
  const bool was_v6only = s.v6only;
  s.address = address;
  if (s.family == family::inet6 && ports::bind_sets_v6only(address, addresses)) s.v6only = true;
  const auto got = ports_.reserve({claim_of(s), to.port, {0, 0}}, parts_.draws);
  if (!got) {
    s.address = before;
    s.v6only = was_v6only;
    return got.error();
  }
  hold(i, *got);
  s.address_locked = !any;
  s.port_locked = to.port != 0;
  return {};
}

result<wire::address_id> udp_stack::destination_of(const udp_socket& s, const endpoint& to) const {
  if (to.address.family != s.family)
    return s.family == family::inet ? errc::eafnosupport : errc::einval;
  if (to.address.is_v4_mapped() && s.v6only) return errc::enetunreach;
  wire::address_table& addresses = parts_.world.addresses();
  const wire::address_id there = addresses.unmapped(addresses.intern(to.address));
  if (to.address.is_broadcast()) {  // a default route leads there, or nothing does
    if (const auto way = parts_.world.find_route(there); !way) return way.error();
    return s.broadcast ? result<wire::address_id>{there} : errc::eacces;
  }
  if (!addresses.at(there).is_any()) return there;
  if (!wire::is_any(s.address)) return s.address;
  return addresses.intern(ip_address::loopback(addresses.family_of(there)));
}

result<> udp_stack::connect(std::uint32_t i, const endpoint& to) {
  udp_socket& s = sockets_[i];
  // ip4_datagram_connect() runs after inet_autobind(): the port is taken on the wildcard address.
  if (s.port == 0) {
    const auto got = ports_.reserve({claim_of(s), 0, {0, 0}}, parts_.draws);
    if (!got) return errc::eagain;
    hold(i, *got);
  }
  const auto there = destination_of(s, to);
  if (!there) return there.error();
  const auto way = parts_.world.find_route(*there);
  if (!way) return way.error();
  s.peer = *there;
  s.peer_port = to.port;
  if (wire::is_any(s.address)) {
    s.address = way->source;
    ports_.move(s.owner, claim_of(s).where);
  }
  return {};
}

result<> udp_stack::disconnect(std::uint32_t i) {
  udp_socket& s = sockets_[i];
  s.peer = {};
  s.peer_port = 0;
  s.error = errc::ok;
  if (!s.address_locked) {
    s.address = s.family == family::inet ? wire::any_v4 : wire::any_v6;
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

result<std::size_t> udp_stack::transmit(udp_socket& s, payload p, wire::address_id to,
                                        std::uint16_t port) {
  const auto way = parts_.world.find_route(to);
  if (!way) return way.error();
  wire::datagram d;
  d.tuple = {wire::is_any(s.address) ? way->source : s.address, to, s.port, port};
  d.length = static_cast<std::uint32_t>(p.size);
  if (p.data != nullptr) d.payload = parts_.world.payloads().put({p.data, p.size});
  parts_.digest.add(ns(parts_.world.now()), (std::uint64_t{s.port} << 8) | 3, to.value,
                    (std::uint64_t{port} << 32) | d.length);
  if (parts_.filter.watches_output() && !parts_.filter.lets_out(d)) {
    parts_.world.payloads().release(d.payload);
    return errc::eperm;
  }
  count(host_counter::UdpOutDatagrams, d);
  const bool v6 = parts_.world.addresses().family_of(to) == family::inet6;
  const std::uint32_t mtu = parts_.paths.to(to, way->mtu);
  if (wire::ip_bytes(d, v6) > mtu) d.fragment_mtu = static_cast<std::uint16_t>(mtu);
  const bool broadcast = parts_.world.addresses().at(to).is_broadcast();
  if (broadcast && d.payload != 0) parts_.world.payloads().share(d.payload);
  parts_.world.emit(d);
  if (broadcast) receive_broadcast(d);  // ip_mc_output(): the host hears itself
  return p.size;
}

result<std::size_t> udp_stack::send(std::uint32_t i, payload p) {
  udp_socket& s = sockets_[i];
  if (p.size > largest_datagram) return errc::emsgsize;
  if (s.peer_port == 0) return errc::edestaddrreq;
  if (const errc e = take_error(s); e != errc::ok) return e;
  if (s.shut_wr) return errc::epipe;
  return transmit(s, p, s.peer, s.peer_port);
}

result<std::size_t> udp_stack::sendto(std::uint32_t i, payload p, const endpoint& to) {
  udp_socket& s = sockets_[i];
  if (p.size > largest_datagram) return errc::emsgsize;
  if (to.port == 0) return errc::einval;
  if (s.port == 0) {
    const auto got = ports_.reserve({claim_of(s), 0, {0, 0}}, parts_.draws);
    if (!got) return errc::eagain;
    hold(i, *got);
  }
  if (const errc e = take_error(s); e != errc::ok) return e;
  if (s.shut_wr) return errc::epipe;
  const auto there = destination_of(s, to);
  if (!there) return there.error();
  return transmit(s, p, *there, to.port);
}

result<datagram> udp_stack::recvfrom(std::uint32_t i, buffer b) {
  udp_socket& s = sockets_[i];
  if (const errc e = take_error(s); e != errc::ok) return e;
  if (s.queue.empty()) {
    if (s.shut_rd) return datagram{};
    return errc::eagain;
  }
  const wire::datagram d = s.queue.pop();
  count(host_counter::UdpInDatagrams, d);  // udp_recvmsg(): those that somebody read
  s.queued_truesize -= truesize_of(d.length);
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
  const bool connected = s.peer_port != 0;
  s.shut_rd = s.shut_rd || how != shutdown_how::wr;
  s.shut_wr = s.shut_wr || how != shutdown_how::rd;
  wake(s, i);
  return connected ? result<>{} : result<>{errc::enotconn};
}

result<> udp_stack::setsockopt(std::uint32_t i, option o, option_value v) {
  udp_socket& s = sockets_[i];
  const bool on = v.number != 0;
  const auto stored = [&](std::int64_t least) {
    return static_cast<std::uint32_t>(
        std::max<std::int64_t>(std::min<std::int64_t>(v.number, 212'992) * 2, least));
  };
  switch (o) {
    case option::so_reuseaddr:
      s.reuseaddr = on;
      break;
    case option::so_reuseport:
      s.reuseport = on;
      break;
    case option::so_broadcast:
      s.broadcast = on;
      break;
    case option::ip_freebind:
      s.freebind = on;
      break;
    case option::so_rcvbuf:
      s.rcvbuf = stored(2304);
      break;
    case option::so_sndbuf:
      s.sndbuf = stored(4608);
      break;
    case option::so_rcvtimeo:
      s.rcvtimeo = kept_timeout(v.number, parts_.config.timers.hz);
      break;
    case option::so_sndtimeo:
      s.sndtimeo = kept_timeout(v.number, parts_.config.timers.hz);
      break;
    case option::ipv6_v6only:
      if (s.family != family::inet6) return errc::enoprotoopt;
      if (s.port != 0) return errc::einval;
      s.v6only = on;
      break;
    default:
      return errc::enoprotoopt;
  }
  if (s.owner) ports_.set_options(s.owner, s.reuseaddr, s.reuseport, 0);
  return {};
}

result<option_value> udp_stack::getsockopt(std::uint32_t i, option o) {
  udp_socket& s = sockets_[i];
  const auto number = [](auto n) { return option_value{static_cast<std::int64_t>(n), 0}; };
  switch (o) {
    case option::so_error:
      return number(take_error(s));
    case option::so_reuseaddr:
      return number(s.reuseaddr);
    case option::so_reuseport:
      return number(s.reuseport);
    case option::so_broadcast:
      return number(s.broadcast);
    case option::ip_freebind:
      return number(s.freebind);
    case option::so_rcvbuf:
      return number(s.rcvbuf);
    case option::so_sndbuf:
      return number(s.sndbuf);
    case option::so_rcvtimeo:
      return number(ns(s.rcvtimeo));
    case option::so_sndtimeo:
      return number(ns(s.sndtimeo));
    case option::ipv6_v6only:
      return s.family == family::inet6 ? result<option_value>{number(s.v6only)}
                                       : result<option_value>{errc::enoprotoopt};
    default:
      return errc::enoprotoopt;
  }
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
  while (!s.queue.empty()) parts_.world.payloads().release(s.queue.pop().payload);
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
    r.state = s.peer_port != 0 ? "ESTAB" : "UNCONN";
    r.local = name_of(s, s.address, s.port);
    r.remote =
        s.peer_port != 0 ? name_of(s, s.peer, s.peer_port) : endpoint{ip_address::any(s.family), 0};
    r.v6only = s.v6only;
    r.recv_q = s.queued_truesize;
    r.uid = s.uid;
    to.emplace_back(i, std::move(r));
  });
}

}  // namespace fourtuple::host
