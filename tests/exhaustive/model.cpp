// What can happen to a joint state, and the calls of its applications.
#include "tests/exhaustive/model.h"

#include <algorithm>
#include <utility>

namespace fourtuple::exhaustive {

using tcp::state;

namespace {

/// The other side's FIN and all before it has arrived, by counting bytes; where the other side has
/// gone on to a new connection, as the control block says.
bool heard_fin(const tcp::tcb& t, const peer& other) {
  if (const auto* c = std::get_if<connection>(&other.holds); c != nullptr && c->tcb.iss != t.irs)
    return t.fin_received;
  if (const auto* h = std::get_if<half_open>(&other.holds);
      h != nullptr && h->request.snt_isn != t.irs)
    return t.fin_received;
  return t.rcv_nxt - t.irs - 1 > other.bytes_sent;
}

bool nothing_under_way(const joint& j) { return j.network[0].empty() && j.network[1].empty(); }

}  // namespace

tcp::timer timer_of(happening h) {
  switch (h) {
    case happening::timer_delayed_ack:
      return tcp::timer::delayed_ack;
    case happening::timer_keepalive:
      return tcp::timer::keepalive;
    default:
      return tcp::timer::retransmit;
  }
}

model::model(const setting& s, const machine& m) : setting_(s), machine_(m), clock_(moment()) {}

joint model::start() const {
  joint j;
  for (std::size_t p = 0; p < 2; ++p) {
    j.peers[p].listening = setting_.listens[p];
    j.peers[p].opens_left = setting_.opens[p];
    j.peers[p].bytes_left = setting_.bytes[p];
  }
  j.duplications_left = setting_.duplications;
  return j;
}

wire::four_tuple model::tuple_of(std::size_t p) const {
  const wire::four_tuple t{wire::address_id{2}, wire::address_id{3}, 40000, 5000};
  if (setting_.alone) return {wire::address_id{2}, wire::address_id{2}, 40000, 40000};
  return p == 0 ? t : t.reversed();
}

wire::seq model::next_iss(peer& p, std::size_t index) const {
  p.incarnation = static_cast<std::uint8_t>((p.incarnation + 1) % 8);  // more SYNs there never are
  return static_cast<wire::seq>(10000 * (index + 1)) + p.incarnation * 1000U;
}

// ---- what can happen --------------------------------------------------------------------------

void model::events(const joint& j, std::vector<event>& out) const {
  out.clear();
  for (std::uint8_t p = 0; p < 2; ++p) {
    user_events(j, p, out);
    timer_events(j, p, out);
    const auto& here = j.network[p];
    for (std::uint8_t i = 0; i < here.size(); ++i) {
      out.push_back({happening::deliver, p, i});
      out.push_back({happening::lose, p, i});
      if (j.duplications_left != 0) out.push_back({happening::deliver_twice, p, i});
    }
  }
}

void model::user_events(const joint& j, std::uint8_t p, std::vector<event>& out) const {
  const peer& me = j.peers[p];
  const auto may = [&](bool when, call c, happening h) {
    if (when && (setting_.calls & c) != 0) out.push_back({h, p, 0});
  };
  const auto* record = std::get_if<tcp::time_wait>(&me.holds);
  const bool reusable = record != nullptr && !record->fin_wait_2 && record->has_timestamps();
  if (me.opens_left != 0 && (std::holds_alternative<nothing>(me.holds) || reusable))
    out.push_back({happening::connect, p, 0});
  may(me.listening, call_stop_listening, happening::stop_listening);
  const auto* c = std::get_if<connection>(&me.holds);
  if (c == nullptr || c->tcb.orphan) return;
  const tcp::tcb& t = c->tcb;
  if (!c->accepted) {
    if (t.st != state::syn_received) out.push_back({happening::accept, p, 0});
    return;
  }
  if (c->lingers) {
    out.push_back({happening::linger_over, p, 0});
    return;
  }
  const bool opening = t.st == state::syn_sent || t.st == state::syn_received;
  const bool open = t.st == state::established || t.st == state::close_wait;
  may(open && !t.shut_wr && me.bytes_left != 0, call_send, happening::send);
  may(!opening && tcp::readable(t) != 0, call_read, happening::read);
  may(t.st != state::syn_sent && !t.shut_rd, call_shutdown_rd, happening::shutdown_rd);
  may(t.st != state::syn_sent && !t.shut_wr, call_shutdown_wr, happening::shutdown_wr);
  may(true, call_close, happening::close);
  may(true, call_close_resetting, happening::close_resetting);
  may(true, call_close_lingering, happening::close_lingering);
  may(true, call_disconnect, happening::disconnect);
}

void model::timer_events(const joint& j, std::uint8_t p, std::vector<event>& out) const {
  const peer& me = j.peers[p];
  // 2MSL and giving up take so long that nothing of before is under way any more.
  const bool quiet = nothing_under_way(j);
  if (std::holds_alternative<half_open>(me.holds)) out.push_back({happening::timer_request, p, 0});
  if (std::holds_alternative<tcp::time_wait>(me.holds) && quiet)
    out.push_back({happening::timer_time_wait, p, 0});
  const auto* c = std::get_if<connection>(&me.holds);
  if (c == nullptr) return;
  for (const happening h :
       {happening::timer_retransmit, happening::timer_delayed_ack, happening::timer_keepalive})
    if ((c->timers & bit(timer_of(h))) != 0) out.push_back({h, p, 0});
  const bool synchronized = c->tcb.st != state::syn_sent && c->tcb.st != state::syn_received;
  if (quiet && synchronized && c->tcb.pending == tcp::pending::retransmit)
    out.push_back({happening::give_up, p, 0});
}

// ---- a step -----------------------------------------------------------------------------------

joint model::after(const joint& before, const event& e, report& r) {
  joint j = before;
  r = {};
  out_.clear();
  switch (e.what) {
    case happening::deliver:
    case happening::deliver_twice:
    case happening::lose: {
      auto& here = j.network[e.peer];
      r.heard = here[e.index];
      if (e.what == happening::deliver_twice) {
        --j.duplications_left;
      } else {
        here.erase(here.begin() + e.index);
      }
      if (e.what != happening::lose) arrives(j, e.peer, r.heard, r);
      break;
    }
    case happening::timer_retransmit:
    case happening::timer_delayed_ack:
    case happening::timer_keepalive:
    case happening::timer_request:
    case happening::timer_time_wait:
    case happening::give_up:
      timer(j, e, r);
      break;
    default:
      user_call(j, e, r);
  }
  canonicalize(j, setting_);
  return j;
}

void model::check_in(connection& c) {
  if (c.tcb.transit == 0) return;
  c.tcb.transit = pool_.transits.take();
  pool_.transits[c.tcb.transit] = std::move(c.transit);
}

void model::check_out(connection& c) {
  c.transit = {};
  if (c.tcb.transit == 0) return;
  c.transit = std::move(pool_.transits[c.tcb.transit]);
  pool_.transits.give_back(c.tcb.transit);
  c.tcb.transit = 1;
}

void model::emit(joint& j, std::size_t p, report& r) {
  auto& there = j.network[other(p)];
  for (const wire::segment& s : out_.segments) {
    r.sent = true;
    r.sent_reset |= s.has(wire::rst);
    r.said.push_back(s);
    if (there.size() < setting_.in_flight) there.push_back(s);
  }
}

/// After a step of the connection at p, which is checked in.
void model::carry_out(joint& j, std::size_t p, report& r) {
  peer& me = j.peers[p];
  auto& c = std::get<connection>(me.holds);
  for (std::size_t t = 0; t < tcp::timer_count; ++t) {
    const auto mask = static_cast<std::uint8_t>(1U << t);
    const auto wanted = out_.timer_of(static_cast<tcp::timer>(t)).what;
    if (wanted == tcp::timer_request::kind::arm) {
      c.timers |= mask;
      r.armed = true;
    } else if (wanted == tcp::timer_request::kind::cancel) {
      c.timers = static_cast<std::uint8_t>(c.timers & ~mask);
    }
  }
  check_out(c);
  emit(j, p, r);
  if (out_.end != tcp::ending::none) r.end = out_.end;
  if (out_.end == tcp::ending::closed) {
    me.holds = nothing{};
    me.closed = closer::none;
  } else if (out_.end != tcp::ending::none) {
    me.holds = tcp::make_time_wait(c.tcb, out_.end, setting_.limits, clock_);
  }
}

// ---- calls ------------------------------------------------------------------------------------

void model::note_close(joint& j, std::size_t p) {
  peer& me = j.peers[p];
  const tcp::tcb& t = std::get<connection>(me.holds).tcb;
  if (me.closed != closer::none || t.st == state::syn_sent) return;
  me.closed = heard_fin(t, j.peers[other(p)]) ? closer::second : closer::first;
}

void model::connect(joint& j, std::size_t p, report& r) {
  peer& me = j.peers[p];
  tcp::connection_setup setup;
  setup.tuple = tuple_of(p);
  setup.iss = next_iss(me, p);
  if (const auto* old = std::get_if<tcp::time_wait>(&me.holds)) {
    setup.iss = tcp::isn_after_reuse(*old);
    setup.ts_recent = old->ts_recent;
    setup.ts_recent_stamp_s = old->ts_recent_stamp_s;
  }
  --me.opens_left;
  me.bytes_sent = 0;
  me.closed = closer::none;
  connection c;
  c.tcb = tcp::new_connection(setup, setting_.options, setting_.limits);
  tcp::open_active(c.tcb, setting_.limits, clock_, out_);
  me.holds = std::move(c);
  r.new_connection = true;
  carry_out(j, p, r);
}

void model::stop_listening(joint& j, std::size_t p, report& r) {
  peer& me = j.peers[p];
  me.listening = false;
  if (auto* h = std::get_if<half_open>(&me.holds)) h->listener_gone = true;
  auto* c = std::get_if<connection>(&me.holds);
  if (c == nullptr || c->accepted) return;
  c->tcb.orphan = true;
  check_in(*c);
  tcp::abort(c->tcb, setting_.limits, clock_, out_);
  out_.end = tcp::ending::closed;
  carry_out(j, p, r);
}

void model::user_call(joint& j, const event& e, report& r) {
  if (e.what == happening::connect) return connect(j, e.peer, r);
  if (e.what == happening::stop_listening) return stop_listening(j, e.peer, r);
  auto& c = std::get<connection>(j.peers[e.peer].holds);
  if (e.what == happening::accept) {
    c.accepted = true;
    return;
  }
  check_in(c);
  connection_call(j, e, c, r);
}

/// The second half of close(): the descriptor is gone.
void model::release(joint& j, std::size_t p, report& r) {
  auto* c = std::get_if<connection>(&j.peers[p].holds);
  if (c == nullptr) return;
  out_.clear();
  check_in(*c);
  tcp::orphan(c->tcb, setting_.limits, clock_, out_);
  carry_out(j, p, r);
}

void model::connection_call(joint& j, const event& e, connection& c, report& r) {
  const tcp::limits& l = setting_.limits;
  peer& me = j.peers[e.peer];
  switch (e.what) {
    case happening::send:
      --me.bytes_left;
      ++me.bytes_sent;
      machine_.app_send(c.tcb, 1, l, clock_, out_);
      break;
    case happening::read:
      tcp::app_read(c.tcb, tcp::readable(c.tcb), l, clock_, out_);
      break;
    case happening::shutdown_rd:
      c.tcb.shut_rd = true;
      break;
    case happening::shutdown_wr:
      note_close(j, e.peer);
      tcp::shutdown_write(c.tcb, l, clock_, out_);
      break;
    case happening::disconnect:
      tcp::abort(c.tcb, l, clock_, out_);
      break;
    case happening::linger_over:
      c.lingers = false;
      tcp::orphan(c.tcb, l, clock_, out_);
      break;
    default:
      note_close(j, e.peer);
      c.tcb.opt.linger_zero = e.what == happening::close_resetting;
      c.tcb.opt.linger_waits = c.lingers = e.what == happening::close_lingering;
      machine_.close(c.tcb, tcp::readable(c.tcb), l, clock_, out_);
  }
  carry_out(j, e.peer, r);
  if (e.what == happening::close || e.what == happening::close_resetting) release(j, e.peer, r);
}

}  // namespace fourtuple::exhaustive
