// Segments arrive (tcp_v4_rcv): established hash, then listeners, then nobody; and what a step asks
// for is carried out: timers, segments, wake-ups, the end of a connection.
#include <algorithm>
#include <optional>
#include <utility>

#include "sim/host/digested.h"
#include "sim/host/tcp_lock.h"
#include "sim/host/tcp_stack.h"
#include "sim/wire/icmp.h"

namespace fourtuple::host {

using tcp::state;
using tcp::timer;

tcp_stack::tcp_stack(kernel_parts parts)
    : parts_(parts),
      ports_(parts.world.addresses(), *this),
      iss_key_(core::stream_key(parts.config.seed, parts.config.entity, core::purpose::isn)),
      ts_key_(core::stream_key(parts.config.seed, parts.config.entity, core::purpose::ts_offset)),
      cookie_key_(
          core::stream_key(parts.config.seed, parts.config.entity, core::purpose::syn_cookie)) {
  configure();
}

void tcp_stack::configure() {
  limits_ = limits_of(*parts_.config.profile, parts_.sysctls, parts_.config.timers.hz);
  ports_.configure(ports::rules_of(*parts_.config.profile, parts_.sysctls));
  note_ports();  // those of ip_local_port_range, which may be another
}

// ---- carrying out -------------------------------------------------------------------------------

void tcp_stack::note_state(state from, state to) {
  --states_[static_cast<std::size_t>(from)];
  ++states_[static_cast<std::size_t>(to)];
}

/// The part of carry_out() for a step after which the connection is in another state.
void tcp_stack::state_changed(std::uint32_t i, tcp_socket& s, state before,
                              const tcp::actions& done) {
  note_state(before, s.tcb->st);
  // tcp_set_state(TCP_CLOSE) unhashes before a reset leaves: what answers that finds nobody, and
  // gets a reset with the number that was expected.
  if (done.end == tcp::ending::closed && s.hashed) unhash(i, s);
}

void tcp_stack::forget_acknowledged(tcp_socket& s) {
  if (byte_store* const bytes = s.bytes()) bytes->acknowledged(s.tcb->snd_una);
}

// What is not a tail call here would cost every segment a frame.
[[gnu::always_inline]] inline void tcp_stack::emit(const wire::segment& s) {
  if (!s.resent)
    parts_.counters.add(host_counter::TcpOutSegs,
                        s.gso_size == 0 ? 1 : (s.length + s.gso_size - 1) / s.gso_size);
  // Words in the order of memory are loaded as they stand there.
  parts_.digest.add(ns(parts_.world.now()), remote_and_ports(s.tuple),
                    s.seq_number | std::uint64_t{s.ack_number} << 32,
                    digested::segment | s.flags << 8U | std::uint64_t{s.length} << 32);
  if (parts_.filter.watches_output()) [[unlikely]] {
    emit_filtered(s);
  } else {
    parts_.world.emit(s);
  }
}

void tcp_stack::emit_filtered(const wire::segment& s) {
  if (parts_.filter.lets_out(s)) {
    parts_.world.emit(s);
  } else {
    parts_.world.payloads().release(s.payload);
  }
}

void tcp_stack::emit_all(std::uint32_t i, tcp_socket& s, tcp::actions& done) {
  wire::segment& first = done.segments.front();
  if (done.segments.size() != 1 || first.more || s.rare) [[unlikely]] {
    emit_several(i, s, done);
    return;
  }
  first.sender_record = i;
  first.receiver_record = s.peer_record;
  emit(first);
}

void tcp_stack::emit_several(std::uint32_t i, tcp_socket& s, tcp::actions& done) {
  byte_store* const bytes = s.bytes();
  for (wire::segment& segment : done.segments) {
    // Another piece of its buffer follows, and they leave together (validate_xmit_skb() makes a
    // list of them).
    std::optional<bh_disabled> held;
    if (segment.more) held.emplace(parts_.world);
    segment.sender_record = i;
    segment.receiver_record = s.peer_record;
    if (bytes != nullptr && bytes->has_output() && segment.length != 0) {
      const wire::seq first = segment.seq_number + (segment.has(wire::syn) ? 1U : 0U);
      segment.payload = parts_.world.payloads().put(bytes->cut(first, segment.length));
    }
    emit(segment);
  }
}

void tcp_stack::apply_timers(std::uint32_t i, tcp_socket& s, const tcp::actions& done) {
  done.each_timer([&](timer t, const tcp::timer_request& wanted) {
    std::uint32_t& id = s.timers[static_cast<std::size_t>(t)];
    if (wanted.what == tcp::timer_request::kind::arm) {
      id = parts_.timers.rearm(id, static_cast<timer_kind>(t), i, wanted.delay);
    } else if (id != 0) {
      parts_.timers.cancel(id);
      id = 0;
    }
  });
}

void tcp_stack::emit_all(const tcp::actions& done) {
  for (const wire::segment& segment : done.segments) emit(segment);
}

void tcp_stack::wake_watchers(tcp_socket& s) { parts_.waits.wake(s.watchers, level_of(s)); }

void tcp_stack::drop_port(tcp_socket& s) {
  if (s.owner) {
    ports_.remove(s.owner);
    s.owner = {};
    note_ports();
  }
  s.holds_port = false;
}

void tcp_stack::note_ports() { ports_gauge_.set(ports_.current_usage().now, parts_.world.now()); }

void tcp_stack::cancel_timers(tcp_socket& s) {
  for (std::uint32_t& id : s.timers)
    if (id != 0) parts_.timers.cancel(std::exchange(id, 0));
}

void tcp_stack::unhash(std::uint32_t i, tcp_socket& s) {
  ports_.erase(s.tuple, {ports::kind::connection, i});
  s.hashed = false;
}

void tcp_stack::end(std::uint32_t i, tcp_socket& s, const tcp::actions& done) {
  tcp::tcb& t = *s.tcb;
  if (done.end != tcp::ending::closed) {
    make_time_wait(i, s, done);
  } else if (s.hashed) {
    unhash(i, s);
  }
  cancel_timers(s);
  note_state(t.st, state::closed);
  t.st = state::closed;
  // tcp_done(): both directions are over. A port that the kernel chose is free at once.
  t.shut_rd = t.shut_wr = true;
  if (!s.port_locked) drop_port(s);
  if (t.orphan && owned_ != i) discard(i, s);
}

void tcp_stack::free_socket(std::uint32_t i) {
  tcp_socket& s = sockets_[i];
  cancel_timers(s);
  if (s.hashed) unhash(i, s);
  discard(i, s);
}

void tcp_stack::discard(std::uint32_t i, tcp_socket& s) {
  if (s.counted_orphan) --orphans_;
  drop_port(s);
  --states_[static_cast<std::size_t>(s.tcb->st)];
  tcbs_.give_back(s.tcb);
  sockets_.free(i);
}

// ---- arriving -----------------------------------------------------------------------------------

bool tcp_stack::hint_is_right(const wire::segment& s) const {
  if (!sockets_.live(s.receiver_record)) return false;
  const tcp_socket& socket = sockets_[s.receiver_record];
  return socket.hashed && wire::are_reverse(socket.tuple, s.tuple);
}

/// A segment of a connection. While a system call has the socket it waits in the backlog.
[[gnu::always_inline]] inline void tcp_stack::take_segment(std::uint32_t i, const wire::segment& s,
                                                           bool owned) {
  if (owned_ == i && !owned) {
    add_to_backlog(s, awake(i).tcb->direct_path);
    return;
  }
  tcp_socket& socket = awake(i);
  socket.peer_record = s.sender_record;
  tcp::tcb& t = *socket.tcb;
  const state before = t.st;
  // Only the backlog of a call is processed outside of a soft interrupt.
  tcp::actions& out = owned ? sink_for(socket) : cleared(interrupt_sink_, socket);
  tcp::segment_arrives(t, s, owned, limits_, clock(), out);
  if (s.payload != 0 && out.accepted_left != out.accepted_right) {
    socket.made_bytes().store(s.seq_number + (s.has(wire::syn) ? 1U : 0U),
                              parts_.world.payloads().at(s.payload));
  }
  carry_out(i, socket, before, out);
  parts_.world.payloads().release(s.payload);
}

void tcp_stack::receive(const wire::segment& s) {
  parts_.counters.add(host_counter::TcpInSegs);
  if (hint_is_right(s)) [[likely]] {
    take_segment(s.receiver_record, s, false);
  } else {
    demultiplex(s);
  }
}

void tcp_stack::demultiplex(const wire::segment& s) {
  const ports::tuple_table::place at = place_of(s);
  const ports::entry found = at.what();
  switch (found.type()) {
    case ports::kind::connection:
      to_connection(found.index(), s, false);
      return;
    case ports::kind::request:
      to_request(found.index(), s, at);
      break;
    case ports::kind::time_wait:
      to_time_wait(found.index(), s);
      break;
    case ports::kind::none:
      if (const std::uint32_t listener = find_listener(s); listener != 0) {
        to_listener(listener, s, nullptr, at);
      } else {
        to_nobody(s);
      }
  }
  parts_.world.payloads().release(s.payload);
}

void tcp_stack::to_connection(std::uint32_t i, const wire::segment& s, bool owned) {
  take_segment(i, s, owned);
}

void tcp_stack::to_nobody(const wire::segment& s) {
  wire::segment reply;
  if (!tcp::reset_for(s, reply)) return;
  // tcp_v6_send_response() looks for the way before it counts; tcp_v4_send_reset() does not.
  const wire::address_table& addresses = parts_.world.addresses();
  const bool v6 = addresses.family_of(reply.tuple.remote) == family::inet6;
  if (v6 && !parts_.world.find_route(reply.tuple.remote)) return;
  // It must leave by the device of the address that was asked (rt6_need_strict()), and only lo's
  // own leads to ::1.
  if (v6 && addresses.is_loopback(reply.tuple.remote) && !addresses.is_loopback(reply.tuple.local))
    return;
  parts_.counters.add(tcp::counter::TcpOutRsts);
  emit(reply);
}

void tcp_stack::receive(const wire::icmp_error& e) {
  const ports::entry found = ports_.find(e.about);
  const family f = parts_.world.addresses().family_of(e.about.local);
  const wire::icmp_meaning m = wire::meaning_of(f, e);
  if (found.type() == ports::kind::request) {
    // tcp_req_err(): a half-open connection ends without a word where its peer cannot be reached.
    // tcp_v4_err() names what ends it, tcp_v6_err() takes what icmpv6_err_convert() calls fatal.
    const bool ends = f == family::inet ? m.unreachable || e.kind == wire::icmp_kind::time_exceeded
                                        : m.hard && e.kind != wire::icmp_kind::too_big;
    if (ends && requests_[found.index()].r.snt_isn == e.quoted_seq) {
      drop_request(found.index());
      parts_.counters.add(tcp::counter::TcpExtListenDrops);
    }
    return;
  }
  if (found.type() != ports::kind::connection) return;
  tcp_socket& s = awake(found.index());
  if (e.kind == wire::icmp_kind::too_big) {
    if (!tcp::is_under_way(*s.tcb, e.quoted_seq)) return;
    if (owned_ == found.index()) {
      owned_path_mtu_ = e.mtu;
    } else {
      path_narrows(found.index(), e.mtu);
    }
    return;
  }
  const state before = s.tcb->st;
  // ip_icmp_error() asks nobody; ipv6_icmp_error() wants IPV6_RECVERR.
  if (before == state::syn_sent && f == family::inet) s.error_queued = true;
  tcp::actions& out = sink_for(s);
  tcp::icmp_error(*s.tcb, m.error, e.quoted_seq, m.unreachable, owned_ == found.index(), limits_,
                  clock(), out);
  carry_out(found.index(), s, before, out);
}

/// tcp_v4_mtu_reduced(), tcp_v6_mtu_reduced().
void tcp_stack::path_narrows(std::uint32_t i, std::uint32_t mtu) {
  tcp_socket& s = awake(i);
  const state before = s.tcb->st;
  if (before == state::closed) return;
  const wire::address_id peer = s.tuple.remote;
  parts_.paths.learn(peer, mtu);
  tcp::actions& out = sink_for(s);
  tcp::path_narrows(*s.tcb, path_to(peer).mss, limits_, clock(), out);
  carry_out(i, s, before, out);
}

void tcp_stack::on_timer(timer_kind kind, std::uint32_t index) {
  switch (kind) {
    case timer_kind::request:
      request_timer(index);
      return;
    case timer_kind::time_wait: {
      time_wait_record& w = time_waits_[index];
      w.timer = 0;
      parts_.counters.add(w.w.short_lived ? tcp::counter::TcpExtTWKilled : tcp::counter::TcpExtTW);
      parts_.digest.add(ns(parts_.world.now()), remote_and_ports(w.w.tuple), 0,
                        digested::time_wait);
      kill_time_wait(index);
      return;
    }
    case timer_kind::linger: {
      tcp_socket& s = sockets_[index];
      s.rare->extras.linger_timer = 0;
      s.rare->extras.linger_over = true;
      parts_.waits.wake(s.watchers, ready_hup);
      return;
    }
    default:
      break;
  }
  tcp_socket& s = sockets_[index];
  s.timers[static_cast<std::size_t>(kind)] = 0;
  // Nothing of a connection at rest waits for an answer: they would fire to no effect.
  if (s.tcb == nullptr && kind != timer_kind::keepalive) return;
  wake_up(index, s);
  const state before = s.tcb->st;
  tcp::actions& out = sink_for(s);
  tcp::timer_expires(*s.tcb, static_cast<timer>(kind), limits_, clock(), out);
  carry_out(index, s, before, out);
}

}  // namespace fourtuple::host
