// Moving bytes and asking: send, recv, names, readiness (tcp_sendmsg, tcp_recvmsg, tcp_poll,
// inet_getname; reference G).
#include <algorithm>
#include <utility>

#include "sim/core/random.h"
#include "sim/host/tcp_lock.h"
#include "sim/host/tcp_stack.h"

namespace fourtuple::host {

using tcp::state;

constexpr std::size_t most_at_once = 0x7ffff000;  ///< MAX_RW_COUNT

errc tcp_stack::take_error(tcp_socket& s) {
  const errc e = s.tcb->error;
  s.tcb->error = errc::ok;
  return e;
}

/// Why nothing may be written now; ok: something may.
errc tcp_stack::refusal_to_send(tcp_socket& s) {
  if (s.tcb->st != state::established && s.tcb->st != state::close_wait) {
    // sk_stream_wait_connect()
    if (const errc e = take_error(s); e != errc::ok) return e;
    const bool opening = s.tcb->st == state::syn_sent || s.tcb->st == state::syn_received;
    return opening ? errc::eagain : errc::epipe;
  }
  if (const errc e = take_error(s); e != errc::ok) return e;
  return s.tcb->shut_wr ? errc::epipe : errc::ok;
}

result<std::size_t> tcp_stack::send(std::uint32_t i, payload p) {
  tcp_socket& s = awake(i);
  tcp::tcb& t = *s.tcb;
  if (t.st != state::established || t.error != errc::ok || t.shut_wr) [[unlikely]]
    if (const errc e = refusal_to_send(s); e != errc::ok) return e;
  if (p.size == 0) return std::size_t{0};
  const auto wanted = static_cast<std::uint32_t>(std::min<std::size_t>(p.size, most_at_once));
  lock held(*this, i);
  const state before = t.st;
  tcp::actions& out = sink_for(s);
  const std::uint32_t n = tcp::app_send(t, wanted, limits_, clock(), out);
  if (n == 0) return errc::eagain;
  if (p.data != nullptr) s.made_bytes().append(t.write_seq - n, {p.data, n});
  carry_out(i, s, before, out);
  return std::size_t{n};
}

/// What recv() answers where there is nothing to read.
result<std::size_t> tcp_stack::nothing_to_read(tcp_socket& s) {
  if (s.tcb->st == state::listen) return errc::enotconn;
  if (s.tcb->fin_received) return std::size_t{0};
  if (const errc e = take_error(s); e != errc::ok) return e;
  if (s.tcb->shut_rd) return std::size_t{0};
  return s.tcb->st == state::closed ? errc::enotconn : errc::eagain;
}

/// The next n bytes; null: they are read and forgotten.
void tcp_stack::copy_bytes(tcp_socket& s, std::uint32_t n, char* to) {
  byte_store* const store = s.bytes();
  if (store == nullptr) {
    if (to != nullptr) std::fill_n(to, n, 'x');
    return;
  }
  std::string forgotten;
  if (to == nullptr) {
    forgotten.resize(n);
    to = forgotten.data();
  }
  store->read(s.tcb->copied_seq, n, to);
}

/// Reading can do nothing but send, and nothing can come meanwhile unless it does.
void tcp_stack::tell_what_was_read(std::uint32_t i, tcp_socket& s, tcp::actions& out) {
  lock held(*this, i);
  carry_out(i, s, s.tcb->st, out);
}

/// From a connection that is at rest.
result<std::size_t> tcp_stack::recv_awakened(std::uint32_t i, buffer b) {
  unpack(i, sockets_[i]);
  return recv(i, b);
}

result<std::size_t> tcp_stack::recv(std::uint32_t i, buffer b) {
  tcp_socket& s = sockets_[i];
  if (s.tcb == nullptr) return recv_awakened(i, b);
  const tcp::tcb& t = *s.tcb;
  const bool begun =
      t.st != state::listen && t.st != state::syn_sent && t.st != state::syn_received;
  const std::uint32_t ready = begun ? tcp::readable(t) : 0;
  return ready != 0 ? read(i, s, ready, b) : nothing_to_read(s);
}

result<std::size_t> tcp_stack::read(std::uint32_t i, tcp_socket& s, std::uint32_t ready, buffer b) {
  const auto n = static_cast<std::uint32_t>(std::min<std::size_t>(ready, b.size));
  if (b.data != nullptr || s.rare) copy_bytes(s, n, b.data);
  tcp::actions& out = sink_for(s);
  tcp::app_read(*s.tcb, n, limits_, clock(), out);
  if (!out.segments.empty()) tell_what_was_read(i, s, out);
  return std::size_t{n};
}

result<datagram> tcp_stack::recvfrom(std::uint32_t i, buffer b) {
  const auto n = recv(i, b);
  if (!n) return n.error();
  return datagram{*n, {}};
}

ready_mask tcp_stack::poll_level(std::uint32_t i) {
  tcp_socket& s = sockets_[i];
  const bool error = s.error_queued && !s.is_listener();  // inet_csk_listen_poll() looks no further
  return static_cast<ready_mask>(asked_level_of(s) | (error ? ready_err : ready_none));
}

/// SOCK_NOSPACE, whatever events are asked for: the send buffer may grow with the next ACKs.
ready_mask tcp_stack::asked_level_otherwise(tcp_socket& s) {
  if (s.is_listener() || s.tcb->st == state::syn_sent) return level_otherwise(s);
  const ready_mask level = level_otherwise(s);
  if ((level & ready_out) == 0 && s.tcb->transit != 0 && s.tcb->st != state::syn_received)
    records_.transits[s.tcb->transit].no_space = true;
  return level;
}

ready_mask tcp_stack::level_otherwise(const tcp_socket& s) const {
  if (s.is_listener())
    return s.listening().accept_queue.empty() ? ready_mask{0} : static_cast<ready_mask>(ready_in);
  unsigned mask = 0;
  const tcp::tcb& t = *s.tcb;
  if (const socket_extras& x = s.extras(); x.linger_begun) {
    // Only close() waits, and only for the end.
    const bool over = x.linger_over || !tcp::lingering(t);
    return over ? ready_hup : ready_none;
  }
  if ((t.shut_rd && t.shut_wr) || t.st == state::closed) mask |= ready_hup;
  if (t.shut_rd || t.fin_received) mask |= ready_in | ready_rdhup;
  if (t.st != state::syn_sent && t.st != state::syn_received) {
    if (t.st != state::closed && tcp::readable(t) != 0) mask |= ready_in;
    if (t.st == state::closed && t.copied_seq != t.rcv_nxt && tcp::readable(t) != 0)
      mask |= ready_in;
    if (t.shut_wr || t.st == state::closed || tcp::writable(t, records_.transits))
      mask |= ready_out;
  }
  if (t.error != errc::ok) mask |= ready_err;
  return static_cast<ready_mask>(mask);
}

endpoint tcp_stack::name_of(const tcp_socket& s, wire::address_id a, std::uint16_t port) const {
  const ip_address& address = parts_.world.addresses().at(a);
  if (s.family == family::inet6 && address.family == family::inet)
    return {ip_address::mapped(address), port};
  return {address, port};
}

result<endpoint> tcp_stack::getsockname(std::uint32_t i) const {
  const tcp_socket& s = sockets_[i];
  return name_of(s, s.tuple.local, s.tuple.local_port);
}

result<endpoint> tcp_stack::getpeername(std::uint32_t i) const {
  const tcp_socket& s = sockets_[i];
  if (s.tuple.remote_port == 0 || s.state() == state::closed || s.state() == state::syn_sent ||
      s.is_listener())
    return errc::enotconn;
  return peer_of(i);
}

result<std::string_view> tcp_stack::state_of(std::uint32_t i) const {
  return tcp::name(sockets_[i].state());
}

// ---- clocks and keys ----------------------------------------------------------------------------

std::uint32_t tcp_stack::iss_for(std::uint64_t hash) const {
  // secure_tcp_seq(): a keyed hash of the four-tuple plus a clock of 64 ns.
  const auto keyed = static_cast<std::uint32_t>(core::keyed_mix(iss_key_, hash));
  return keyed + static_cast<std::uint32_t>(ns(parts_.world.now()) >> 6);
}

std::uint32_t tcp_stack::ts_offset_for(const wire::four_tuple& t, std::uint64_t hash) const {
  return parts_.sysctls.tcp_timestamps == 2 ? 0 : random_ts_offset(t, hash);
}

std::uint32_t tcp_stack::random_ts_offset(const wire::four_tuple& t, std::uint64_t hash) const {
  if (!parts_.config.profile->tcp.timestamp_offset_per_tuple)
    hash = wire::hash({t.local, t.remote, 0, 0});
  return static_cast<std::uint32_t>(core::keyed_mix(ts_key_, hash));
}

ports::kernel_time tcp_stack::kernel_now() const {
  ports::kernel_time t;
  // Virtual time is never negative, and dividing without a sign is cheaper.
  const auto now = static_cast<std::uint64_t>(ns(parts_.world.now()));
  const auto boot = static_cast<std::uint64_t>(ns(parts_.config.timers.boot));
  t.ms = static_cast<std::int64_t>(now / 1'000'000);
  t.seconds = static_cast<std::int64_t>((now + boot) / 1'000'000'000);
  t.window = parts_.timers.jiffy() / (std::uint64_t{10} * limits_.hz);
  return t;
}

// ---- to look at ---------------------------------------------------------------------------------

/// Children that were reset while they waited for accept(): no list of the kernel's has them.
std::uint64_t tcp_stack::closed_in_queues() const {
  std::uint64_t n = 0;
  sockets_.each([&](std::uint32_t, const tcp_socket& s) {
    n += s.unaccepted && s.state() == state::closed ? 1U : 0U;
  });
  return n;
}

std::uint64_t tcp_stack::count(tcp::state s) const {
  const std::uint64_t sockets = states_[static_cast<std::size_t>(s)];
  switch (s) {
    case tcp::state::time_wait:
      return sockets + time_waits_.size() - fin_wait_2_records_;
    case tcp::state::fin_wait_2:
      return sockets + fin_wait_2_records_;
    case tcp::state::syn_received:
      return sockets + requests_.size();
    case tcp::state::closed:
      return sockets - closed_in_queues();
    default:
      return sockets;
  }
}

void tcp_stack::begin_counting(instant from) {
  ports_gauge_.restart(from);
  time_wait_gauge_.restart(from);
  ports_.restart_peak();
  time_wait_reused_ = 0;
}

namespace {

/// observe::state_names.
constexpr std::array<state, observe::state_names.size()> reported = {
    state::listen,     state::syn_sent,   state::syn_received, state::established,
    state::fin_wait_1, state::fin_wait_2, state::close_wait,   state::closing,
    state::last_ack,   state::time_wait,  state::closed};
static_assert(std::ranges::equal(reported, observe::state_names, {}, tcp::name));

}  // namespace

void tcp_stack::look(observe::host_metrics& m) const {
  for (std::size_t n = 0; n < reported.size(); ++n) m.sockets[n] = count(reported[n]);
  const ports::usage u = ports_.current_usage();
  m.tcp.low = parts_.sysctls.ip_local_port_range.low;
  m.tcp.high = parts_.sysctls.ip_local_port_range.high;
  m.tcp.capacity = u.capacity;
  m.tcp.ports = ports_gauge_;
  m.tcp.tuples_peak = u.tuples_peak;
  m.time_wait = time_wait_gauge_;
  m.time_wait_reused = time_wait_reused_;
  const auto open = count(tcp::state::established) + count(tcp::state::close_wait);
  if (open != 0) m.nstat["TcpCurrEstab"] = open;
}

}  // namespace fourtuple::host
