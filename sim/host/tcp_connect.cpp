// connect(), and its undoing by AF_UNSPEC (af_inet.c: inet_stream_connect; tcp_ipv4.c:
// tcp_v4_connect; tcp_ipv6.c: tcp_v6_connect; tcp.c: tcp_disconnect).
#include "sim/host/tcp_lock.h"
#include "sim/host/tcp_stack.h"

namespace fourtuple::host {

using tcp::state;

namespace {

constexpr std::uint16_t assumed_mss_v6 = 1220;  // tcp_v6_connect(): IPV6_MIN_MTU without headers

}  // namespace

/// The wildcard as destination means this host: over IPv4 the bound address, else loopback.
result<wire::address_id> tcp_stack::destination_of(const tcp_socket& s, const endpoint& to) const {
  if (to.address.family != s.family)  // a sockaddr_in is too short for tcp_v6_pre_connect()
    return s.family == family::inet ? errc::eafnosupport : errc::einval;
  if (to.address.is_multicast() || to.address.is_broadcast()) return errc::enetunreach;
  wire::address_table& addresses = parts_.world.addresses();
  if (to.address.is_v4_mapped() && s.v6only) return errc::enetunreach;
  const wire::address_id there = addresses.unmapped(addresses.intern(to.address));
  if (wire::is_any(there)) [[unlikely]] {
    const family bound = addresses.family_of(s.tuple.local);
    if (addresses.family_of(there) == family::inet6)
      return addresses.intern(ip_address::loopback(bound));
    return wire::is_any(s.tuple.local) ? addresses.intern(ip_address::loopback(family::inet))
                                       : s.tuple.local;
  }
  return there;
}

/// Of a connection that is at rest.
result<> tcp_stack::connect_awakened(std::uint32_t i, const endpoint& to) {
  unpack(i, sockets_[i]);
  return connect(i, to);
}

result<> tcp_stack::connect(std::uint32_t i, const endpoint& to) {
  tcp_socket& s = sockets_[i];
  if (s.tcb == nullptr) return connect_awakened(i, to);
  switch (s.phase) {
    case socket_phase::connected:
      return errc::eisconn;
    case socket_phase::disconnecting:
      return errc::einval;
    case socket_phase::unconnected:
      if (s.tcb->st != state::closed) return errc::eisconn;
      return open(i, to);
    case socket_phase::connecting:
      break;
  }
  if (s.tcb->st == state::syn_sent || s.tcb->st == state::syn_received) return errc::ealready;
  if (s.tcb->st == state::closed) return failure_to_connect(i, s);
  s.phase = socket_phase::connected;
  return {};
}

/// The attempt is over, and the socket as before it.
errc tcp_stack::failure_to_connect(std::uint32_t i, tcp_socket& s) {
  const errc error = take_error(s);
  s.phase = socket_phase::unconnected;
  disconnect_locked(i);
  return error == errc::ok ? errc::econnaborted : error;
}

/// An IPv6 socket that has connected to a mapped address speaks IPv4 for good (tcp_v6_connect()
/// leaves icsk_af_ops as it is): its SYNs go to that address (inet_daddr), whatever it connects to,
/// and no answer finds the socket.
///
/// DEVIATION: one that was bound to an IPv6 address in between has 127.0.0.6 for it on the kernel
/// (LOOPBACK4_IPV6), and goes there. Who captures the packets of such a socket sees it.
void tcp_stack::aim_at_v4(tcp_socket& s, tcp::connection_setup& setup, wire::address_id v4_peer) {
  setup.way = path_to(v4_peer);
  const auto way = parts_.way(wire::any_v4, v4_peer);
  setup.tuple = {way ? way->source : wire::any_v4, v4_peer, s.port(), setup.tuple.remote_port};
}

/// connect() leaves the source that it had chosen to a socket with an address from bind()
/// (inet_bhash2_reset_saddr()): to one that is bound to ::ffff:0.0.0.0. And as it fails by way of
/// tcp_set_state(TCP_CLOSE), a port that the kernel chose is lost.
void tcp_stack::no_port_found(tcp_socket& s, wire::address_id chosen) {
  if (s.address_locked && wire::is_any(s.tuple.local)) {
    s.tuple.local = chosen;
    if (s.owner) ports_.move(s.owner, claim_of(s).where);
  }
  if (!s.port_locked) drop_port(s);
}

/// A new connection takes the four-tuple of one in TIME-WAIT, and goes on after it
/// (tcp_twsk_unique()).
void tcp_stack::take_over(std::uint32_t time_wait, tcp::connection_setup& setup) {
  const tcp::time_wait& old = time_waits_[time_wait].w;
  setup.iss = tcp::isn_after_reuse(old);
  setup.ts_recent = old.ts_recent;
  setup.ts_recent_stamp_s = old.ts_recent_stamp_s;
  setup.ts_offset = ts_offset_of(old);
  ++time_wait_reused_;
  parts_.counters.add(tcp::counter::TcpExtTWRecycled);
  kill_time_wait(time_wait);
}

result<> tcp_stack::open(std::uint32_t i, const endpoint& to) {
  tcp_socket& s = awake(i);
  const auto there = destination_of(s, to);
  if (!there) return there.error();
  const bool to_v4 = parts_.world.addresses().family_of(*there) == family::inet;
  if (to_v4) s.speaks_v4 = false;  // as long as it does not get under way
  const auto way = parts_.way(s.tuple.local, *there);
  if (!way) return way.error();
  const bool address_known = !wire::is_any(s.tuple.local) && parts_.is_sender(s.tuple.local);
  const wire::four_tuple wanted{address_known ? s.tuple.local : way->source, *there, s.port(),
                                to.port};
  const auto got =
      ports::reserve(ports_, {wanted, s.extras().port_range, kernel_now()}, parts_.draws);
  if (!got) {
    no_port_found(s, wanted.local);
    return got.error();
  }

  wire::four_tuple tuple = wanted;
  tuple.local_port = got->port;
  tcp::connection_setup setup;
  setup.tuple = tuple;
  ports::tuple_table::place at = got->where;
  setup.ts_offset = ts_offset_for(tuple, at.hash());
  setup.way = path_over(*way, *there);
  if (!to_v4) setup.assumed_mss = assumed_mss_v6;
  setup.iss = s.nonzero_iss ? tcp::next_iss(*s.tcb) : iss_for(at.hash());
  if (got->displaced) {
    take_over(got->displaced.index(), setup);
    at = ports_.look_up(tuple);
  }
  lock held(*this, i);
  s.tuple = tuple;
  if (!s.holds_port) {
    s.holds_port = true;
    s.owner = ports_.add(claim_of(s), s.port(), ports::origin::connect);
  } else if (!address_known) {
    ports_.move(s.owner, claim_of(s).where);
  }
  if (!to_v4 && s.speaks_v4) aim_at_v4(s, setup, s.tcb->tuple.remote);
  s.speaks_v4 = s.speaks_v4 || (to_v4 && s.family == family::inet6);
  if (s.nonzero_iss) tcp::forget_connection(*s.tcb);
  tcp::set_up(*s.tcb, setup, limits_);
  s.nonzero_iss = true;
  ports_.insert(at, tuple, {ports::kind::connection, i});
  s.hashed = true;
  s.phase = socket_phase::connecting;
  note_ports();
  tcp::actions& out = sink_for(s);
  tcp::open_active(*s.tcb, limits_, clock(), out);
  carry_out(i, s, state::closed, out);
  return errc::einprogress;
}

result<> tcp_stack::disconnect(std::uint32_t i) {
  disconnect_locked(i);
  sockets_[i].phase = socket_phase::unconnected;
  return {};
}

void tcp_stack::disconnect_locked(std::uint32_t i) {
  tcp_socket& s = awake(i);
  const bool listened = s.is_listener();
  if (listened) stop_listening(i);
  lock held(*this, i);
  const state before = s.tcb->st;
  tcp::actions& out = sink_for(s);
  tcp::abort(*s.tcb, limits_, clock(), out);
  if (before != state::closed && out.end == tcp::ending::none) out.end = tcp::ending::closed;
  carry_out(i, s, before, out);
  s.tcb->shut_rd = s.tcb->shut_wr = false;
  s.tcb->fin_received = false;
  s.tcb->copied_seq = s.tcb->rcv_nxt;              // tcp_disconnect(): nothing is left to read
  s.tcb->opt.maxseg = 0;                           // and rx_opt with its user_mss is cleared
  s.tcb->tuple = {{}, s.tcb->tuple.remote, 0, 0};  // inet_daddr stays
  s.tuple.remote = {};
  s.tuple.remote_port = 0;
  if (!s.address_locked) {
    s.tuple.local = s.family == family::inet ? wire::any_v4 : wire::any_v6;
    if (s.owner) ports_.move(s.owner, claim_of(s).where);
  }
  if (listened) wake(s);  // sk_error_report(): who waits in accept() hears EINVAL
}

}  // namespace fourtuple::host
