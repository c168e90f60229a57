// A segment that is alone under way takes short ways through the state machine: what they leave
// behind is what the general ones would.
#include <random>

#include "sim/tcp/recovery.h"
#include "tests/support/catch.h"

using namespace fourtuple;
using namespace fourtuple::tcp;

namespace {

tcp::clock at(std::int64_t us) {
  return {instant{std::chrono::microseconds(us)}, static_cast<std::uint64_t>(us / 4000) + 1'000'000};
}

/// An established connection with numbers as a seed has them, in a host of its own.
struct connection {
  explicit connection(unsigned seed) : draw(seed) {
    l.cubic = chance();
    l.sack = !chance(4);
    l.timestamps = chance();
    l.loss_probes = chance();
    l.slow_start_after_idle = chance();
    connection_setup s;
    s.tuple = {wire::address_id{2}, wire::address_id{3}, 40000, 5000};
    s.iss = 1000;
    t = new_connection(s, {}, l);
    open_active(t, l, at(0), out);
    request r = open_request(out.segments.at(0), 9000, 11, path_facts{}, {}, l, at(0));
    out.clear();
    make_syn_ack(r, l, at(0), out);
    const wire::segment syn_ack = out.segments.at(0);
    hear(syn_ack, 20'000);
    out.clear();
    vary();
  }

  /// The same conversation may have gone on for long.
  void vary() {
    t.cwnd = pick<std::uint16_t>({1, 2, 3, 10, 40});
    t.ssthresh = pick<std::uint32_t>({2, 5, 0x7fffffff});
    t.snd_wnd = pick<std::uint32_t>({0, 1, 40, 700, 65'000});
    t.max_window = std::max(t.max_window, t.snd_wnd);
    if (chance(3)) t.srtt_us8 = 0;
    t.backoff = pick<std::uint8_t>({0, 0, 0, 2});
    t.min_rtt_us = pick<std::uint32_t>({0, 100, 30'000});
    t.last_send = pick<std::uint32_t>({0, 999'000, 1'000'010});
    t.ack_ato = pick<std::uint16_t>({0, 10});
    t.cwnd_used = pick<std::uint16_t>({0, 5});
    t.reo_wnd_steps = pick<std::uint8_t>({1, 4});
    t.reo_wnd_persist = pick<std::uint8_t>({0, 3});
    t.slow_start_ended = chance(4);
    t.retransmits = pick<std::uint8_t>({0, 0, 1});
    t.opt.cork = chance(5);
    t.opt.nodelay = chance();
    out.refused = chance(8);
    if (l.cubic && chance(3)) t.cubic = pool.cubics.take();
  }

  void hear(const wire::segment& s, std::int64_t us) {
    out.clear();
    segment_arrives(t, s, false, l, at(us), out);
  }

  /// Of `one_in` times once.
  bool chance(unsigned one_in = 2) { return draw() % one_in == 0; }
  template <class T>
  T pick(std::initializer_list<T> of) {
    return of.begin()[draw() % of.size()];
  }

  std::mt19937 draw;
  limits l;
  host_records pool;
  counter_values moved{};
  actions out{pool, moved};
  tcb t;
};

void same_actions(const actions& a, const actions& b) {
  CHECK(a.wakes == b.wakes);
  CHECK(a.end == b.end);
  for (const timer each : {timer::retransmit, timer::delayed_ack, timer::keepalive}) {
    CHECK(a.timer_of(each).what == b.timer_of(each).what);
    CHECK(a.timer_of(each).delay == b.timer_of(each).delay);
  }
  REQUIRE(a.segments.size() == b.segments.size());
  for (std::size_t i = 0; i < a.segments.size(); ++i) {
    const wire::segment& x = a.segments[i];
    const wire::segment& y = b.segments[i];
    CHECK(std::tie(x.seq_number, x.ack_number, x.length, x.flags, x.window, x.ts_value, x.ts_echo) ==
          std::tie(y.seq_number, y.ack_number, y.length, y.flags, y.window, y.ts_value, y.ts_echo));
    CHECK(x.behind_held == y.behind_held);
    CHECK(x.more == y.more);
  }
}

/// But for where their records are.
void same_state(connection& a, connection& b) {
  CHECK(a.moved == b.moved);
  CHECK((a.t.transit == 0) == (b.t.transit == 0));
  tcb x = a.t, y = b.t;
  x.transit = y.transit = 0;
  CHECK(x == y);
}

void same_records(connection& a, connection& b) {
  if (a.t.transit == 0) return;
  transit& x = a.pool.transits[a.t.transit];
  transit& y = b.pool.transits[b.t.transit];
  CHECK(std::tie(x.buffers, x.no_space, x.sendings, x.cwnd_limited) ==
        std::tie(y.buffers, y.no_space, y.sendings, y.cwnd_limited));
  // A record that is made with the FIN counts it; behind a FIN nobody asks.
  if (!a.t.fin_queued) CHECK(x.pushed_seq == y.pushed_seq);
  CHECK(std::tie(x.max_packets_out, x.cwnd_usage_seq, x.state) ==
        std::tie(y.max_packets_out, y.cwnd_usage_seq, y.state));
  CHECK(x.unsent.size() == y.unsent.size());
  REQUIRE(x.sent.size() == y.sent.size());
  for (std::size_t i = 0; i < x.sent.size(); ++i) {
    CHECK(x.sent[i].end == y.sent[i].end);
    CHECK(x.sent[i].sent_us == y.sent[i].sent_us);
    CHECK(x.sent[i].order == y.sent[i].order);
    CHECK(x.sent[i].push == y.sent[i].push);
    CHECK(x.sent[i].head == y.sent[i].head);
    CHECK(x.sent[i].whole == y.sent[i].whole);
  }
}

constexpr unsigned seeds = 3000;

}  // namespace

TEST_CASE("What is sent alone leaves what is sent through the write queue", "[tcp]") {
  unsigned alone = 0;
  for (unsigned seed = 0; seed < seeds; ++seed) {
    CAPTURE(seed);
    connection brief(seed), general(seed);
    static_cast<void>(detail::transit_of(general.t, general.out));  // as if something were under way
    const bool closes = brief.chance(4);
    const auto bytes = brief.pick<std::uint32_t>({1, 64, 535, 1400, 1460, 5000});
    alone += detail::may_send_alone(brief.t, closes ? 0 : bytes, brief.out) ? 1U : 0U;
    for (connection* c : {&brief, &general}) {
      if (closes) {
        close(c->t, 0, c->l, at(70'000), c->out);
      } else {
        app_send(c->t, bytes, c->l, at(70'000), c->out);
      }
      detail::settle(c->t, c->out);
    }
    same_actions(brief.out, general.out);
    same_state(brief, general);
    same_records(brief, general);
  }
  CHECK(alone > seeds / 4);
}

TEST_CASE("The ACK of a segment sent alone leaves what any ACK would", "[tcp]") {
  unsigned alone = 0;
  for (unsigned seed = 0; seed < seeds; ++seed) {
    CAPTURE(seed);
    connection brief(seed), general(seed);
    const bool closes = brief.chance(4);
    const auto later = brief.pick<std::int64_t>({0, 200, 30'000, 900'000});
    wire::segment ack;
    for (connection* c : {&brief, &general}) {
      c->t.snd_wnd = c->t.max_window = 65'000;
      c->out.refused = false;
      if (closes) {
        close(c->t, 0, c->l, at(70'000), c->out);
      } else {
        app_send(c->t, 300, c->l, at(70'000), c->out);
      }
      if (c->t.transit == 0) break;  // a firewall or TCP_CORK held it
      ack.tuple = c->t.tuple.reversed();
      ack.seq_number = c->t.rcv_nxt;
      ack.ack_number = c->t.write_seq;
      ack.flags = wire::ack;
      ack.window = 500;
      ack.has_timestamps = c->t.timestamps;
      ack.ts_value = 30;
      ack.ts_echo = 70 + c->t.ts_offset;
    }
    if (brief.t.transit == 0 || brief.pool.transits[brief.t.transit].sent.empty()) continue;
    transit& x = general.pool.transits[general.t.transit];
    x.sent.front().order = x.sendings += 3;  // as if more had been sent before
    brief.hear(ack, 70'000 + later);
    general.hear(ack, 70'000 + later);
    ++alone;
    same_actions(brief.out, general.out);
    same_state(brief, general);
    same_records(brief, general);
  }
  CHECK(alone > seeds / 2);
}
