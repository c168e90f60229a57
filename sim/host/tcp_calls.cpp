// The socket calls that make and unmake sockets: socket, bind, listen, accept, shutdown, close
// (af_inet.c: __inet_bind, inet_listen, inet_accept, inet_shutdown, inet_release; tcp.c:
// __tcp_close).
#include <algorithm>
#include <memory>
#include <utility>

#include "sim/host/tcp_lock.h"
#include "sim/host/tcp_stack.h"

namespace fourtuple::host {

using tcp::state;

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
