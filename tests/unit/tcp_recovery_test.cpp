// Loss recovery by itself: two control blocks, a path whose losses the test decides, timers that fire
// when they are due.
#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "sim/tcp/step.h"
#include "tests/support/catch.h"

using namespace fourtuple;
using namespace fourtuple::tcp;
using namespace std::chrono_literals;

namespace {

constexpr duration one_way = 10ms;

tcp::clock at(instant t) {
  return {t, static_cast<std::uint64_t>(ns(t) / 4'000'000) + 1'000'000};
}

/// What a rule does with data segment number n (from 1, in order of sending, resent ones too).
enum class fate { deliver, lose, late };
using rule = std::function<fate(unsigned n, const wire::segment&)>;

/// A sender and a receiver that reads at once, 10 ms apart.
class path {
 public:
  explicit path(limits l = {}) : limits_(l) {
    connection_setup s;
    s.tuple = {wire::address_id{2}, wire::address_id{3}, 40000, 5000};
    s.iss = 1000;
    s.ts_offset = 7;
    sender = new_connection(s, {}, limits_);
    open_active(sender, limits_, at(now_), out_);
    const wire::segment syn = out_.segments.at(0);
    const request r = open_request(syn, 9000, 11, 1460, {}, limits_, at(now_ + one_way));
    out_.clear();
    make_syn_ack(r, limits_, at(now_ + one_way), out_);
    const wire::segment syn_ack = out_.segments.at(0);
    now_ += 2 * one_way;
    out_.clear();
    segment_arrives(sender, syn_ack, false, limits_, at(now_), out_);
    const wire::segment ack = out_.segments.at(0);
    now_ += one_way;
    out_.clear();
    receiver = child_of(r, ack, {}, limits_, at(now_));
    segment_arrives(receiver, ack, false, limits_, at(now_), out_);
    out_.clear();
  }

  void lossy(rule what) { rule_ = std::move(what); }
  void send(std::uint32_t bytes) {
    step(sender, [&] { app_send(sender, bytes, limits_, at(now_), out_); });
  }
  /// Nothing happens for so long.
  void rest(duration d) { now_ += d; }
  void close_sender() {
    step(sender, [&] { close(sender, 0, limits_, at(now_), out_); });
  }

  /// Until nothing is under way and no timer that matters is armed, or `most` events.
  void run(unsigned most = 200'000) {
    while (most-- != 0 && event()) agreed = agreed && counts_agree();
  }

  [[nodiscard]] std::uint64_t count(counter c) const { return counts_[static_cast<std::size_t>(c)]; }
  [[nodiscard]] std::size_t records() const { return pool_.size(); }
  [[nodiscard]] instant now() const { return now_; }
  /// The marks never outnumber what they mark.
  [[nodiscard]] bool counts_agree() {
    if (sender.transit == 0) return true;
    transit& x = pool_[sender.transit];
    std::uint32_t sacked = 0, lost = 0, resent = 0;
    for (const sent_segment& s : x.sent.all()) {
      sacked += s.sacked ? 1U : 0U;
      lost += s.lost ? 1U : 0U;
      resent += s.retransmitted ? 1U : 0U;
    }
    const bool sacks = limits_.sack ? x.sacked_out == sacked : x.sacked_out <= x.packets_out();
    return sacks && x.lost_out == lost && x.retrans_out == resent &&
           x.sacked_out + x.lost_out <= x.packets_out();
  }
  bool agreed = true;  ///< counts_agree() after every event

  tcb sender;
  tcb receiver;
  std::uint32_t delivered = 0;  ///< bytes the receiver's application has read

 private:
  struct arrival {
    instant when;
    std::uint64_t order;
    bool to_receiver;
    wire::segment s;
  };

  template <class Step>
  void step(tcb& t, const Step& what) {
    out_.clear();
    what();
    settle(t);
  }

  void settle(tcb& t) {
    const bool from_sender = &t == &sender;
    for (const auto& c : out_.counters)
      if (from_sender) counts_[static_cast<std::size_t>(c.what)] += c.times;
    auto& timers = from_sender ? sender_timers_ : receiver_timers_;
    for (std::size_t i = 0; i < timer_count; ++i) {
      const timer_request& r = out_.timers[i];
      if (r.what == timer_request::kind::arm)
        timers[i] = now_ + 4ms * static_cast<std::int64_t>(std::max(r.delay, 1U));
      if (r.what == timer_request::kind::cancel) timers[i].reset();
    }
    for (const wire::segment& s : out_.segments) {
      fate f = fate::deliver;
      if (from_sender && s.sequence_length() != 0) f = rule_ ? rule_(++sent_, s) : fate::deliver;
      if (f == fate::lose) continue;
      const duration more = f == fate::late ? 8ms : 0ms;
      pipe_.push_back({now_ + one_way + more, order_++, from_sender, s});
    }
  }

  bool event() {
    const auto next = std::min_element(pipe_.begin(), pipe_.end(), [](const auto& a, const auto& b) {
      return a.when != b.when ? a.when < b.when : a.order < b.order;
    });
    std::optional<instant> due;
    for (const auto* set : {&sender_timers_, &receiver_timers_})
      for (const auto& t : *set)
        if (t && (!due || *t < *due)) due = t;
    if (next != pipe_.end() && (!due || next->when <= *due)) {
      const arrival a = *next;
      pipe_.erase(next);
      now_ = a.when;
      deliver(a);
      return true;
    }
    if (!due) return false;
    now_ = *due;
    fire(sender, sender_timers_);
    fire(receiver, receiver_timers_);
    return true;
  }

  void deliver(const arrival& a) {
    tcb& t = a.to_receiver ? receiver : sender;
    step(t, [&] { segment_arrives(t, a.s, false, limits_, at(now_), out_); });
    const std::uint32_t unread = a.to_receiver ? readable(t) : 0;
    if (unread == 0) return;
    delivered += unread;
    step(t, [&] { app_read(t, unread, limits_, at(now_), out_); });
  }

  void fire(tcb& t, std::array<std::optional<instant>, timer_count>& timers) {
    for (std::size_t i = 0; i < timer_count; ++i) {
      if (!timers[i] || *timers[i] > now_) continue;
      timers[i].reset();
      step(t, [&] { timer_expires(t, static_cast<timer>(i), limits_, at(now_), out_); });
    }
  }

  limits limits_;
  transit_pool pool_;
  actions out_{pool_};
  instant now_{1s};
  rule rule_;
  unsigned sent_ = 0;
  std::uint64_t order_ = 0;
  std::vector<arrival> pipe_;
  std::array<std::optional<instant>, timer_count> sender_timers_;
  std::array<std::optional<instant>, timer_count> receiver_timers_;
  std::array<std::uint64_t, static_cast<std::size_t>(counter::count_)> counts_{};
};

void set_nodelay_of(path& p, bool on) { p.sender.opt.nodelay = on; }

rule lose(std::vector<unsigned> which) {
  return [which = std::move(which)](unsigned n, const wire::segment&) {
    return std::find(which.begin(), which.end(), n) != which.end() ? fate::lose : fate::deliver;
  };
}

constexpr std::uint32_t mss = 1448;
constexpr std::uint32_t linux_default_rcvbuf = 131072;

}  // namespace

TEST_CASE("Without losses nothing is sent twice and no record stays", "[tcp][recovery]") {
  path p;
  p.send(100 * mss);
  p.run();
  CHECK(p.delivered == 100 * mss);
  CHECK(p.count(counter::TcpRetransSegs) == 0);
  CHECK(p.count(counter::TcpExtTCPTimeouts) == 0);
  CHECK(p.records() == 0);
  CHECK(p.sender.cwnd > 10);
}

TEST_CASE("One loss within a window is repaired by one fast retransmission", "[tcp][recovery]") {
  path p;
  p.lossy(lose({12}));
  p.send(40 * mss);
  p.run();
  CHECK(p.delivered == 40 * mss);
  CHECK(p.count(counter::TcpRetransSegs) == 1);
  CHECK(p.count(counter::TcpExtTCPFastRetrans) == 1);
  CHECK(p.count(counter::TcpExtTCPSackRecovery) == 1);
  CHECK(p.count(counter::TcpExtTCPTimeouts) == 0);
}

TEST_CASE("Recovery ends with cwnd at half of what it was", "[tcp][recovery]") {
  path p;
  p.lossy(lose({11}));
  p.send(30 * mss);
  p.run();
  CHECK(p.sender.ssthresh < 20);
  CHECK(p.sender.ssthresh >= 5);
  CHECK(p.sender.cwnd >= p.sender.ssthresh);
}

TEST_CASE("Several losses of a window are repaired in one recovery, each once", "[tcp][recovery]") {
  path p;
  p.lossy(lose({21, 23, 26, 29}));
  p.send(60 * mss);
  p.run();
  CHECK(p.delivered == 60 * mss);
  CHECK(p.count(counter::TcpRetransSegs) == 4);
  CHECK(p.count(counter::TcpExtTCPSackRecovery) == 1);
  CHECK(p.count(counter::TcpExtTCPTimeouts) == 0);
}

TEST_CASE("A lost last segment is repaired by the tail loss probe", "[tcp][recovery]") {
  path p;
  p.lossy(lose({10}));
  p.send(10 * mss);
  p.run();
  CHECK(p.delivered == 10 * mss);
  CHECK(p.count(counter::TcpExtTCPLossProbes) == 1);
  // That it was a loss shows when more is acknowledged and no duplicate was reported.
  CHECK(p.count(counter::TcpExtTCPLossProbeRecovery) == 0);
  p.send(mss);
  p.run();
  CHECK(p.count(counter::TcpExtTCPLossProbeRecovery) == 1);
  CHECK(p.count(counter::TcpExtTCPTimeouts) == 0);
}

TEST_CASE("The probe finds several losses of the tail; RACK repairs the rest", "[tcp][recovery]") {
  path p;
  p.lossy(lose({8, 9, 10}));
  p.send(10 * mss);
  p.run();
  CHECK(p.delivered == 10 * mss);
  CHECK(p.count(counter::TcpExtTCPLossProbes) == 1);
  CHECK(p.count(counter::TcpRetransSegs) == 3);
  CHECK(p.count(counter::TcpExtTCPTimeouts) == 0);
}

TEST_CASE("A retransmission that is lost too is found by RACK", "[tcp][recovery]") {
  path p;
  seq lost_twice = 0;
  unsigned times = 0;
  p.lossy([&](unsigned n, const wire::segment& s) {
    if (n == 12) lost_twice = s.seq_number;
    if (lost_twice != 0 && s.seq_number == lost_twice && times < 2) {
      ++times;
      return fate::lose;
    }
    return fate::deliver;
  });
  p.send(60 * mss);
  p.run();
  CHECK(p.delivered == 60 * mss);
  CHECK(p.count(counter::TcpExtTCPLostRetransmit) == 1);
  CHECK(p.count(counter::TcpRetransSegs) == 2);
}

TEST_CASE("When all is lost the time-out sends the head, and slow start the rest", "[tcp][recovery]") {
  path p;
  p.lossy([](unsigned n, const wire::segment&) { return n <= 11 ? fate::lose : fate::deliver; });
  p.send(10 * mss);
  p.run();
  CHECK(p.delivered == 10 * mss);
  CHECK(p.count(counter::TcpExtTCPTimeouts) == 1);
  CHECK(p.count(counter::TcpExtTCPSlowStartRetrans) == 9);
}

TEST_CASE("Reordering by more than three segments is learnt, and its reduction undone",
          "[tcp][recovery]") {
  path p;
  p.lossy([](unsigned n, const wire::segment&) { return n == 12 ? fate::late : fate::deliver; });
  p.send(60 * mss);
  p.run();
  CHECK(p.delivered == 60 * mss);
  CHECK(p.count(counter::TcpExtTCPTimeouts) == 0);
  CHECK(p.sender.reordering_seen);
  CHECK(p.count(counter::TcpRetransSegs) == 1);  // for nothing, as D-SACK or the time stamp says
  CHECK(p.count(counter::TcpExtTCPDSACKUndo) + p.count(counter::TcpExtTCPFullUndo) +
            p.count(counter::TcpExtTCPPartialUndo) ==
        1);
}

TEST_CASE("Without SACK three duplicates and NewReno repair two losses", "[tcp][recovery]") {
  limits l;
  l.sack = false;
  path p(l);
  p.lossy(lose({12, 15}));
  p.send(60 * mss);
  p.run();
  CHECK(p.delivered == 60 * mss);
  CHECK(p.count(counter::TcpExtTCPRenoRecovery) == 1);
  CHECK(p.count(counter::TcpExtTCPTimeouts) == 0);
  CHECK(p.count(counter::TcpRetransSegs) == 2);
}

TEST_CASE("A FIN that overtakes lost data is kept and needs no second sending", "[tcp][recovery]") {
  path p;
  p.lossy(lose({5}));
  p.send(9 * mss);
  p.close_sender();
  p.run();
  CHECK(p.delivered == 9 * mss);
  CHECK(p.receiver.st == state::close_wait);
  CHECK(p.count(counter::TcpRetransSegs) == 1);
}

TEST_CASE("Any pattern of losses delivers everything, and marks never outnumber segments",
          "[tcp][recovery]") {
  for (std::uint32_t seed = 1; seed <= 300; ++seed) {
    limits l;
    l.sack = seed % 3 != 0;
    l.timestamps = seed % 5 != 0;
    path p(l);
    std::uint32_t x = seed * 2654435761U;
    p.lossy([&](unsigned, const wire::segment&) {
      x = x * 1664525U + 1013904223U;
      const std::uint32_t draw = x >> 16;
      return draw % 20 == 0 ? fate::lose : draw % 23 == 0 ? fate::late : fate::deliver;
    });
    p.send(120 * mss + seed % 700);
    p.run();
    INFO("seed " << seed);
    REQUIRE(p.delivered == 120 * mss + seed % 700);
    REQUIRE(p.sender.snd_una == p.sender.snd_nxt);
    REQUIRE(p.sender.cwnd != 0);
    REQUIRE(p.agreed);
  }
}

TEST_CASE("A receiver that reads at once gets a buffer for twice what came in a round trip",
          "[tcp][recovery]") {
  path p;
  const std::uint32_t before = p.receiver.rcv_ssthresh;
  p.send(4000 * mss);
  p.run();
  CHECK(p.delivered == 4000 * mss);
  CHECK(p.receiver.opt.rcvbuf > linux_default_rcvbuf);
  CHECK(p.receiver.rcv_ssthresh > before);
  CHECK(p.sender.cwnd > 100);
}

TEST_CASE("SO_RCVBUF stays what was asked for", "[tcp][recovery]") {
  path p;
  set_rcvbuf(p.receiver, 131072);
  p.send(1000 * mss);
  p.run();
  CHECK(p.delivered == 1000 * mss);
  CHECK(p.receiver.opt.rcvbuf == 131072);
}

TEST_CASE("Without tcp_early_retrans a lost tail waits for the time-out", "[tcp][recovery]") {
  limits l;
  l.loss_probes = false;
  path p(l);
  p.lossy(lose({10}));
  p.send(10 * mss);
  p.run();
  CHECK(p.delivered == 10 * mss);
  CHECK(p.count(counter::TcpExtTCPLossProbes) == 0);
  CHECK(p.count(counter::TcpExtTCPTimeouts) == 1);
}

TEST_CASE("Small segments are resent as one where tcp_retrans_collapse says so", "[tcp][recovery]") {
  for (const bool on : {true, false}) {
    limits l;
    l.retrans_collapse = on;
    l.loss_probes = false;
    path p(l);
    set_nodelay_of(p, true);
    p.lossy([](unsigned n, const wire::segment&) { return n <= 4 ? fate::lose : fate::deliver; });
    for (int i = 0; i < 4; ++i) p.send(100);
    p.run();
    CHECK(p.delivered == 400);
    CHECK(p.count(counter::TcpRetransSegs) == (on ? 1U : 4U));
  }
}

TEST_CASE("An idle connection starts slowly again, unless tcp_slow_start_after_idle is 0",
          "[tcp][recovery]") {
  for (const bool on : {true, false}) {
    limits l;
    l.slow_start_after_idle = on;
    path p(l);
    p.send(200 * mss);
    p.run();
    const unsigned grown = p.sender.cwnd;
    REQUIRE(grown > 20);
    p.rest(30s);
    p.send(mss);
    CHECK(p.sender.cwnd == (on ? 10U : grown));
  }
}

TEST_CASE("Without tcp_moderate_rcvbuf the receive buffer stays", "[tcp][recovery]") {
  limits l;
  l.moderate_rcvbuf = false;
  path p(l);
  p.send(1000 * mss);
  p.run();
  CHECK(p.receiver.opt.rcvbuf == 0);
}

TEST_CASE("A larger tcp_reordering keeps a late segment from being sent again", "[tcp][recovery]") {
  limits l;
  l.reordering = 100;
  path p(l);
  p.lossy([](unsigned n, const wire::segment&) { return n == 12 ? fate::late : fate::deliver; });
  p.send(60 * mss);
  p.run();
  CHECK(p.delivered == 60 * mss);
  CHECK(p.sender.reordering == 100);
}
