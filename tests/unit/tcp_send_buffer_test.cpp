// What send() takes, measured on Linux 6.18 by ss -m: a buffer costs 832 bytes beside its payload.
#include "sim/tcp/detail.h"
#include "sim/tcp/step.h"
#include "tests/support/catch.h"

using namespace fourtuple;
using namespace fourtuple::tcp;

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
    while (const std::uint32_t n = send_space(t, chunk, pool->transits)) {
      app_send(t, n, linux_limits, now, out);
      all += n;
    }
    return all;
  }
  [[nodiscard]] const transit& under_way() const { return pool->transits[t.transit]; }

  tcb t;
  std::unique_ptr<host_records> pool = std::make_unique<host_records>();
  actions out{*pool};
};

}  // namespace

TEST_CASE("Memory is asked for by buffers of half a window, and counted with their overhead", "[tcp]") {
  sender s(65495, 5000, 10000);
  // 2,500 + 832 three times are less than 10,000: a fourth buffer begins.
  CHECK(s.fill(65536) == 10000);
  CHECK(s.under_way().buffers == 4);
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

TEST_CASE("A buffer that is sent in part becomes two", "[tcp]") {
  sender s(1000, 60000, 100000);
  s.t.cwnd = 3;
  app_send(s.t, 5000, linux_limits, now, s.out);
  CHECK(s.out.segments.size() == 3);
  CHECK(s.under_way().buffers == 2);
  CHECK(s.under_way().sent[0].head);
  CHECK_FALSE(s.under_way().sent[1].head);
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
  CHECK_FALSE(one.out.segments[0].has(wire::psh));  // full, and gone before send() looked back
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
