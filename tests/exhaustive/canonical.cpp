// The canonical form of a joint state. What is replaced: ages (before a timer fires everything is
// old, else everything is a round trip old), estimates of round trips, and counters beyond the
// value at which anything asks for them. So the space is finite, and every state stands for those
// that differ in such numbers only.
#include <algorithm>

#include "tests/exhaustive/model.h"

namespace fourtuple::exhaustive {
namespace {

constexpr std::uint32_t round_trip_us = 1000;
constexpr std::uint32_t most_segments = 4;  ///< more are never under way in one direction

template <class T>
void at_most(T& value, std::uint32_t most) {
  if (value > most) value = static_cast<T>(most);
}

/// 0 says never.
template <class T>
void set_age(T& stamp, T value) {
  if (stamp != 0) stamp = value;
}

void order_by_rank(tcp::transit& x) {
  std::vector<std::uint32_t> seen;
  for (const auto& s : x.sent.all()) seen.push_back(s.order);
  if (x.rack_order != 0) seen.push_back(x.rack_order);
  std::sort(seen.begin(), seen.end());
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  const auto rank = [&](std::uint32_t order) {
    const auto at = std::lower_bound(seen.begin(), seen.end(), order);
    return static_cast<std::uint32_t>(at - seen.begin()) + 1;
  };
  for (auto& s : x.sent.all()) s.order = rank(s.order);
  if (x.rack_order != 0) x.rack_order = rank(x.rack_order);
  x.sendings = static_cast<std::uint32_t>(seen.size()) + 1;
}

/// The congestion window is as good as never in the way while nothing is being recovered, and does
/// not grow while something is.
void simplify_congestion(tcp::tcb& t, tcp::transit& x) {
  using tcp::congestion_state;
  const bool recovering =
      x.state == congestion_state::recovery || x.state == congestion_state::loss;
  if (!recovering) t.cwnd = most_segments;
  at_most(t.cwnd, most_segments);
  x.cwnd_limited = false;
  x.max_packets_out = 0;
  x.cwnd_usage_seq = t.snd_nxt;
  set_age(x.prior_cwnd, most_segments);
  set_age(x.prior_ssthresh, most_segments);
  at_most(x.prr_delivered, x.reducing() ? most_segments : 0);
  at_most(x.prr_out, x.reducing() ? most_segments : 0);
  if (x.state == congestion_state::open) x.high_seq = t.iss;
}

/// Segments that are under way, and what came out of order: nothing else of loss recovery.
void forget_recovery(tcp::transit& x) {
  tcp::transit_numbers bare;
  bare.dsack_pending = x.dsack_pending;
  bare.dsack = x.dsack;
  bare.fin_waits = x.fin_waits;
  bare.fin_at = x.fin_at;
  static_cast<tcp::transit_numbers&>(x) = bare;
  for (auto& s : x.sent.all()) s.sacked = s.lost = s.retransmitted = s.ever_retransmitted = false;
}

void simplify(tcp::tcb& t, tcp::transit& x, const tcp::clock& c) {
  order_by_rank(x);
  simplify_congestion(t, x);
  for (auto& s : x.sent.all()) s.sent_us = c.us - round_trip_us;
  x.lost = 0;
  at_most(x.retrans_out, most_segments);
  if (x.undo_retrans > 2) x.undo_retrans = 2;
  x.rack_rtt_us = round_trip_us;
  if (!x.undoable) {
    x.undo_marker = 0;
    x.undo_retrans = 0;
  }
  if (!x.tlp_out) {
    x.tlp_high_seq = 0;
    x.tlp_retrans = false;
  }
  if (!x.fin_waits) x.fin_at = 0;
  if (!x.dsack_pending) x.dsack = {};
}

void simplify(tcp::tcb& t, const tcp::limits& l, const tcp::clock& c) {
  const auto now = static_cast<std::uint32_t>(c.jiffy);
  const auto least = static_cast<std::uint16_t>(l.hz / 25);
  at_most(t.ack_pingpong, l.pingpong_thresh);
  at_most(t.ack_quick, 1);
  set_age(t.ack_ato, least);
  t.last_receive = t.last_send = t.last_heard = t.cwnd_stamp = now;
  t.ack_timeout = t.ack_timer ? now + least : 0;
  if (l.invalid_ratelimit_ms == 0) t.last_oow_ack = 0;
  // A synchronized connection has measured a round trip, whichever segment was the first to tell.
  const bool measured = t.st != tcp::state::syn_sent && t.st != tcp::state::syn_received;
  t.srtt_us8 = measured ? 8 * round_trip_us : 0;
  t.min_rtt_us = measured ? round_trip_us : 0;
  t.mdev_us = 2 * round_trip_us;
  t.mdev_max_us = t.rttvar_us = l.rto_min_us;
  t.rtt_seq = t.iss;
  t.backoff = 0;  // only makes timers longer
  const std::uint32_t base =
      t.srtt_us8 != 0 ? l.rto_min_us + round_trip_us : l.rto_initial_ms * 1000;
  t.rto = base / 1000 * l.hz / 1000;
  at_most(t.retransmits, t.st == tcp::state::syn_sent ? 2 : 1);
  set_age(t.retrans_stamp, (c.ms - 1) | 1U);
  if (t.transit == 0) t.cwnd = most_segments;
  t.ssthresh = 2;
  t.cwnd_count = t.cwnd_used = 0;
  if (!wire::after(t.snd_sml, t.snd_una)) t.snd_sml = t.snd_una;
  at_most(t.reo_wnd_steps, 2);
  at_most(t.reo_wnd_persist, 1);
  set_age(t.rcv_rtt_us8, 8 * round_trip_us);
  t.rcvq_us = c.us;
  t.rcvq_space = 0;
  t.rcvq_seq = t.copied_seq;
}

void forget_recovery(tcp::tcb& t) {
  t.cwnd = most_segments;
  t.reordering_seen = false;
  t.reordering = tcp::limits{}.reordering;
  t.reo_wnd_steps = 1;
  t.reo_wnd_persist = 0;
  t.reo_wnd_round = 0;
  if (t.opt.nodelay) t.snd_sml = t.iss;  // only Nagle's rule asks
  if (t.st == tcp::state::syn_sent || t.st == tcp::state::syn_received) return;
  t.retransmits = 0;  // give_up stands for however many there were
  t.retrans_stamp = 0;
}

/// A timer that nothing waits for fires to no effect (actions.h): as if it were not armed.
void forget_idle_timers(connection& c) {
  const auto drop = [&c](tcp::timer t) {
    c.timers = static_cast<std::uint8_t>(c.timers & ~bit(t));
  };
  if (c.tcb.pending == tcp::pending::none) drop(tcp::timer::retransmit);
  if (!c.tcb.ack_timer) drop(tcp::timer::delayed_ack);
}

void simplify(wire::segment& s) { s.payload = 0; }

/// Two segments of one direction in the order that stands for all orders.
bool precedes(const wire::segment& a, const wire::segment& b) {
  const auto key = [](const wire::segment& s) {
    return std::tuple{s.seq_number, s.length,       s.flags,         s.ack_number,  s.window,
                      s.sack_count, s.sack[0].left, s.sack[0].right, s.sack[1].left};
  };
  return key(a) < key(b);
}

}  // namespace

tcp::clock moment() { return {instant{std::chrono::seconds{10000}}, 10'000'000}; }

void make_old(connection& c, std::uint32_t seconds) {
  const tcp::clock now = moment();
  const auto hz = tcp::limits{}.hz;
  const auto jiffy = static_cast<std::uint32_t>(now.jiffy) - seconds * hz;
  tcp::tcb& t = c.tcb;
  t.last_receive = t.last_send = t.last_heard = t.cwnd_stamp = jiffy;
  set_age(t.retrans_stamp, (now.ms - seconds * 1000) | 1U);
  if (t.transit == 0) return;
  for (auto& s : c.transit.sent.all()) s.sent_us = now.us - 1'000'000;
}

void canonicalize(joint& j, const setting& s) {
  const tcp::limits& l = s.limits;
  const tcp::clock c = moment();
  for (peer& p : j.peers) {
    if (auto* h = std::get_if<half_open>(&p.holds)) {
      at_most(h->request.retransmits, 1);
      if (l.invalid_ratelimit_ms == 0) h->request.last_oow_ack = 0;
    }
    if (auto* w = std::get_if<tcp::time_wait>(&p.holds);
        w != nullptr && l.invalid_ratelimit_ms == 0)
      w->last_oow_ack = 0;
    auto* held = std::get_if<connection>(&p.holds);
    if (held == nullptr) continue;
    simplify(held->tcb, l, c);
    if (held->tcb.transit != 0) {
      if (!s.recovery) forget_recovery(held->transit);
      simplify(held->tcb, held->transit, c);
    }
    if (!s.recovery) forget_recovery(held->tcb);
    forget_idle_timers(*held);
  }
  for (auto& direction : j.network) {
    for (auto& segment : direction) simplify(segment);
    std::sort(direction.begin(), direction.end(), precedes);
  }
}

}  // namespace fourtuple::exhaustive
