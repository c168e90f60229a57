// Connections at rest are packed: what comes back is what went in, and what cannot come back is not
// packed.
#include "sim/tcp/resting.h"
#include "tests/support/apps_world.h"
#include "tests/support/catch.h"
#include "tests/unit/tcp_path.h"

using namespace fourtuple;
using namespace fourtuple::tcp_path;

namespace {

/// A connection over which some small messages went, and nothing since.
path quiet_path() {
  path p;
  for (int n = 0; n < 3; ++n) {
    p.send(64);
    p.run();
  }
  p.sender.opt.sndbuf_locked = false;  // the path's, of no use here
  return p;
}

tcb packed_and_unpacked(const tcb& t) {
  resting r;
  REQUIRE(pack(t, r));
  tcb back = unpacked(r, t.tuple);
  back.iss = t.iss;
  back.irs = t.irs;
  return back;
}

bool packs(const tcb& t) {
  resting r;
  return pack(t, r);
}

}  // namespace

TEST_CASE("A connection at rest comes back as it was", "[tcp][resting]") {
  const path p = quiet_path();
  CHECK(packed_and_unpacked(p.sender) == p.sender);
  CHECK(packed_and_unpacked(p.receiver) == p.receiver);
}

TEST_CASE("A connection of which something is under way is not at rest", "[tcp][resting]") {
  path p = quiet_path();
  p.send(64);
  CHECK_FALSE(packs(p.sender));
}

TEST_CASE("What a packed connection has no room for keeps it awake", "[tcp][resting]") {
  const path p = quiet_path();
  const auto kept_awake_by = [&](auto change) {
    tcb t = p.receiver;
    change(t);
    return !packs(t);
  };
  CHECK(kept_awake_by([](tcb& t) { t.st = state::close_wait; }));
  CHECK(kept_awake_by([](tcb& t) { --t.copied_seq; }));
  CHECK(kept_awake_by([](tcb& t) { t.shut_wr = true; }));
  CHECK(kept_awake_by([](tcb& t) { t.ack_timer = true; }));
  CHECK(kept_awake_by([](tcb& t) { t.ssthresh = 10; }));
  CHECK(kept_awake_by([](tcb& t) { t.rcv_rtt_us8 = 8; }));
  CHECK(kept_awake_by([](tcb& t) { t.soft_error = errc::ehostunreach; }));
  CHECK(kept_awake_by([](tcb& t) { t.opt.user_timeout_ms = 1; }));
  CHECK(kept_awake_by([](tcb& t) { t.rcvq_seq -= 65536; }));
  CHECK(kept_awake_by([](tcb& t) { t.last_send = t.last_heard - 65536; }));
}

TEST_CASE("What never happened is not confused with what happened long ago", "[tcp][resting]") {
  path p = quiet_path();
  for (const std::uint32_t never_or_then : {0U, p.receiver.last_heard - 70}) {
    p.receiver.last_send = never_or_then;
    CHECK(packed_and_unpacked(p.receiver).last_send == never_or_then);
  }
  p.receiver.ack_timeout = 0;
  CHECK(packed_and_unpacked(p.receiver).ack_timeout == 0);
}

namespace {

/// The segments and bytes of so many connections that are held for a second, half a millisecond
/// after each other.
std::vector<std::int64_t> counted(std::uint64_t connections) {
  using namespace fourtuple::test;
  spec::scenario s = two_hosts();
  spec::load k = load_to(80);
  k.rate = per_second(2000);
  k.limit = connections;
  k.hold = 1s;
  add(s, "load", 0, k).nofile = 10000;
  add(s, "api", 1, server_on(80)).nofile = 10000;
  running r(std::move(s), running::ends::never);
  r.until(10s);
  CHECK(r.app(0).completed == connections);
  std::vector<std::int64_t> all{static_cast<std::int64_t>(r.app(0).bytes_in)};
  for (const char* host : {"client", "server"}) {
    auto counters = r.world().look(host).nstat;
    for (const char* name : {"TcpInSegs", "TcpOutSegs", "TcpRetransSegs", "TcpExtDelayedACKs"})
      all.push_back(static_cast<std::int64_t>(counters[name]));
  }
  return all;
}

}  // namespace

TEST_CASE("Of a thousand connections those that rest for a second end as others do",
          "[tcp][resting]") {
  const auto few = counted(100);  // too few to be packed
  auto many = counted(1000);
  for (auto& n : many) {
    CHECK(n % 10 == 0);
    n /= 10;
  }
  CHECK(many == few);
  CHECK(few[1] == 400);
}
