// One direction of a link, by itself.
#include <vector>

#include "sim/net/link.h"
#include "sim/wire/codec.h"
#include "sim/wire/size.h"
#include "tests/support/catch.h"

using namespace fourtuple;
using namespace std::chrono_literals;
using net::link_direction;
using net::link_shape;

namespace {

link_shape shape(duration latency) {
  link_shape s;
  s.latency = latency;
  return s;
}

}  // namespace

TEST_CASE("A frame of 1,250 bytes takes 1 ms on 10 Mbit/s, and the next one waits for it", "[net]") {
  link_shape s = shape(5ms);
  s.bandwidth = 10'000'000;
  link_direction d(1);
  CHECK(d.pass(s, instant{}, 1250).arrives == instant{6ms});
  CHECK(d.pass(s, instant{}, 1250).arrives == instant{7ms});
  CHECK(d.pass(s, instant{10ms}, 1250).arrives == instant{16ms});
}

TEST_CASE("Serialization is rounded up to whole nanoseconds", "[net]") {
  link_shape s = shape(1ns);
  s.bandwidth = 3;
  link_direction d(1);
  CHECK(d.pass(s, instant{}, 1).arrives == instant{2'666'666'667ns + 1ns});
}

TEST_CASE("Behind the packet being sent wait as many as the queue holds", "[net]") {
  link_shape s = shape(1ms);
  s.bandwidth = 8'000;  // a byte a millisecond
  s.queue_packets = 2;
  link_direction d(1);
  CHECK(d.pass(s, instant{}, 10).arrives);
  CHECK(d.pass(s, instant{}, 10).arrives);
  CHECK(d.pass(s, instant{}, 10).arrives);
  CHECK_FALSE(d.pass(s, instant{}, 10).arrives);
  CHECK_FALSE(d.pass(s, instant{9ms}, 10).arrives);
  CHECK(d.pass(s, instant{10ms}, 10).arrives == instant{41ms});
}

TEST_CASE("A queue in bytes counts what waits, not what is being sent", "[net]") {
  link_shape s = shape(1ms);
  s.bandwidth = 8'000;
  s.queue_bytes = 100;
  link_direction d(1);
  CHECK(d.pass(s, instant{}, 1000).arrives);
  CHECK(d.pass(s, instant{}, 60).arrives);
  CHECK_FALSE(d.pass(s, instant{}, 60).arrives);
  CHECK(d.pass(s, instant{}, 40).arrives);
}

TEST_CASE("Of a hundred thousand packets a hundredth is lost, within four deviations", "[net]") {
  link_shape s = shape(1ms);
  s.loss = 10'000;
  link_direction d(42);
  int lost = 0;
  for (int i = 0; i < 100'000; ++i)
    if (!d.pass(s, instant{}, 100).arrives) ++lost;
  CHECK(lost > 1000 - 126);
  CHECK(lost < 1000 + 126);
}

TEST_CASE("Jitter only adds and keeps the order; with reorder it does not", "[net]") {
  link_shape s = shape(10ms);
  s.jitter = 5ms;
  link_direction d(7);
  instant last{};
  for (int i = 0; i < 1000; ++i) {
    const instant now{i * 100us};
    const auto at = d.pass(s, now, 100).arrives;
    REQUIRE(at);
    CHECK(*at >= now + 10ms);
    CHECK(*at <= now + 15ms);
    CHECK(*at >= last);
    last = *at;
  }
  s.reorder = 1;
  link_direction free(7);
  bool overtaken = false;
  last = {};
  for (int i = 0; i < 1000; ++i) {
    const auto at = free.pass(s, instant{i * 100us}, 100).arrives;
    overtaken = overtaken || *at < last;
    last = *at;
  }
  CHECK(overtaken);
}

TEST_CASE("Every packet twice where everything is duplicated; none where the link is down", "[net]") {
  link_shape s = shape(1ms);
  s.duplicate = 1'000'000;
  link_direction d(1);
  CHECK(d.pass(s, instant{}, 100).again == instant{1ms});
  s.up = false;
  CHECK_FALSE(d.pass(s, instant{}, 100).arrives);
}

TEST_CASE("The size of a segment is that of its bytes", "[net]") {
  for (unsigned bits = 0; bits < 32; ++bits) {
    wire::segment s;
    s.flags = wire::ack;
    s.mss = (bits & 1) != 0 ? 1460 : 0;
    s.has_timestamps = (bits & 2) != 0;
    s.sack_permitted = (bits & 4) != 0 && s.mss != 0;
    if ((bits & 8) != 0 && s.mss != 0) s.window_scale = 7;
    if ((bits & 16) != 0 && s.mss == 0) s.sack_count = 2;
    if (s.mss != 0) s.flags = wire::syn;
    wire::frame f;
    f.source.address = f.destination.address = ip_address::loopback(family::inet);
    f.what = s;
    f.payload = "hello";
    s.length = 5;
    INFO("options " << bits);
    CHECK(wire::ip_bytes(s, false) == wire::encode(f).size());
  }
}
