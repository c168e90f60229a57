// The socket calls that make and unmake connections: socket, bind, listen, connect, accept,
// shutdown, close (af_inet.c: __inet_bind, inet_listen, inet_stream_connect, inet_accept,
// inet_shutdown, inet_release; tcp.c: tcp_disconnect, __tcp_close).
#include <algorithm>
#include <memory>
#include <utility>

#include "sim/host/tcp_lock.h"
#include "sim/host/tcp_stack.h"

namespace fourtuple::host {

using tcp::state;

namespace {

constexpr std::uint16_t assumed_mss_v6 = 1220;  // tcp_v6_connect(): IPV6_MIN_MTU without headers

}  // namespace

std::uint32_t tcp_stack::create(family f, std::uint32_t uid) {
  rest_some();
  const std::uint32_t i = sockets_.make();
  tcp_socket& s = sockets_[i];
  s.tcb = tcbs_.take(i);
  *s.tcb = tcp::unused_tcb;
  s.family = f;
  s.uid = uid;
  s.tuple.local = f == family::inet ? wire::any_v4 : wire::any_v6;
  ++states_[static_cast<std::size_t>(state::closed)];
  return i;
}

ports::claim tcp_stack::claim_of(const tcp_socket& s) const {
  ports::claim c;
  c.where = ports::scope_of(s.tuple.local, s.v6only, parts_.world.addresses());
  c.uid = s.uid;
  c.reuseaddr = s.reuseaddr;
  c.reuseport = s.reuseport;
  c.listening = s.is_listener();
  return c;
}

result<> tcp_stack::bind(std::uint32_t i, const endpoint& to) {
  tcp_socket& s = awake(i);
  const bool active = s.tcb->st != state::closed || s.port() != 0;
  if (const errc e = parts_.refusal_of_bind({s.family, s.uid, s.v6only, s.freebind, active}, to);
      e != errc::ok)
    return e;
  wire::address_table& addresses = parts_.world.addresses();
  const wire::address_id address = addresses.unmapped(addresses.intern(to.address));
  const bool any = to.address.is_any();
  const bool was_v6only = s.v6only;
  s.tuple.local = address;
  if (s.family == family::inet6 && ports::bind_sets_v6only(address, addresses)) s.v6only = true;
  if (to.port != 0 || !s.no_port) {
    const auto got =
        ports::reserve(ports_, {claim_of(s), to.port, s.extras().port_range}, parts_.draws);
    if (!got) {
      s.tuple.local = s.family == family::inet ? wire::any_v4 : wire::any_v6;
      s.v6only = was_v6only;
      return got.error();
    }
    s.hold_port(got->port);
    s.owner = ports_.add(claim_of(s), s.port(), ports::origin::bind);
    note_ports();
  } else {
    s.tuple.local_port = 0;  // what getsockname() has named since an earlier connection
  }
  // sk_userlocks are never taken back: an accepted socket may have them from its listener.
  s.address_locked = s.address_locked || !any;
  s.port_locked = s.port_locked || to.port != 0;
  return {};
}

result<> tcp_stack::listen(std::uint32_t i, int backlog) {
  tcp_socket& s = awake(i);
  if (s.phase != socket_phase::unconnected) return errc::einval;
  if (s.tcb->st != state::closed && !s.is_listener()) return errc::einval;
  const auto most = static_cast<std::uint32_t>(parts_.sysctls.somaxconn);
  const std::uint32_t effective = std::min(static_cast<std::uint32_t>(backlog), most);
  if (s.is_listener()) {
    s.listening().backlog = effective;
    return {};
  }
  if (s.port() == 0) {
    const auto got = ports::reserve(ports_, {claim_of(s), 0, s.extras().port_range}, parts_.draws);
    if (!got) return got.error();
    s.hold_port(got->port);
    s.owner = ports_.add(claim_of(s), s.port(), ports::origin::bind);
    note_ports();
  } else if (const auto free = ports::reserve_listen(ports_, s.owner); !free) {
    return free.error();
  }
  ports_.set_listening(s.owner, true);
  note_state(s.tcb->st, state::listen);
  s.tcb->st = state::listen;
  s.made_rare().listening = std::make_unique<listener_part>();
  s.listening().backlog = effective;
  listeners_[s.port()].push_back(i);
  return {};
}

/// tcp_v4_connect(), tcp_v6_connect(). The wildcard as destination means this host: over IPv4 the
/// bound address, else loopback.
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

/// A connect() that found no port leaves the source that it had chosen to a socket with an address
/// from bind() (inet_bhash2_reset_saddr()): to one that is bound to ::ffff:0.0.0.0.
void tcp_stack::keep_chosen_source(tcp_socket& s, wire::address_id chosen) {
  if (!s.address_locked || !wire::is_any(s.tuple.local)) return;
  s.tuple.local = chosen;
  if (s.owner) ports_.move(s.owner, claim_of(s).where);
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
    keep_chosen_source(s, wanted.local);
    // tcp_v4_connect() fails by way of tcp_set_state(TCP_CLOSE): a port that the kernel chose is
    // lost.
    if (!s.port_locked) drop_port(s);
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
    const tcp::time_wait& old = time_waits_[got->displaced.index()].w;
    setup.iss = tcp::isn_after_reuse(old);
    setup.ts_recent = old.ts_recent;
    setup.ts_recent_stamp_s = old.ts_recent_stamp_s;
    setup.ts_offset = ts_offset_of(old);
    ++time_wait_reused_;
    parts_.counters.add(tcp::counter::TcpExtTWRecycled);
    kill_time_wait(got->displaced.index());
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
  s.tcb->copied_seq = s.tcb->rcv_nxt;  // tcp_disconnect(): nothing is left to read
  s.tcb->opt.maxseg = 0;               // and rx_opt with its user_mss is cleared
  s.tcb->tuple = {{}, s.tcb->tuple.remote, 0, 0};  // inet_daddr stays
  s.tuple.remote = {};
  s.tuple.remote_port = 0;
  if (!s.address_locked) {
    s.tuple.local = s.family == family::inet ? wire::any_v4 : wire::any_v6;
    if (s.owner) ports_.move(s.owner, claim_of(s).where);
  }
  if (listened) wake(s);  // sk_error_report(): who waits in accept() hears EINVAL
}

result<std::uint32_t> tcp_stack::accept(std::uint32_t i) {
  rest_some();
  const tcp_socket& s = sockets_[i];
  if (!s.is_listener()) return errc::einval;
  auto& queue = s.listening().accept_queue;
  if (queue.empty()) return errc::eagain;
  const std::uint32_t child = queue.pop();
  tcp_socket& c = sockets_[child];
  c.unaccepted = false;
  c.phase = socket_phase::connected;
  return child;
}

endpoint tcp_stack::peer_of(std::uint32_t i) const {
  const tcp_socket& s = sockets_[i];
  return name_of(s, s.tuple.remote, s.tuple.remote_port);
}

result<> tcp_stack::shutdown(std::uint32_t i, shutdown_how how) {
  tcp_socket& s = awake(i);
  const bool rd = how != shutdown_how::wr;
  const bool wr = how != shutdown_how::rd;
  if (s.phase == socket_phase::connecting) {
    const bool pending = s.tcb->st == state::syn_sent || s.tcb->st == state::syn_received ||
                         s.tcb->st == state::closed;
    s.phase = pending ? socket_phase::disconnecting : socket_phase::connected;
  }
  result<> answer;
  switch (s.tcb->st) {
    case state::listen:
      if (rd) {
        disconnect_locked(i);
        s.phase = socket_phase::unconnected;
      }
      break;
    case state::syn_sent:
      disconnect_locked(i);
      s.phase = socket_phase::unconnected;
      break;
    case state::closed:
      answer = errc::enotconn;
      [[fallthrough]];
    default: {
      lock held(*this, i);
      const state before = s.tcb->st;
      if (rd) s.tcb->shut_rd = true;
      if (wr) {
        s.tcb->shut_wr = true;
        tcp::actions& out = sink_for(s);
        tcp::shutdown_write(*s.tcb, limits_, clock(), out);
        carry_out(i, s, before, out);
      }
    }
  }
  wake(s);
  return answer;
}

bool tcp_stack::may_release_rare(std::uint32_t i) {
  rare_parts& rare = *sockets_[i].rare;
  if (rare.more_descriptors != 0) return true;
  socket_extras& x = rare.extras;
  if (!x.linger_on || x.linger_s == 0) return true;
  tcp_socket& s = awake(i);
  if (!x.linger_begun) {
    x.linger_begun = true;
    if (s.is_listener()) return true;
    lock held(*this, i);
    const state before = s.tcb->st;
    tcp::actions& out = sink_for(s);
    tcp::close(*s.tcb, tcp::readable(*s.tcb), limits_, clock(), out);
    carry_out(i, s, before, out);
    x.linger_timer = parts_.timers.arm(timer_kind::linger, i,
                                       static_cast<std::uint64_t>(x.linger_s) * limits_.hz);
  }
  return x.linger_over || !tcp::lingering(*s.tcb);
}

void tcp_stack::release(std::uint32_t i, bool exiting) {
  tcp_socket& s = sockets_[i];
  if (const auto& rare = s.rare) {
    if (rare->more_descriptors != 0) {
      --rare->more_descriptors;
      return;
    }
    std::uint32_t& timer = rare->extras.linger_timer;
    if (timer != 0) parts_.timers.cancel(std::exchange(timer, 0));
  }
  close_now(i, s, exiting);
}

void tcp_stack::close_now(std::uint32_t i, tcp_socket& s, bool exiting) {
  wake_up(i, s);
  if (s.tcb->st == state::listen) {
    stop_listening(i);
    free_socket(i);
    return;
  }
  if (exiting) s.tcb->opt.linger_waits = false;
  {
    lock held(*this, i);
    const state before = s.tcb->st;
    tcp::actions& out = sink_for(s);
    if (s.rare && s.rare->extras.linger_begun) {
      tcp::orphan(*s.tcb, limits_, clock(), out);
    } else {
      tcp::close(*s.tcb, tcp::readable(*s.tcb), limits_, clock(), out);
    }
    carry_out(i, s, before, out);
  }
  if (sockets_.live(i)) orphan(i, s);
}

/// __tcp_close(): one orphan too many is reset. DEVIATION: the kernel compares with a count that is
/// up to 100 ms old (tcp_orphan_timer), so that a burst leaves more; who closes so many at once
/// could notice.
void tcp_stack::orphan(std::uint32_t i, tcp_socket& s) {
  s.tcb->orphan = true;
  if (s.tcb->st == state::fin_wait_2) {
    const state before = s.tcb->st;
    tcp::actions& out = sink_for(s);
    tcp::orphan(*s.tcb, limits_, clock(), out);
    carry_out(i, s, before, out);
    if (!sockets_.live(i)) return;
  }
  if (s.tcb->st == state::closed) {
    free_socket(i);
    return;
  }
  s.counted_orphan = true;
  ++orphans_;
  if (orphans_ > static_cast<std::uint64_t>(parts_.sysctls.tcp_max_orphans)) abort_orphan(i, s);
}

void tcp_stack::abort_orphan(std::uint32_t i, tcp_socket& s) {
  const state before = s.tcb->st;
  tcp::actions& out = sink_for(s);
  tcp::abort(*s.tcb, limits_, clock(), out);
  parts_.counters.add(tcp::counter::TcpExtTCPAbortOnMemory);
  const std::uint32_t outer = std::exchange(owned_, i);  // it is freed below
  carry_out(i, s, before, out);
  owned_ = outer;
  if (s.tcb->st == state::closed) free_socket(i);
}

}  // namespace fourtuple::host
