#include "tests/exhaustive/properties.h"

#include <fmt/format.h>

namespace fourtuple::exhaustive {

using tcp::state;

// ---- steps ------------------------------------------------------------------------------------

std::string_view documented_silence(const peer& p, const wire::segment& s) {
  const bool empty = s.sequence_length() == 0;
  if (std::holds_alternative<nothing>(p.holds)) {
    if (s.has(wire::rst)) return "RFC 9293 3.10.7.1: a RST is discarded";
    if (p.listening && !s.has(wire::ack) && (!s.has(wire::syn) || s.has(wire::fin)))
      return "tcp_rcv_state_process(): LISTEN drops what is no SYN";
    return {};
  }
  if (const auto* h = std::get_if<half_open>(&p.holds)) {
    if (s.has(wire::rst)) return "RFC 9293 3.10.7.4: a RST outside the window is dropped";
    if (h->request.last_oow_ack != 0) return "tcp_invalid_ratelimit";
    return {};
  }
  if (const auto* w = std::get_if<tcp::time_wait>(&p.holds)) {
    if (s.has(wire::rst)) return "tcp_timewait_state_process(): a RST that is not exact";
    if (w->fin_wait_2 && empty) return "tcp_timewait_state_process(): nothing new";
    if (w->last_oow_ack != 0 && (empty || s.has(wire::syn))) return "tcp_invalid_ratelimit";
    return {};
  }
  const tcp::tcb& t = std::get<connection>(p.holds).tcb;
  if (t.st == state::syn_sent) {
    if (s.has(wire::rst)) return "RFC 9293 3.10.7.3: a RST without an acceptable ACK is dropped";
    if (!s.has(wire::syn)) return "RFC 9293 3.10.7.3, fifth: neither SYN nor RST";
    return {};
  }
  if (s.has(wire::rst)) return "RFC 9293 3.10.7.4, first: a RST outside the window is dropped";
  if (empty) return "RFC 9293 3.10.7.4, fifth: an ACK that says nothing new";
  if (s.has(wire::syn) && t.last_oow_ack != 0) return "RFC 5961 4.2 with tcp_invalid_ratelimit";
  return {};
}

namespace {

bool changed(const joint& before, const joint& after, std::size_t p) {
  std::string was, is;
  encode(before.peers[p], was);
  encode(after.peers[p], is);
  return was != is;
}

const tcp::tcb* control_block(const peer& p) {
  const auto* c = std::get_if<connection>(&p.holds);
  return c == nullptr ? nullptr : &c->tcb;
}

/// What each call does to the states it is made in (reference D.1).
bool call_did_its_work(const joint& before, const event& e, const joint& after) {
  const peer& was = before.peers[e.peer];
  const peer& is = after.peers[e.peer];
  const tcp::tcb* t = control_block(is);
  switch (e.what) {
    case happening::send:
      return t != nullptr && t->write_seq == control_block(was)->write_seq + 1;
    case happening::read:
      return t != nullptr && tcp::readable(*t) == 0;
    case happening::close:
    case happening::close_resetting:
      return t == nullptr || t->orphan;
    case happening::disconnect:
      return std::holds_alternative<nothing>(is.holds);
    case happening::shutdown_wr:
    case happening::close_lingering:
      return t == nullptr ||
             (t->shut_wr && t->st != state::established && t->st != state::close_wait);
    default:
      return true;
  }
}

}  // namespace

std::optional<std::string> unanswered(const joint& before, const event& e, const joint& after,
                                      const report& r) {
  const bool something = r.sent || r.armed || r.end != tcp::ending::none;
  switch (e.what) {
    case happening::lose:
      return std::nullopt;
    case happening::deliver:
    case happening::deliver_twice:
      if (something || changed(before, after, e.peer)) return std::nullopt;
      if (!documented_silence(before.peers[e.peer], r.heard).empty()) return std::nullopt;
      return fmt::format("{} in {} is answered by nothing", shown(r.heard),
                         tcp::name(state_of(before.peers[e.peer])));
    case happening::timer_retransmit:
      // A timer that nothing waits for fires to no effect (actions.h).
      if (control_block(before.peers[e.peer])->pending == tcp::pending::none) return std::nullopt;
      if (something || control_block(after.peers[e.peer])->pending == tcp::pending::none)
        return std::nullopt;
      return "the retransmission timer fires, and nothing comes of it";
    case happening::give_up:
      if (r.end == tcp::ending::closed) return std::nullopt;
      return "retransmitting never ends";
    case happening::timer_delayed_ack:
      if (!control_block(before.peers[e.peer])->ack_timer || r.sent) return std::nullopt;
      return "the delayed ACK is never sent";
    default:
      if (call_did_its_work(before, e, after)) return std::nullopt;
      return fmt::format("{} in {} has no effect", shown(e, before),
                         tcp::name(state_of(before.peers[e.peer])));
  }
}

bool is_arrow(state from, state to) {
  if (from == to || to == state::closed || to == state::listen) return true;
  switch (from) {
    case state::closed:
    case state::listen:
      return to == state::syn_sent || to == state::syn_received;
    case state::syn_sent:
      return to == state::syn_received || to == state::established;
    case state::syn_received:
      // One segment may do what figure 5 draws as two arrows: ACK and FIN; ACK after shutdown().
      return to == state::established || to == state::fin_wait_1 || to == state::close_wait ||
             to == state::closing;
    case state::established:
      return to == state::fin_wait_1 || to == state::close_wait;
    case state::fin_wait_1:
      return to == state::fin_wait_2 || to == state::closing || to == state::time_wait;
    case state::fin_wait_2:
    case state::closing:
      return to == state::time_wait;
    case state::close_wait:
      return to == state::last_ack;
    case state::last_ack:
      return false;
    case state::time_wait:
      return to == state::syn_sent || to == state::syn_received;  // reused
  }
  return false;
}

std::optional<std::string> no_such_arrow(const joint& before, const joint& after) {
  for (std::size_t p = 0; p < 2; ++p) {
    const state from = state_of(before.peers[p]);
    const state to = state_of(after.peers[p]);
    if (!is_arrow(from, to))
      return fmt::format("{} -> {} is no arrow of RFC 9293 figure 5", tcp::name(from),
                         tcp::name(to));
  }
  return std::nullopt;
}

std::optional<std::string> time_wait_misplaced(const joint& before, const event& e,
                                               const joint& after, const report& r) {
  const peer& was = before.peers[e.peer];
  const bool waited = state_of(was) == state::time_wait;
  const bool waits = state_of(after.peers[e.peer]) == state::time_wait;
  if (waits && !waited && was.closed != closer::first)
    return fmt::format("TIME-WAIT on the side that {}",
                       was.closed == closer::none ? "did not close" : "closed second");
  // Without a reset, a FIN exchange ends in CLOSED only for the side that closed second.
  const bool heard = e.what == happening::deliver || e.what == happening::deliver_twice;
  if (heard && r.end == tcp::ending::closed && !r.heard.has(wire::rst) && !r.sent_reset &&
      was.closed != closer::second)
    return fmt::format("{} ended without TIME-WAIT on the side that closed first",
                       tcp::name(state_of(was)));
  return std::nullopt;
}

std::optional<std::string> invented(const joint& after, const event& e, const report& r) {
  const peer& me = after.peers[e.peer];
  const tcp::tcb* t = control_block(me);
  if (t == nullptr) return std::nullopt;
  const wire::seq first = t->iss + 1;
  const wire::seq end = first + me.bytes_sent;
  for (const wire::segment& s : r.said) {
    if (s.has(wire::rst)) continue;
    const bool text = s.length == 0 || (wire::at_or_after(s.seq_number, first) &&
                                        wire::at_or_before(s.seq_number + s.length, end));
    const bool syn = s.has(wire::syn) == (s.seq_number == t->iss && s.end() == first);
    const bool fin = !s.has(wire::fin) || s.seq_number + s.length == end;
    const bool probe = s.sequence_length() == 0 && s.seq_number + 1 == t->snd_una;
    if (!text || (!syn && !probe) || !fin)
      return fmt::format("{} says {}", tcp::name(t->st), shown(s));
  }
  return std::nullopt;
}

bool is_over(const joint& j) {
  for (const peer& p : j.peers)
    if (!std::holds_alternative<nothing>(p.holds)) return false;
  return j.network[0].empty() && j.network[1].empty();
}

bool is_fair(const event& e) {
  switch (e.what) {
    case happening::deliver:
    case happening::accept:
    case happening::read:
    case happening::close:
    case happening::linger_over:
    case happening::timer_retransmit:
    case happening::timer_delayed_ack:
    case happening::timer_keepalive:
    case happening::timer_request:
    case happening::timer_time_wait:
      return true;
    default:
      return false;
  }
}

}  // namespace fourtuple::exhaustive
