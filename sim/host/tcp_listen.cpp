// Listeners: who gets a SYN, half-open requests, the accept queue and its overflow, syncookies
// (tcp_conn_request, tcp_check_req, tcp_v4_syn_recv_sock, inet_csk_listen_stop; reference C and I).
#include <algorithm>

#include "sim/core/random.h"
#include "sim/host/reuseport.h"
#include "sim/host/tcp_lock.h"
#include "sim/host/tcp_stack.h"

namespace fourtuple::host {

using tcp::state;

bool tcp_stack::hears(const tcp_socket& l, wire::address_id to) const {
  if (l.tuple.local == to) return true;
  const bool v4 = parts_.world.addresses().family_of(to) == family::inet;
  if (l.tuple.local == wire::any_v4) return v4;
  return l.tuple.local == wire::any_v6 && (!v4 || !l.v6only);
}

std::uint32_t tcp_stack::find_listener(const wire::segment& s) const {
  const auto here = listeners_.find(s.tuple.remote_port);
  if (here == listeners_.end()) return 0;
  const wire::address_id to = s.tuple.remote;
  const std::vector<std::uint32_t>& all = here->second;
  const std::uint32_t best = all.size() == 1 ? all.front() : best_listener(all, to);
  const tcp_socket& l = sockets_[best];
  if (!hears(l, to)) return 0;
  if (!l.reuseport) [[likely]]
    return best;
  return member_of_group(members_of(group_of(l)), s.tuple, parts_.config);
}

/// A listener on the very address beats a wildcard one; among wildcards an AF_INET socket beats a
/// dual-stack one; among equals the newest. Any of them where none hears.
std::uint32_t tcp_stack::best_listener(const std::vector<std::uint32_t>& of_port,
                                       wire::address_id to) const {
  const bool v4 = parts_.world.addresses().family_of(to) == family::inet;
  std::uint32_t best = of_port.front();
  int best_score = 0;
  for (auto i = of_port.rbegin(); i != of_port.rend(); ++i) {
    const tcp_socket& l = sockets_[*i];
    int score = 0;
    if (l.tuple.local == to) {
      score = 4;
    } else if (hears(l, to)) {
      score = 1 + (v4 && l.tuple.local == wire::any_v4 ? 1 : 0);
    }
    if (score > best_score) {
      best = *i;
      best_score = score;
    }
  }
  return best;
}

bool tcp_stack::accept_queue_full(const tcp_socket& l) const {
  return l.listening().accept_queue.size() > l.listening().backlog;
}

void tcp_stack::to_listener(std::uint32_t i, const wire::segment& s, const tcp::time_wait* reused,
                            const ports::tuple_table::place& at) {
  // tcp_rcv_state_process(), LISTEN: an ACK may return a cookie; otherwise it is answered by RST.
  if (s.has(wire::rst)) return;
  if (s.has(wire::ack)) {
    if (!s.has(wire::syn) && try_cookie(i, s)) return;
    to_nobody(s);
    return;
  }
  if (!s.has(wire::syn) || s.has(wire::fin)) return;
  syn_arrives(i, s, reused, at);
}

void tcp_stack::syn_arrives(std::uint32_t i, const wire::segment& s, const tcp::time_wait* reused,
                            const ports::tuple_table::place& at) {
  tcp_socket& l = sockets_[i];
  const auto& sysctls = parts_.sysctls;
  bool cookie = false;
  if (reused == nullptr &&
      (sysctls.tcp_syncookies == 2 || l.listening().requests > l.listening().backlog)) {
    if (sysctls.tcp_syncookies == 0) {
      parts_.counters.add(tcp::counter::TcpExtTCPReqQFullDrop);
      parts_.counters.add(tcp::counter::TcpExtListenDrops);
      return;
    }
    parts_.counters.add(tcp::counter::TcpExtTCPReqQFullDoCookies);
    l.listening().overflow_seen = true;
    cookie = true;
  }
  if (accept_queue_full(l)) {
    parts_.counters.add(tcp::counter::TcpExtListenOverflows);
    parts_.counters.add(tcp::counter::TcpExtListenDrops);
    return;
  }
  if (!cookie && reused == nullptr && sysctls.tcp_syncookies == 0) {
    const std::int64_t most = sysctls.tcp_max_syn_backlog;
    if (most - l.listening().requests < most >> 2) {
      parts_.counters.add(tcp::counter::TcpExtListenDrops);
      return;
    }
  }
  if (cookie) {
    answer_with_cookie(i, s);
    return;
  }
  const wire::four_tuple tuple = s.tuple.reversed();
  const std::uint32_t index = requests_.make();
  request_record& r = requests_[index];
  const wire::seq iss = reused != nullptr ? tcp::isn_after_reuse(*reused) : iss_for(at.hash());
  ::new (&r.r) tcp::request(tcp::open_request(s, iss, ts_offset_for(tuple, at.hash()),
                                              path_to(tuple.remote), l.tcb->opt, limits_, clock()));
  r.listener = i;
  ++l.listening().requests;
  ++l.listening().young;
  ports_.insert(at, tuple, {ports::kind::request, index});
  r.timer = parts_.timers.arm(timer_kind::request, index, tcp::request_timeout(r.r, limits_));
  tcp::actions& out = sink();
  tcp::make_syn_ack(r.r, limits_, clock(), out);
  out.segments.back().receiver_record = s.sender_record;  // where the SYN comes from
  emit_all(out);
}

tcp::cookie_keys tcp_stack::cookie_keys(const wire::four_tuple& t, std::uint32_t minute) const {
  const std::uint64_t h = wire::hash(t);
  return {static_cast<std::uint32_t>(core::philox(cookie_key_, h, 0)),
          static_cast<std::uint32_t>(core::philox(cookie_key_, h, minute + 1ULL))};
}

void tcp_stack::answer_with_cookie(std::uint32_t i, const wire::segment& s) {
  const wire::four_tuple tuple = s.tuple.reversed();
  const tcp::clock c = clock();
  const wire::seq cookie = tcp::make_cookie(s, cookie_keys(tuple, tcp::cookie_minute(c)), c);
  tcp::request r = tcp::cookie_request(s, cookie, ts_offset_for(tuple, wire::hash(tuple)),
                                       path_to(tuple.remote), sockets_[i].tcb->opt, limits_, c);
  parts_.counters.add(tcp::counter::TcpExtSyncookiesSent);
  tcp::actions& out = sink();
  tcp::make_syn_ack(r, limits_, c, out);
  emit_all(out);
}

bool tcp_stack::try_cookie(std::uint32_t i, const wire::segment& s) {
  tcp_socket& l = sockets_[i];
  if (parts_.sysctls.tcp_syncookies == 0 || !l.listening().overflow_seen) return false;
  const wire::four_tuple tuple = s.tuple.reversed();
  const tcp::clock c = clock();
  const auto first = cookie_keys(tuple, 0).first;
  const std::uint32_t age = tcp::cookie_age(s, first, c);
  tcp::cookie_check check;
  if (age < 2)
    check = tcp::check_cookie(s, cookie_keys(tuple, tcp::cookie_minute(c) - age),
                              ts_offset_for(tuple, wire::hash(tuple)), path_to(tuple.remote),
                              l.tcb->opt, limits_, c);
  if (!check.valid) {
    parts_.counters.add(tcp::counter::TcpExtSyncookiesFailed);
    return false;
  }
  parts_.counters.add(tcp::counter::TcpExtSyncookiesRecv);
  if (accept_queue_full(l)) {
    parts_.counters.add(tcp::counter::TcpExtListenOverflows);
    parts_.counters.add(tcp::counter::TcpExtListenDrops);
    return true;
  }
  const std::uint32_t made = adopt_child(l, check.rebuilt, s);
  ports_.insert(tuple, {ports::kind::connection, made});
  parts_.world.payloads().share(s.payload);
  to_connection(made, s, false);
  if (sockets_.live(made)) l.listening().accept_queue.push(made);
  wake(l);
  return true;
}

void tcp_stack::drop_request(std::uint32_t index) {
  const request_record& r = requests_[index];
  ports_.erase(r.r.tuple, {ports::kind::request, index});
  free_request(index, r);
}

void tcp_stack::free_request(std::uint32_t index, const request_record& r) {
  if (r.timer != 0) parts_.timers.cancel(r.timer);
  if (r.listener != 0) {
    listener_part& l = sockets_[r.listener].listening();
    --l.requests;
    if (r.r.timeouts == 0) --l.young;
  }
  requests_.free(index);
}

void tcp_stack::to_request(std::uint32_t index, const wire::segment& s,
                           const ports::tuple_table::place& at) {
  request_record& r = requests_[index];
  const std::uint32_t answering = r.listener != 0 ? r.listener : heir_of(r.heirs, r.r.tuple);
  if (answering == 0) {
    drop_request(index);
    if (const std::uint32_t listener = find_listener(s); listener != 0) {
      to_listener(listener, s, nullptr, place_of(s));
    } else {
      to_nobody(s);
    }
    return;
  }
  tcp::actions& out = sink_for(r.r);
  switch (tcp::request_segment(r.r, s, sockets_[answering].tcb->opt, limits_, clock(), out)) {
    case tcp::request_verdict::drop:
      break;
    case tcp::request_verdict::resent:
      parts_.timers.cancel(r.timer);
      r.timer = parts_.timers.arm(timer_kind::request, index, tcp::request_timeout(r.r, limits_));
      break;
    case tcp::request_verdict::make_child:
      make_child(index, answering, s, at);
      return;
    case tcp::request_verdict::kill:
      drop_request(index);
      break;
  }
  emit_all(out);
}

void tcp_stack::make_child(std::uint32_t request_index, std::uint32_t listener,
                           const wire::segment& s, const ports::tuple_table::place& at) {
  request_record& r = requests_[request_index];
  const bool migrates = r.listener != listener;
  tcp_socket& l = sockets_[listener];
  if (accept_queue_full(l)) {
    parts_.counters.add(tcp::counter::TcpExtListenOverflows);
    parts_.counters.add(tcp::counter::TcpExtListenDrops);
    if (migrates) parts_.counters.add(tcp::counter::TcpExtTCPMigrateReqFailure);
    tcp::actions& out = sink();
    if (tcp::overflowed(r.r, s, limits_, out)) drop_request(request_index);
    emit_all(out);
    return;
  }
  const std::uint32_t made = adopt_child(l, r.r, s);
  ports_.replace(at, r.r.tuple, {ports::kind::connection, made});
  free_request(request_index, r);
  if (migrates) parts_.counters.add(tcp::counter::TcpExtTCPMigrateReqSuccess);
  parts_.world.payloads().share(s.payload);
  l.listening().accept_queue.push(made);
  to_connection(made, s, false);
  wake(l);
}

std::uint32_t tcp_stack::adopt_child(const tcp_socket& l, const tcp::request& r,
                                     const wire::segment& s) {
  const std::uint32_t made = sockets_.make();
  tcp_socket& c = sockets_[made];
  c.tcb = tcbs_.take(made);
  const tcp::tcb& t = *::new (c.tcb) tcp::tcb(tcp::child_of(r, s, l.tcb->opt, limits_, clock()));
  c.tcb->shut_rd =
      l.tcb->shut_rd;  // sk_clone_lock(): shutdown() before listen() is the child's, too
  c.tcb->shut_wr = l.tcb->shut_wr;
  ++states_[static_cast<std::size_t>(t.st)];
  parts_.counters.add(tcp::counter::TcpPassiveOpens);  // tcp_create_openreq_child()
  static_cast<socket_marks&>(c) = l;
  c.tuple = t.tuple;
  c.holds_port = true;
  c.port_locked = false;  // sk_clone_lock(): the port is the listener's, and disconnect() gives it up
  c.unaccepted = true;
  c.phase = socket_phase::connected;
  c.nonzero_iss = true;
  c.hashed = true;  // as the caller enters it
  c.error_queued = c.counted_orphan = c.speaks_v4 = false;
  if (const socket_extras& theirs = l.extras(); theirs != socket_extras{}) {
    socket_extras& x = c.made_rare().extras;
    x.linger_on = theirs.linger_on;
    x.linger_s = theirs.linger_s;
    x.rcvtimeo = theirs.rcvtimeo;
    x.sndtimeo = theirs.sndtimeo;
    x.port_range = theirs.port_range;
  }
  c.owner = ports_.add(claim_of(c), c.port(), ports::origin::accept);
  note_ports();
  return made;
}

void tcp_stack::request_timer(std::uint32_t index) {
  request_record& r = requests_[index];
  r.timer = 0;
  if (r.listener == 0 && !inherit_request(r)) {
    drop_request(index);
    return;
  }
  listener_part& l = sockets_[r.listener].listening();
  const tcp::socket_options& opt = sockets_[r.listener].tcb->opt;
  unsigned most = tcp::synack_retries_of(opt, limits_);
  // reqsk_timer_handler(): under load old requests are given up sooner.
  if (2 * l.requests > std::max(8U, l.backlog)) {
    std::uint32_t young = 2 * l.young;
    while (most > 2 && l.requests >= young) {
      --most;
      young *= 2;
    }
  }
  tcp::actions& out = sink_for(r.r);
  const bool first = r.r.timeouts == 0;
  const bool keep = tcp::request_timer(r.r, most, opt, limits_, clock(), out);
  if (keep) {
    if (first && r.r.timeouts != 0) --l.young;
    r.timer = parts_.timers.arm(timer_kind::request, index, tcp::request_timeout(r.r, limits_));
  } else {
    if (first && r.r.timeouts != 0) --l.young;
    drop_request(index);
  }
  emit_all(out);
}

void tcp_stack::stop_listening(std::uint32_t i) {
  tcp_socket& l = sockets_[i];
  auto& here = listeners_[l.port()];
  std::erase(here, i);
  if (here.empty()) listeners_.erase(l.port());
  note_state(l.tcb->st, state::closed);
  l.tcb->st = state::closed;
  if (l.owner) ports_.set_listening(l.owner, false);
  const bool migrates = parts_.sysctls.tcp_migrate_req && l.reuseport;
  const listener_group heirs = migrates ? group_of(l) : listener_group{};
  requests_.each([&](std::uint32_t index, const request_record& r) {
    if (r.listener != i) return;
    requests_[index].listener = 0;
    requests_[index].heirs = heirs;
  });
  const auto part = std::move(l.made_rare().listening);
  while (!part->accept_queue.empty()) {
    const std::uint32_t child = part->accept_queue.pop();
    if (inherit_child(heirs, child)) continue;
    awake(child).tcb->orphan = true;
    {
      lock held(*this, child);
      const state before = sockets_[child].tcb->st;
      tcp::actions& out = sink();
      tcp::abort(*sockets_[child].tcb, limits_, clock(), out);
      out.end = tcp::ending::closed;
      carry_out(child, sockets_[child], before, out);
    }
    free_socket(child);
  }
  if (!sockets_[i].port_locked) drop_port(sockets_[i]);
}

}  // namespace fourtuple::host
