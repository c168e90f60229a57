// What send() takes, measured on Linux 6.18 by ss -m: a buffer costs 832 bytes beside its payload.
#include "sim/tcp/detail.h"
#include "sim/tcp/step.h"
#include "tests/support/catch.h"

using namespace fourtuple;
using namespace fourtuple::tcp;
using namespace std::chrono_literals;

namespace {

const limits linux_limits;
const tcp::clock now{instant{}, 1'000'000};

/// Established, with `window` bytes offered by the peer and `sndbuf` bytes of buffer.
struct sender {
  sender(std::uint16_t mss, std::uint32_t window, std::uint32_t sndbuf) {
    connection_setup s;
    s.tuple = {wire::address_id{2}, wire::address_id{3}, 40000, 5000};
    s.iss = 999;
    s.way.mss = mss;
    socket_options opt;
    opt.sndbuf = sndbuf;
    opt.sndbuf_locked = true;
    t = new_connection(s, opt, linux_limits);
    t.st = state::established;
    t.snd_una = t.snd_nxt = t.write_seq = 1000;
    t.sack = true;
    t.snd_wnd = window;
    detail::note_offered_window(t, window);
  }
  /// As a program does until EAGAIN.
  std::uint32_t fill(std::uint32_t chunk) {
    std::uint32_t all = 0;
    while (const std::uint32_t n = app_send(t, chunk, linux_limits, now, out)) all += n;
    return all;
  }
  [[nodiscard]] const transit& under_way() const { return pool->transits[t.transit]; }

  tcb t;
  std::unique_ptr<host_records> pool = std::make_unique<host_records>();
  counter_values moved{};
  actions out{*pool, moved};
};

}  // namespace

TEST_CASE("Memory is asked for by buffers of half a window, and counted with their overhead", "[tcp]") {
  sender s(65495, 5000, 10000);
  // 2,500 + 832 three times are less than 10,000: a fourth buffer begins.
  CHECK(s.fill(65536) == 10000);
  CHECK(s.under_way().buffers == 3);  // the two that wait became one (tcp_grow_skb())
  CHECK_FALSE(writable(s.t, s.pool->transits));
}

TEST_CASE("What was begun is filled without asking for memory", "[tcp]") {
  sender s(1460, 60000, 4608);
  s.t.cwnd = 1;
  const std::uint32_t goal = 30000 / 1460 * 1460;
  CHECK(s.fill(100) == goal + 100);  // the first ones left at once
  CHECK(s.under_way().packets_out() == 1);
  CHECK(s.under_way().unsent.size() == 1);
}

TEST_CASE("Half a congestion window goes as one buffer at most, and the rest becomes another",
          "[tcp]") {
  sender s(1000, 60000, 100000);
  s.t.cwnd = 4;
  app_send(s.t, 8000, linux_limits, now, s.out);
  REQUIRE(s.out.segments.size() == 4);
  CHECK(s.under_way().buffers == 3);  // twice two segments, and what waits
  for (const std::size_t i : {0, 1, 2, 3}) {
    const bool last = i % 2 == 1;
    CHECK(s.under_way().sent[i].head == !last);
    CHECK(s.out.segments[i].has(wire::psh) == last);  // since 5.4
  }
}

TEST_CASE("What may go more than the first buffer holds comes from the next", "[tcp]") {
  sender s(1000, 4000, 100000);  // buffers of 2,000 bytes
  s.t.cwnd = 1;
  app_send(s.t, 1000, linux_limits, now, s.out);
  app_send(s.t, 2500, linux_limits, now, s.out);  // 2,000 and 500
  CHECK(s.under_way().buffers == 3);
  s.t.cwnd = 10;
  s.out.clear();
  detail::push_pending(s.t, linux_limits, now, s.out, true);
  CHECK(s.out.segments.size() == 3);
  CHECK(s.under_way().buffers == 2);
}

TEST_CASE("A buffer waits for more window where the last one has just left", "[tcp]") {
  sender s(1000, 60000, 100000);
  s.t.cwnd = 10;
  s.t.srtt_us8 = 1;
  app_send(s.t, 20000, linux_limits, now, s.out);
  CHECK(s.out.segments.size() == 10);
  wire::segment ack;
  ack.tuple = s.t.tuple.reversed();
  ack.flags = wire::ack;
  ack.seq_number = s.t.rcv_nxt;
  ack.window = 60000;
  const auto acknowledge = [&](std::uint32_t number, const tcp::clock& when) {
    s.out.clear();
    ack.ack_number = number;
    segment_arrives(s.t, ack, false, linux_limits, when, s.out);
    return s.out.segments.size();
  };
  // In slow start an acknowledged segment lets two go, where a third of the window would be four.
  CHECK(acknowledge(2000, now) == 0);
  CHECK(acknowledge(3000, now) == 4);
  // A millisecond later there is nothing to wait for.
  CHECK(acknowledge(4000, tcp::clock{now.now + std::chrono::milliseconds{2}, now.jiffy}) == 2);
}

TEST_CASE("PSH ends what send() left behind, and every half of a window", "[tcp]") {
  sender s(2500, 5000, 100000);
  s.t.cwnd = 10;
  app_send(s.t, 5000, linux_limits, now, s.out);
  REQUIRE(s.out.segments.size() == 2);
  CHECK_FALSE(s.out.segments[0].has(wire::psh));
  CHECK(s.out.segments[1].has(wire::psh));  // more than half a window since the last
  sender one(2500, 5000, 100000);
  app_send(one.t, 2500, linux_limits, now, one.out);
  REQUIRE(one.out.segments.size() == 1);
  CHECK(one.out.segments[0].has(wire::psh));
  sender part(2500, 5000, 100000);
  app_send(part.t, 2499, linux_limits, now, part.out);
  REQUIRE(part.out.segments.size() == 1);
  CHECK(part.out.segments[0].has(wire::psh));
}

TEST_CASE("An acknowledgement frees whole buffers, and bytes of the one it cuts", "[tcp]") {
  sender s(1000, 60000, 100000);
  app_send(s.t, 3000, linux_limits, now, s.out);
  app_send(s.t, 500, linux_limits, now, s.out);
  CHECK(s.under_way().buffers == 2);
  wire::segment ack;
  ack.tuple = s.t.tuple.reversed();
  ack.flags = wire::ack;
  ack.seq_number = s.t.rcv_nxt;
  ack.window = 60000;
  for (const auto& [number, left] : {std::pair{2000U, 2U}, {4000U, 1U}}) {
    ack.ack_number = number;
    segment_arrives(s.t, ack, false, linux_limits, now, s.out);
    CHECK(s.under_way().buffers == left);
  }
  ack.ack_number = 4500;
  segment_arrives(s.t, ack, false, linux_limits, now, s.out);
  CHECK(s.t.transit == 0);
  CHECK(writable(s.t, s.pool->transits));
}

TEST_CASE("The send buffer holds twice the congestion window in powers of two", "[tcp]") {
  for (const auto& [mss, size] : {std::pair{1460, 46080U}, {560, 46080U}, {8960, 332800U}, {65495, 2626560U}}) {
    sender s(static_cast<std::uint16_t>(mss), 60000, 16384);
    s.t.opt.sndbuf_locked = false;
    detail::expand_send_buffer(s.t, linux_limits);
    CHECK(s.t.opt.sndbuf == size);
  }
}

TEST_CASE("What is not read keeps its buffers until each was read to its end", "[tcp]") {
  receive_queue q;
  q.begin(1000, 2000);
  for (int i = 0; i < 16; ++i) q.add(100, 1, false);
  CHECK(q.buffers() == 1);
  q.add(100, 1, false);  // an eighteenth page fragment
  CHECK(q.buffers() == 2);
  q.add(100, 1, true);  // the sender holds what came before
  CHECK(q.buffers() == 3);
  CHECK(q.bytes() == 1000 + 18 * 100);
  q.read(3500);
  CHECK(q.bytes() == 1000 + 18 * 100);
  q.read(3600);
  CHECK(q.buffers() == 2);
  CHECK(q.bytes() == 200);
  q.read(3800);
  CHECK(q.empty());
}

TEST_CASE(
    "A window too small for a segment is filled by the probe, and a FIN waits for an open one",
    "[tcp]") {
  sender s(1000, 60000, 100000);
  s.t.snd_wnd = 300;
  app_send(s.t, 900, linux_limits, now, s.out);
  CHECK(s.out.segments.empty());
  REQUIRE(s.t.pending == pending::zero_window_probe);
  s.out.clear();
  timer_expires(s.t, timer::retransmit, linux_limits, now, s.out);
  REQUIRE(s.out.segments.size() == 1);
  CHECK(s.out.segments[0].length == 300);
  CHECK(s.out.segments[0].has(wire::psh));

  sender closed(1000, 60000, 100000);
  closed.t.snd_wnd = 0;
  shutdown_write(closed.t, linux_limits, now, closed.out);
  CHECK(closed.out.segments.empty());
  closed.out.clear();
  timer_expires(closed.t, timer::retransmit, linux_limits, now, closed.out);
  REQUIRE(closed.out.segments.size() == 1);
  CHECK_FALSE(closed.out.segments[0].has(wire::fin));
  CHECK(closed.out.segments[0].seq_number == closed.t.snd_una - 1);
}

TEST_CASE("Two small writes wait under TCP_CORK and leave as one segment when it is cleared",
          "[tcp]") {
  sender s(1000, 60000, 100000);
  set_cork(s.t, true, linux_limits, now, s.out);
  app_send(s.t, 100, linux_limits, now, s.out);
  app_send(s.t, 200, linux_limits, now, s.out);
  CHECK(s.out.segments.size() == 0);
  CHECK(s.t.pending == pending::zero_window_probe);  // sends it at the latest
  set_cork(s.t, false, linux_limits, now, s.out);
  REQUIRE(s.out.segments.size() == 1);
  CHECK(s.out.segments[0].length == 300);
}

TEST_CASE("Where TCP_CORK is cleared Nagle's rule stands again, unless TCP_NODELAY does", "[tcp]") {
  const bool nodelay = GENERATE(false, true);
  sender s(1000, 60000, 100000);
  app_send(s.t, 100, linux_limits, now, s.out);  // is not acknowledged yet
  set_cork(s.t, true, linux_limits, now, s.out);
  s.t.opt.nodelay = nodelay;
  app_send(s.t, 200, linux_limits, now, s.out);
  CHECK(s.out.segments.size() == 1);
  set_cork(s.t, false, linux_limits, now, s.out);
  CHECK(s.out.segments.size() == (nodelay ? 2 : 1));
}

TEST_CASE("Full segments leave under TCP_CORK", "[tcp]") {
  sender s(1000, 60000, 100000);
  set_cork(s.t, true, linux_limits, now, s.out);
  app_send(s.t, 2500, linux_limits, now, s.out);
  REQUIRE(s.out.segments.size() == 2);
  CHECK(s.out.segments[1].length == 1000);
  CHECK(s.under_way().unsent.size() == 1);
}

TEST_CASE("What goes again into a window that was taken back is no time-out", "[tcp]") {
  sender s(1000, 60000, 100000);
  s.t.last_heard = static_cast<std::uint32_t>(now.jiffy);
  app_send(s.t, 900, linux_limits, now, s.out);
  s.t.snd_wnd = 0;
  s.t.pending = pending::retransmit;
  instant t{};
  const auto expires_after = [&](duration d) {
    t += d;
    s.out.clear();
    const tcp::clock then{t, now.jiffy + static_cast<std::uint64_t>(ns(t) / 4'000'000)};
    timer_expires(s.t, timer::retransmit, linux_limits, then, s.out);
    return then;
  };
  SECTION("as long as the peer answers, twenty minutes or more") {
    for (int n = 0; n < 40; ++n) {
      const auto then = expires_after(30s);
      REQUIRE(s.t.st == state::established);
      CHECK(s.out.segments.size() == 1);
      s.t.last_heard = static_cast<std::uint32_t>(then.jiffy);
    }
  }
  SECTION("a silent peer is given up after twice the longest RTO") {
    for (int n = 0; n < 9; ++n) expires_after(30s);  // the first begins it
    CHECK(s.t.st == state::established);
    expires_after(30s);
    CHECK(s.t.st == state::closed);
    CHECK(s.t.error == errc::etimedout);
  }
  SECTION("TCP_USER_TIMEOUT asks for progress, not for answers") {
    s.t.opt.user_timeout_ms = 2'000;
    expires_after(1s);
    CHECK(s.t.st == state::established);
    s.t.last_heard = static_cast<std::uint32_t>(expires_after(900ms).jiffy);
    CHECK(s.t.st == state::established);
    expires_after(1200ms);
    CHECK(s.t.st == state::closed);
  }
  SECTION("an orphan's time-outs count as ever") {
    s.t.orphan = true;
    expires_after(1s);
    CHECK(s.moved[static_cast<std::size_t>(counter::TcpExtTCPTimeouts)] == 1);
    s.moved = {};
  }
  CHECK(s.moved[static_cast<std::size_t>(counter::TcpExtTCPTimeouts)] == 0);
}
