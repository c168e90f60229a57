// Invariants of one control block, and of a pair that talks about the same connection.
#include <fmt/format.h>

#include "tests/exhaustive/properties.h"

namespace fourtuple::exhaustive {

using tcp::state;
using wire::after;
using wire::before;

namespace {

using complaint = std::optional<std::string>;

bool synchronized(const tcp::tcb& t) { return t.st != state::syn_sent; }

bool finishing(state s) {
  return s == state::fin_wait_1 || s == state::fin_wait_2 || s == state::closing ||
         s == state::last_ack;
}

bool fin_taken(state s) {
  return s == state::close_wait || s == state::closing || s == state::last_ack;
}

complaint sequence_space(const tcp::tcb& t) {
  if (before(t.snd_una, t.iss)) return "SND.UNA < ISS";
  if (after(t.snd_una, t.snd_nxt)) return "SND.UNA > SND.NXT";
  if (after(t.snd_nxt, t.write_seq)) return "SND.NXT beyond what was written";
  if (!synchronized(t)) return std::nullopt;
  if (before(t.rcv_nxt, t.irs + 1)) return "RCV.NXT <= IRS";
  if (after(t.copied_seq, t.rcv_nxt)) return "more read than received";
  if (after(t.rcv_wup, t.rcv_nxt)) return "more acknowledged than received";
  // close() of a simultaneous open sends FIN before the SYN is acknowledged (tcp_close_state()).
  const bool early = t.st == state::syn_received || (!t.passive && t.st == state::fin_wait_1);
  if (t.snd_una == t.iss && !early) return "synchronized, and the SYN is not acknowledged";
  return std::nullopt;
}

complaint flags_and_state(const tcp::tcb& t) {
  if (t.st == state::closed || t.st == state::listen || t.st == state::time_wait)
    return fmt::format("a connection in state {}", tcp::name(t.st));
  if (finishing(t.st) != t.fin_queued) return "our FIN and the state disagree";
  if (fin_taken(t.st) != t.fin_received) return "the peer's FIN and the state disagree";
  if (t.st == state::fin_wait_2 && t.snd_una != t.write_seq)
    return "FIN-WAIT-2 with an unacknowledged FIN";
  if (t.orphan && !(t.shut_rd && t.shut_wr)) return "an orphan that is not shut down";
  return std::nullopt;
}

/// What waits for an answer has a timer to ask again.
complaint timers(const connection& c) {
  const tcp::tcb& t = c.tcb;
  const bool retransmit = (c.timers & bit(tcp::timer::retransmit)) != 0;
  const bool delayed_ack = (c.timers & bit(tcp::timer::delayed_ack)) != 0;
  const bool keepalive = (c.timers & bit(tcp::timer::keepalive)) != 0;
  const bool waits = t.snd_una != t.write_seq;
  if (waits && t.st != state::syn_received && (!retransmit || t.pending == tcp::pending::none))
    return "something waits for an acknowledgement or a window, and no timer runs";
  if (t.st == state::syn_received && !t.passive && !retransmit)
    return "SYN-RECEIVED without a timer";
  if (t.pending != tcp::pending::none && !retransmit)
    return "the retransmission timer is pending and not armed";
  if (t.ack_timer && !delayed_ack) return "a delayed ACK without its timer";
  if (t.orphan && t.st == state::fin_wait_2 && !keepalive)
    return "an orphan in FIN-WAIT-2 without a timer";
  return std::nullopt;
}

complaint retransmission_queue(const connection& c) {
  const tcp::tcb& t = c.tcb;
  if (t.transit == 0) {
    if (t.snd_una != t.snd_nxt && t.st != state::syn_received)
      return "something is in flight, and the queue is gone";
    return std::nullopt;
  }
  const tcp::transit& x = c.transit;
  std::uint32_t sacked = 0, lost = 0, retransmitted = 0;
  wire::seq end = t.snd_una;
  for (const auto& s : x.sent.all()) {
    if (!after(s.end, end)) return "the retransmission queue is not in order";
    end = s.end;
    sacked += s.sacked ? 1 : 0;
    lost += s.lost ? 1 : 0;
    retransmitted += s.retransmitted ? 1 : 0;
    if (s.sacked && s.lost) return "a segment both SACKed and lost";
  }
  if (end != t.snd_nxt && t.st != state::syn_received)
    return "the retransmission queue does not end at SND.NXT";
  if (t.sack && sacked != x.sacked_out) return "sacked_out disagrees with the queue";
  if (lost != x.lost_out) return "lost_out disagrees with the queue";
  // More: a time-out after an undo counts the head once more, as the kernel does, which calls it
  // leaked (tcp_retransmit_skb()); fewer would make what is in flight negative.
  if (x.retrans_out < retransmitted) return "retrans_out is less than the queue says";
  if (x.packets_out() + x.retrans_out < x.sacked_out + x.lost_out)
    return "less than nothing in flight";
  return std::nullopt;
}

complaint out_of_order(const connection& c) {
  if (c.tcb.transit == 0) return std::nullopt;
  wire::seq end = c.tcb.rcv_nxt;
  for (const auto& r : c.transit.out_of_order.ranges()) {
    if (!after(r.left, end) || !after(r.right, r.left))
      return "what came out of order is not beyond a gap";
    end = r.right;
  }
  if (fin_taken(c.tcb.st) && !c.transit.out_of_order.empty())
    return "something waits behind the peer's FIN";
  return std::nullopt;
}

/// Two control blocks of one connection: nobody received or acknowledged what was not sent.
complaint agreement(const tcp::tcb& a, const tcp::tcb& b) {
  if (!synchronized(a) || !synchronized(b) || a.irs != b.iss || b.irs != a.iss) return std::nullopt;
  if (after(a.rcv_nxt, b.snd_nxt)) return "received what was never sent";
  if (after(a.snd_una, b.rcv_nxt)) return "acknowledged what was never received";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> broken_invariant(const joint& j, const model& m) {
  for (std::size_t p = 0; p < 2; ++p) {
    const auto* c = std::get_if<connection>(&j.peers[p].holds);
    if (c == nullptr) continue;
    for (const complaint& found : {sequence_space(c->tcb), flags_and_state(c->tcb), timers(*c),
                                   retransmission_queue(*c), out_of_order(*c)})
      if (found) return fmt::format("{}: {}", p == 0 ? "A" : "B", *found);
    const auto* other = std::get_if<connection>(&j.peers[m.other(p)].holds);
    if (other == nullptr) continue;
    if (const complaint found = agreement(c->tcb, other->tcb))
      return fmt::format("{}: {}", p == 0 ? "A" : "B", *found);
  }
  return std::nullopt;
}

}  // namespace fourtuple::exhaustive
