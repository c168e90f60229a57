// What timers and segments do to a joint state.
#include <utility>

#include "tests/exhaustive/model.h"

namespace fourtuple::exhaustive {

using tcp::state;

namespace {

constexpr std::uint32_t while_timer_runs_s = 1;
constexpr std::uint32_t until_given_up_s = 4000;

}  // namespace

// ---- timers -----------------------------------------------------------------------------------

void model::timer(joint& j, const event& e, report& r) {
  peer& me = j.peers[e.peer];
  const tcp::limits& l = setting_.limits;
  // Time has passed for both: rate limits are over.
  for (peer& each : j.peers) {
    if (auto* c = std::get_if<connection>(&each.holds)) c->tcb.last_oow_ack = 0;
    if (auto* h = std::get_if<half_open>(&each.holds)) h->request.last_oow_ack = 0;
    if (auto* w = std::get_if<tcp::time_wait>(&each.holds)) w->last_oow_ack = 0;
  }
  if (e.what == happening::timer_time_wait) {
    me.holds = nothing{};
    me.closed = closer::none;
    return;
  }
  if (auto* h = std::get_if<half_open>(&me.holds)) {
    const bool keep = !h->listener_gone &&
                      tcp::request_timer(h->request, tcp::synack_retries_of(setting_.options, l),
                                         setting_.options, l, clock_, out_);
    if (!keep) me.holds = nothing{};
    r.armed = keep;
    emit(j, e.peer, r);
    return;
  }
  auto& c = std::get<connection>(me.holds);
  const tcp::timer which = timer_of(e.what);
  if (e.what == happening::give_up) {
    // It was sent again some times before.
    c.tcb.retransmits = 1;
    c.tcb.retrans_stamp = clock_.ms;
    make_old(c, until_given_up_s);
  } else {
    make_old(c, while_timer_runs_s);
  }
  c.timers = static_cast<std::uint8_t>(c.timers & ~bit(which));
  check_in(c);
  machine_.timer_expires(c.tcb, which, l, clock_, out_);
  carry_out(j, e.peer, r);
}

// ---- segments ---------------------------------------------------------------------------------

void model::arrives(joint& j, std::size_t p, const wire::segment& s, report& r) {
  peer& me = j.peers[p];
  if (auto* c = std::get_if<connection>(&me.holds)) {
    check_in(*c);
    machine_.segment_arrives(c->tcb, s, false, setting_.limits, clock_, out_);
    carry_out(j, p, r);
  } else if (std::holds_alternative<half_open>(me.holds)) {
    to_request(j, p, s, r);
  } else if (std::holds_alternative<tcp::time_wait>(me.holds)) {
    to_time_wait(j, p, s, r);
  } else {
    to_nothing(j, p, s, r);
  }
}

void model::to_nothing(joint& j, std::size_t p, const wire::segment& s, report& r) {
  peer& me = j.peers[p];
  if (me.listening) {
    if (s.has(wire::rst)) return;
    if (!s.has(wire::ack)) {
      if (s.has(wire::syn) && !s.has(wire::fin)) open_request(j, p, s, next_iss(me, p), r);
      return;
    }
  }
  wire::segment reply;
  if (!tcp::reset_for(s, reply)) return;
  out_.segments.push_back(reply);
  emit(j, p, r);
}

void model::open_request(joint& j, std::size_t p, const wire::segment& s, wire::seq iss,
                         report& r) {
  peer& me = j.peers[p];
  half_open h;
  h.request =
      tcp::open_request(s, iss, 0, tcp::path_facts{}, setting_.options, setting_.limits, clock_);
  tcp::make_syn_ack(h.request, setting_.limits, clock_, out_);
  me.holds = h;
  me.bytes_sent = 0;
  me.closed = closer::none;
  r.new_connection = true;
  emit(j, p, r);
}

void model::to_request(joint& j, std::size_t p, const wire::segment& s, report& r) {
  peer& me = j.peers[p];
  auto& h = std::get<half_open>(me.holds);
  if (h.listener_gone) {
    me.holds = nothing{};
    to_nothing(j, p, s, r);
    return;
  }
  const tcp::limits& l = setting_.limits;
  switch (machine_.request_segment(h.request, s, setting_.options, l, clock_, out_)) {
    case tcp::request_verdict::make_child: {
      out_.clear();
      connection c;
      c.tcb = tcp::child_of(h.request, s, setting_.options, l, clock_);
      c.accepted = false;
      me.holds = std::move(c);
      arrives(j, p, s, r);
      return;
    }
    case tcp::request_verdict::kill:
      me.holds = nothing{};
      break;
    case tcp::request_verdict::resent:
      r.armed = true;
      break;
    case tcp::request_verdict::drop:
      break;
  }
  emit(j, p, r);
}

void model::to_time_wait(joint& j, std::size_t p, const wire::segment& s, report& r) {
  peer& me = j.peers[p];
  auto& w = std::get<tcp::time_wait>(me.holds);
  const tcp::limits& l = setting_.limits;
  auto verdict = machine_.time_wait_segment(w, s, l, clock_, out_);
  if (verdict == tcp::time_wait_verdict::syn) {
    if (me.listening) {
      open_request(j, p, s, tcp::isn_after_reuse(w), r);
      return;
    }
    verdict = tcp::refuse_syn(w, s, l, clock_, out_);
  }
  if (verdict == tcp::time_wait_verdict::kill) {
    me.holds = nothing{};
    me.closed = closer::none;
  }
  r.armed = verdict == tcp::time_wait_verdict::restart;
  emit(j, p, r);
}

}  // namespace fourtuple::exhaustive
