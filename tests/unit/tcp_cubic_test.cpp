// The congestion window by CUBIC and by Reno, after the same losses.
#include "tests/support/catch.h"
#include "tests/unit/tcp_path.h"

using namespace fourtuple;
using namespace fourtuple::tcp_path;

namespace {

limits by(bool cubic) {
  limits l;
  l.cubic = cubic;
  return l;
}

/// The window once segment 60 was lost and all of 100 has arrived, and the threshold.
struct after_a_loss {
  explicit after_a_loss(bool cubic) : p(by(cubic)) {
    p.lossy(lose({60}));
    p.send(100 * mss);
    p.run();
  }
  path p;
};

}  // namespace

TEST_CASE("A loss leaves seven tenths of the window with CUBIC and half with Reno", "[tcp][cubic]") {
  const after_a_loss cubic(true);
  const after_a_loss reno(false);
  // Both had the same window when the loss was seen: in slow start they are alike.
  CHECK(reno.p.sender.ssthresh >= 2);
  const std::uint32_t window = 2 * reno.p.sender.ssthresh;  // or one more
  CHECK(cubic.p.sender.ssthresh >= window * 717 / 1024);
  CHECK(cubic.p.sender.ssthresh <= (window + 1) * 717 / 1024);
  CHECK(cubic.p.curves() == 1);
  CHECK(reno.p.curves() == 0);
}

TEST_CASE("The window grows back to what it was, and beyond, faster than Reno's", "[tcp][cubic]") {
  after_a_loss cubic(true);
  after_a_loss reno(false);
  const std::uint32_t before = cubic.p.sender.ssthresh * 1024U / 717;
  for (int i = 0; i < 40; ++i) {
    cubic.p.send(100 * mss);
    cubic.p.run();
    reno.p.send(100 * mss);
    reno.p.run();
  }
  CHECK(cubic.p.sender.cwnd > before);
  CHECK(cubic.p.count(counter::TcpRetransSegs) == 1);
}

TEST_CASE("A connection that never left slow start has no curve, and a closed one gives it back",
          "[tcp][cubic]") {
  path clean(by(true));
  clean.send(20 * mss);
  clean.run();
  CHECK(clean.curves() == 0);

  after_a_loss lossy(true);
  CHECK(lossy.p.curves() == 1);
  lossy.p.abort_sender();
  CHECK(lossy.p.curves() == 0);
}

TEST_CASE("After a time-out the curve is forgotten and slow start begins anew", "[tcp][cubic]") {
  path p(by(true));
  p.send(20 * mss);
  p.run();
  // Everything of the next flight is lost, its probe too: only the time-out is left.
  unsigned lost = 0;
  p.lossy([&lost](unsigned, const wire::segment&) {
    return ++lost <= 12 ? fate::lose : fate::deliver;
  });
  p.send(10 * mss);
  p.run();
  CHECK(p.count(counter::TcpExtTCPTimeouts) >= 1);
  CHECK(p.delivered == 30 * mss);
  CHECK_FALSE(p.sender.slow_start_ended);
}

TEST_CASE("Slow start ends where a round's ACKs take half a round trip", "[tcp][cubic]") {
  // What leaves at once arrives spread: a narrow link in the middle, 500 us a segment.
  path p(by(true));
  p.narrow(500us);
  p.send(2000 * mss);
  p.run();
  CHECK(p.count(counter::TcpRetransSegs) == 0);
  CHECK(p.count(counter::TcpExtTCPHystartTrainDetect) +
            p.count(counter::TcpExtTCPHystartDelayDetect) >=
        1);
  CHECK(p.sender.ssthresh < 200);

  path reno(by(false));
  reno.narrow(500us);
  reno.send(2000 * mss);
  reno.run();
  CHECK(reno.count(counter::TcpExtTCPHystartTrainDetect) == 0);
  CHECK(reno.sender.ssthresh == 0x7fffffff);
}
