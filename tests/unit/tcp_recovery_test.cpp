// Loss recovery by itself: retransmissions, probes, undo.
#include "tests/support/catch.h"
#include "tests/unit/tcp_path.h"

using namespace fourtuple;
using namespace fourtuple::tcp_path;

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

TEST_CASE("A D-SACK of what was sent but once is taken for an ordinary block", "[tcp][recovery]") {
  path p;
  p.lossy([](unsigned n, const wire::segment&) { return n == 12 ? fate::twice : fate::deliver; });
  p.send(60 * mss);
  p.run();
  CHECK(p.delivered == 60 * mss);
  CHECK(p.count(counter::TcpExtTCPDSACKRecv) == 1);
  CHECK(p.count(counter::TcpExtTCPSACKDiscard) == 1);
  CHECK(p.count(counter::TcpRetransSegs) == 0);
  CHECK(p.sender.unreported_resends == -1);
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
    bool pushed = true;
    p.lossy([&pushed](unsigned n, const wire::segment& s) {
      if (s.resent) pushed = pushed && s.has(wire::psh);
      return n <= 4 ? fate::lose : fate::deliver;
    });
    for (int i = 0; i < 4; ++i) p.send(100);
    p.run();
    CHECK(p.delivered == 400);
    CHECK(p.count(counter::TcpRetransSegs) == (on ? 1U : 4U));
    CHECK(pushed);
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
