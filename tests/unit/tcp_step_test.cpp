// The state machine by itself: two control blocks and a clock in the test's hand.
#include <deque>
#include <fmt/format.h>

#include "sim/tcp/step.h"
#include "tests/support/catch.h"

using namespace fourtuple;
using namespace fourtuple::tcp;
using namespace std::chrono_literals;

namespace {

const limits linux_limits{};

tcp::clock at(duration t) {
  return {instant{t}, static_cast<std::uint64_t>(ns(t) / 4'000'000) + 1'000'000};
}

connection_setup setup() {
  connection_setup s;
  s.tuple = {wire::address_id{2}, wire::address_id{3}, 40000, 5000};
  s.iss = 1000;
  s.ts_offset = 7;
  return s;
}

/// "S. 5000:5000 ack 1001 win 64240", payload length as the difference.
std::string shown(const wire::segment& s) {
  std::string flags;
  if (s.has(wire::syn)) flags += 'S';
  if (s.has(wire::fin)) flags += 'F';
  if (s.has(wire::rst)) flags += 'R';
  if (s.has(wire::psh)) flags += 'P';
  if (s.has(wire::ack)) flags += '.';
  return fmt::format("{} {}:{} ack {} win {}", flags, s.seq_number, s.seq_number + s.length,
                     s.has(wire::ack) ? s.ack_number : 0, s.window);
}

/// A client and the child its server made, after the handshake of a link of 50 ms.
struct pair {
  tcb client;
  tcb server;
  std::unique_ptr<host_records> pool = std::make_unique<host_records>();
  counter_values moved{};
  actions out{*pool, moved};
};

pair established() {
  pair p;
  p.client = new_connection(setup(), {}, linux_limits);
  open_active(p.client, linux_limits, at(0ms), p.out);
  const wire::segment syn = p.out.segments.at(0);
  request r = open_request(syn, 9000, 11, path_facts{}, {}, linux_limits, at(50ms));
  p.out.clear();
  make_syn_ack(r, linux_limits, at(50ms), p.out);
  const wire::segment syn_ack = p.out.segments.at(0);
  p.out.clear();
  segment_arrives(p.client, syn_ack, false, linux_limits, at(100ms), p.out);
  const wire::segment ack = p.out.segments.at(0);
  p.out.clear();
  p.server = child_of(r, ack, {}, linux_limits, at(150ms));
  segment_arrives(p.server, ack, false, linux_limits, at(150ms), p.out);
  p.out.clear();
  return p;
}

std::vector<std::string> hears(tcb& t, const wire::segment& s, duration when, actions& out) {
  out.clear();
  segment_arrives(t, s, false, linux_limits, at(when), out);
  std::vector<std::string> said;
  for (const auto& each : out.segments) said.push_back(shown(each));
  return said;
}

}  // namespace

TEST_CASE("What comes during a system call is acknowledged at its end", "[tcp]") {
  pair p = established();
  app_send(p.client, 100, linux_limits, at(200ms), p.out);
  const wire::segment text = p.out.segments.at(0);
  limits l = linux_limits;
  for (const bool deferred : {true, false}) {
    l.backlog_ack_defer = deferred;
    tcb server = p.server;
    p.out.clear();
    segment_arrives(server, text, true, l, at(250ms), p.out);
    CHECK(p.out.segments.size() == (deferred ? 0 : 1));
    p.out.clear();
    release(server, l, at(250ms), p.out);
    CHECK(p.out.segments.size() == (deferred ? 1 : 0));
  }
}

TEST_CASE("SYN and SYN-ACK carry the windows and options of Linux 6.18", "[tcp]") {
  pair p;
  p.client = new_connection(setup(), {}, linux_limits);
  open_active(p.client, linux_limits, at(0ms), p.out);
  const wire::segment syn = p.out.segments.at(0);
  CHECK(shown(syn) == "S 1000:1000 ack 0 win 64240");
  CHECK(syn.mss == 1460);
  CHECK(syn.window_scale == 10);
  CHECK(syn.sack_permitted);
  CHECK(syn.has_timestamps);
  request r = open_request(syn, 9000, 11, path_facts{}, {}, linux_limits, at(0ms));
  p.out.clear();
  make_syn_ack(r, linux_limits, at(0ms), p.out);
  CHECK(shown(p.out.segments.at(0)) == "S. 9000:9000 ack 1001 win 65160");
}

TEST_CASE("Before 4.20 the first window is twenty segments, the options not counted", "[tcp]") {
  limits old = linux_limits;
  old.first_window_segments = 20;
  old.whole_first_window = false;
  pair p;
  p.client = new_connection(setup(), {}, old);
  open_active(p.client, old, at(0ms), p.out);
  const wire::segment syn = p.out.segments.at(0);
  CHECK(syn.window == 29200);
  CHECK(open_request(syn, 9000, 11, path_facts{}, {}, old, at(0ms)).rcv_wnd == 28960);
}

TEST_CASE("A SYN in the window of a half-open connection resets it, an embryo", "[tcp]") {
  pair p;
  p.client = new_connection(setup(), {}, linux_limits);
  open_active(p.client, linux_limits, at(0ms), p.out);
  wire::segment syn = p.out.segments.at(0);
  request r = open_request(syn, 9000, 11, path_facts{}, {}, linux_limits, at(0ms));
  syn.seq_number += 100;
  p.out.clear();
  CHECK(request_segment(r, syn, {}, linux_limits, at(1ms), p.out) == request_verdict::kill);
  CHECK(p.moved[static_cast<std::size_t>(counter::TcpExtEmbryonicRsts)] == 1);
  CHECK(p.out.segments.at(0).has(wire::rst));
}

TEST_CASE("The handshake establishes both sides; the window fields are 63 and 64", "[tcp]") {
  pair p = established();
  CHECK(p.client.st == state::established);
  CHECK(p.server.st == state::established);
  app_send(p.client, 64, linux_limits, at(200ms), p.out);
  CHECK(shown(p.out.segments.at(0)) == "P. 1001:1065 ack 9001 win 63");
  CHECK(hears(p.server, p.out.segments.at(0), 250ms, p.out) ==
        std::vector<std::string>{". 9001:9001 ack 1065 win 64"});
}

TEST_CASE("A FIN is acknowledged late, and TIME-WAIT is with the side that closed first", "[tcp]") {
  pair p = established();
  tcp::close(p.client, 0, linux_limits, at(200ms), p.out);
  CHECK(p.client.st == state::fin_wait_1);
  const wire::segment fin = p.out.segments.at(0);
  CHECK(shown(fin) == "F. 1001:1001 ack 9001 win 63");
  CHECK(hears(p.server, fin, 250ms, p.out).empty());
  CHECK(p.server.st == state::close_wait);
  CHECK(p.out.timer_of(timer::delayed_ack).delay == 0);  // at the next tick
  p.out.clear();
  tcp::close(p.server, 0, linux_limits, at(260ms), p.out);
  CHECK(p.server.st == state::last_ack);
  const wire::segment answer = p.out.segments.at(0);
  CHECK(shown(answer) == "F. 9001:9001 ack 1002 win 64");
  CHECK(hears(p.client, answer, 310ms, p.out) ==
        std::vector<std::string>{". 1002:1002 ack 9002 win 63"});
  CHECK(p.out.end == ending::time_wait);
  CHECK(p.out.end_delay == 15000);  // 60 s
  const wire::segment last = p.out.segments.at(0);
  hears(p.server, last, 360ms, p.out);
  CHECK(p.out.end == ending::closed);
}

TEST_CASE("Where data came before, its FIN is acknowledged as late as data", "[tcp]") {
  pair p = established();
  app_send(p.client, 64, linux_limits, at(200ms), p.out);
  const wire::segment data = p.out.segments.at(0);
  const std::string ack = hears(p.server, data, 210ms, p.out).at(0);
  CHECK(ack == ". 9001:9001 ack 1065 win 64");
  segment_arrives(p.client, wire::segment(p.out.segments.at(0)), false, linux_limits, at(220ms), p.out);
  p.out.clear();
  tcp::close(p.client, 0, linux_limits, at(230ms), p.out);
  const wire::segment fin = p.out.segments.at(0);
  CHECK(hears(p.server, fin, 250ms, p.out).empty());
  CHECK(p.out.timer_of(timer::delayed_ack).delay == 10);  // 40 ms at HZ=250
}

TEST_CASE("Both sides close at once: CLOSING, then TIME-WAIT on both", "[tcp]") {
  pair p = established();
  tcp::close(p.client, 0, linux_limits, at(200ms), p.out);
  const wire::segment from_client = p.out.segments.at(0);
  p.out.clear();
  tcp::close(p.server, 0, linux_limits, at(200ms), p.out);
  const wire::segment from_server = p.out.segments.at(0);
  hears(p.client, from_server, 250ms, p.out);
  CHECK(p.client.st == state::closing);
  const wire::segment ack = p.out.segments.at(0);
  hears(p.server, from_client, 250ms, p.out);
  CHECK(p.server.st == state::closing);
  hears(p.server, ack, 300ms, p.out);
  CHECK(p.out.end == ending::time_wait);
}

TEST_CASE("close() with unread data resets; the peer reads ECONNRESET", "[tcp]") {
  pair p = established();
  tcp::close(p.server, 10, linux_limits, at(200ms), p.out);
  CHECK(p.out.segments.at(0).has(wire::rst));
  CHECK(p.out.end == ending::closed);
  hears(p.client, p.out.segments.at(0), 250ms, p.out);
  CHECK(p.client.st == state::closed);
  CHECK(p.client.error == errc::econnreset);
}

TEST_CASE("Data received twice is reported once as a duplicate (RFC 2883)", "[tcp]") {
  pair p = established();
  app_send(p.client, 64, linux_limits, at(200ms), p.out);
  const wire::segment once = p.out.segments.at(0);
  hears(p.server, once, 250ms, p.out);
  p.out.clear();
  segment_arrives(p.server, once, false, linux_limits, at(300ms), p.out);
  REQUIRE(p.out.segments.size() == 1);
  CHECK(p.out.segments[0].sack_count == 1);
  CHECK(p.out.segments[0].sack[0].left == once.seq_number);
  CHECK(p.out.segments[0].sack[0].right == once.seq_number + 64);
  p.out.clear();
  app_send(p.server, 1, linux_limits, at(301ms), p.out);
  CHECK(p.out.segments.at(0).sack_count == 0);
}

TEST_CASE("A reset in SYN-SENT is ECONNREFUSED", "[tcp]") {
  host_records pool;
  counter_values moved{};
  actions out{pool, moved};
  tcb t = new_connection(setup(), {}, linux_limits);
  open_active(t, linux_limits, at(0ms), out);
  wire::segment rst;
  REQUIRE(reset_for(out.segments.at(0), rst));
  CHECK(shown(rst) == "R. 0:0 ack 1001 win 0");
  hears(t, rst, 1ms, out);
  CHECK(t.st == state::closed);
  CHECK(t.error == errc::econnrefused);
}

/// When SYNs leave, until the connection gives up, in ms; timers fire when they are due.
struct unanswered {
  std::vector<std::int64_t> sent{0};
  std::int64_t given_up = 0;
  errc error = errc::ok;
};

unanswered connect_to_silence(const socket_options& options, const limits& l) {
  unanswered u;
  host_records pool;
  counter_values moved{};
  actions out{pool, moved};
  tcb t = new_connection(setup(), options, l);
  open_active(t, l, at(0ms), out);
  duration now{};
  while (t.st == state::syn_sent) {
    const timer_request request = out.timer_of(timer::retransmit);
    REQUIRE(request.what == timer_request::kind::arm);
    now += 4ms * static_cast<std::int64_t>(request.delay);
    out.clear();
    timer_expires(t, timer::retransmit, l, at(now), out);
    if (!out.segments.empty()) u.sent.push_back(ns(now) / 1'000'000);
  }
  u.given_up = ns(now) / 1'000'000;
  u.error = t.error;
  return u;
}

TEST_CASE("The SYN is sent at 0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67 s; ETIMEDOUT at 131 s", "[tcp]") {
  const unanswered u = connect_to_silence({}, linux_limits);
  CHECK(u.sent == std::vector<std::int64_t>{0, 1000, 2000, 3000, 4000, 5000, 7000, 11000, 19000,
                                            35000, 67000});
  CHECK(u.given_up == 131000);
  CHECK(u.error == errc::etimedout);
}

TEST_CASE("Two SYN retries give up by time: at 7 s, after six SYNs", "[tcp]") {
  limits l = linux_limits;
  l.syn_retries = 2;
  const unanswered u = connect_to_silence({}, l);
  CHECK(u.sent == std::vector<std::int64_t>{0, 1000, 2000, 3000, 4000, 5000});
  CHECK(u.given_up == 7000);
}

TEST_CASE("TCP_USER_TIMEOUT ends a connect when it is over, not a whole RTO later", "[tcp]") {
  limits l = linux_limits;
  l.syn_linear_timeouts = 0;
  socket_options options;
  options.user_timeout_ms = 4500;
  const unanswered u = connect_to_silence(options, l);
  CHECK(u.sent == std::vector<std::int64_t>{0, 1000, 3000});
  CHECK(u.given_up == 4500);
  CHECK(u.error == errc::etimedout);
}

TEST_CASE("A SYN-ACK that echoes the first of two SYNs opens the connection", "[tcp]") {
  host_records pool;
  counter_values moved{};
  actions out{pool, moved};
  tcb t = new_connection(setup(), {}, linux_limits);
  open_active(t, linux_limits, at(0ms), out);
  const wire::segment first_syn = out.segments.at(0);
  out.clear();
  timer_expires(t, timer::retransmit, linux_limits, at(1s), out);
  REQUIRE(out.segments.at(0).has(wire::syn));
  out.clear();
  request r = open_request(first_syn, 9000, 11, path_facts{}, {}, linux_limits, at(700ms));
  make_syn_ack(r, linux_limits, at(700ms), out);
  const wire::segment syn_ack = out.segments.at(0);
  out.clear();
  segment_arrives(t, syn_ack, false, linux_limits, at(1400ms), out);
  CHECK(t.st == state::established);
}

TEST_CASE("An in-window SYN and an inexact RST get one challenge ACK in 500 ms", "[tcp]") {
  pair p = established();
  wire::segment odd;
  odd.tuple = p.server.tuple;
  odd.has_timestamps = true;
  odd.ts_value = p.client.ts_recent;
  odd.seq_number = p.client.rcv_nxt + 5;
  odd.flags = wire::rst;
  CHECK(hears(p.client, odd, 1s, p.out) ==
        std::vector<std::string>{". 1001:1001 ack 9001 win 63"});
  odd.flags = wire::syn;
  CHECK(hears(p.client, odd, 1200ms, p.out).empty());
  CHECK(hears(p.client, odd, 1600ms, p.out).size() == 1);
  CHECK(p.client.st == state::established);
}

TEST_CASE("TIME-WAIT answers a retransmitted FIN and dies of an exact RST", "[tcp]") {
  pair p = established();
  p.client.rcv_nxt = 9002;
  time_wait w = make_time_wait(p.client, ending::time_wait, linux_limits, at(1s));
  wire::segment fin;
  fin.tuple = p.server.tuple;
  fin.seq_number = 9001;
  fin.ack_number = w.snd_nxt;
  fin.flags = wire::fin | wire::ack;
  fin.has_timestamps = true;
  fin.ts_value = w.ts_recent;
  p.out.clear();
  CHECK(time_wait_segment(w, fin, linux_limits, at(2s), p.out) == time_wait_verdict::restart);
  CHECK(p.out.segments.size() == 1);
  wire::segment rst = fin;
  rst.flags = wire::rst;
  rst.seq_number = 9002;
  p.out.clear();
  CHECK(time_wait_segment(w, rst, linux_limits, at(3s), p.out) == time_wait_verdict::kill);
  limits strict = linux_limits;
  strict.rfc1337 = true;
  CHECK(time_wait_segment(w, rst, strict, at(3s), p.out) == time_wait_verdict::keep);
}

TEST_CASE("TIME-WAIT lets a newer SYN through and answers an older one with an ACK", "[tcp]") {
  pair p = established();
  time_wait w = make_time_wait(p.client, ending::time_wait, linux_limits, at(1s));
  wire::segment syn;
  syn.tuple = p.server.tuple;
  syn.flags = wire::syn;
  syn.has_timestamps = true;
  syn.ts_value = w.ts_recent;
  syn.seq_number = w.rcv_nxt - 100;
  p.out.clear();
  CHECK(time_wait_segment(w, syn, linux_limits, at(2s), p.out) == time_wait_verdict::keep);
  CHECK(p.out.segments.size() == 1);
  syn.ts_value = w.ts_recent + 1;
  CHECK(time_wait_segment(w, syn, linux_limits, at(3s), p.out) == time_wait_verdict::syn);
  CHECK(isn_after_reuse(w) == w.snd_nxt + 65537);
}

TEST_CASE("An orphan's FIN-WAIT-2 becomes a record for tcp_fin_timeout", "[tcp]") {
  pair p = established();
  tcp::close(p.client, 0, linux_limits, at(200ms), p.out);
  wire::segment ack;
  ack.tuple = p.server.tuple;
  ack.flags = wire::ack;
  ack.seq_number = 9001;
  ack.ack_number = 1002;
  ack.window = 64;
  ack.has_timestamps = true;
  ack.ts_value = p.client.ts_recent + 1;
  hears(p.client, ack, 300ms, p.out);
  CHECK(p.out.end == ending::fin_wait_2);
  CHECK(p.out.end_delay == 15000);
}

TEST_CASE("FIN-WAIT-2 as a record: data sent again is acknowledged, for its ACK was lost",
          "[tcp]") {
  pair p = established();
  tcp::close(p.client, 0, linux_limits, at(200ms), p.out);
  p.client.rcv_nxt += 64;
  time_wait w = make_time_wait(p.client, ending::fin_wait_2, linux_limits, at(300ms));
  wire::segment data;
  data.tuple = p.server.tuple;
  data.flags = wire::ack;
  data.seq_number = 9001;
  data.ack_number = w.snd_nxt;
  data.length = 64;
  data.has_timestamps = true;
  data.ts_value = w.ts_recent;
  p.out.clear();
  CHECK(time_wait_segment(w, data, linux_limits, at(400ms), p.out) == time_wait_verdict::keep);
  REQUIRE(p.out.segments.size() == 1);
  CHECK(shown(p.out.segments[0]) == ". 1002:1002 ack 9065 win 62");
}

TEST_CASE("A half-open connection answers a SYN-ACK with an ACK: it lies before the window",
          "[tcp]") {
  host_records pool;
  counter_values moved{};
  actions out{pool, moved};
  tcb t = new_connection(setup(), {}, linux_limits);
  open_active(t, linux_limits, at(0ms), out);
  const wire::segment syn = out.segments.at(0);
  request r = open_request(syn, 9000, 11, path_facts{}, {}, linux_limits, at(0ms));
  wire::segment syn_ack = syn;
  syn_ack.flags = wire::syn | wire::ack;
  syn_ack.ack_number = 9001;
  out.clear();
  CHECK(request_segment(r, syn_ack, {}, linux_limits, at(1s), out) == request_verdict::drop);
  REQUIRE(out.segments.size() == 1);
  CHECK(shown(out.segments[0]).starts_with(". 9001:9001 ack 1001"));
}

TEST_CASE("A simultaneous open that is closed at once resends its SYN as one, and FIN behind it",
          "[tcp]") {
  host_records pool;
  counter_values moved{};
  actions out{pool, moved};
  tcb t = new_connection(setup(), {}, linux_limits);
  open_active(t, linux_limits, at(0ms), out);
  wire::segment crossing = out.segments.at(0);
  crossing.tuple = crossing.tuple.reversed();
  crossing.seq_number = 9000;
  CHECK(hears(t, crossing, 100ms, out) ==
        std::vector<std::string>{"S. 1000:1000 ack 9001 win 64240"});
  out.clear();
  tcp::close(t, 0, linux_limits, at(200ms), out);
  CHECK(t.st == state::fin_wait_1);
  CHECK(shown(out.segments.at(0)).starts_with("F. 1001:1001 ack 9001"));
  out.clear();
  timer_expires(t, timer::retransmit, linux_limits, at(2s), out);  // the loss probe: the tail
  out.clear();
  timer_expires(t, timer::retransmit, linux_limits, at(4s), out);
  REQUIRE(!out.segments.empty());
  CHECK(shown(out.segments[0]).starts_with("S. 1000:1000 ack 9001"));
  CHECK(out.segments[0].mss == 1460);
}

TEST_CASE("Without SACK, segments that are joined take their duplicate ACKs along", "[tcp]") {
  pair p = established();
  p.client.sack = p.client.timestamps = false;
  p.client.opt.nodelay = true;
  for (int i = 0; i < 4; ++i) app_send(p.client, 1, linux_limits, at(200ms), p.out);
  wire::segment duplicate;
  duplicate.tuple = p.server.tuple;
  duplicate.flags = wire::ack;
  duplicate.seq_number = 9001;
  duplicate.ack_number = 1001;
  duplicate.window = 64;
  for (int i = 0; i < 4; ++i) hears(p.client, duplicate, 250ms, p.out);
  CHECK(p.client.retrans_stamp != 0);  // one of them was the third
  const transit& x = p.pool->transits[p.client.transit];
  CHECK(x.packets_out() == 1);
  CHECK(x.in_flight() <= 1);  // and not four thousand million
}

TEST_CASE("Text that is old in part is taken, and the old part reported as a duplicate", "[tcp]") {
  pair p = established();
  app_send(p.client, 64, linux_limits, at(200ms), p.out);
  wire::segment text = p.out.segments.at(0);
  hears(p.server, text, 250ms, p.out);
  text.length = 100;
  hears(p.server, text, 300ms, p.out);
  CHECK(readable(p.server) == 100);
  REQUIRE(p.out.segments.size() == 1);
  REQUIRE(p.out.segments[0].sack_count == 1);
  CHECK(p.out.segments[0].sack[0].left == 1001);
  CHECK(p.out.segments[0].sack[0].right == 1065);
}

TEST_CASE("Text sent again with a FIN that is new: one ACK, which reports no duplicate", "[tcp]") {
  pair p = established();
  app_send(p.client, 64, linux_limits, at(200ms), p.out);
  wire::segment text = p.out.segments.at(0);
  hears(p.server, text, 250ms, p.out);
  text.flags |= wire::fin;
  hears(p.server, text, 300ms, p.out);
  CHECK(p.server.st == state::close_wait);
  if (p.out.segments.empty()) {
    p.out.clear();
    timer_expires(p.server, timer::delayed_ack, linux_limits, at(400ms), p.out);
  }
  REQUIRE(p.out.segments.size() == 1);
  CHECK(p.out.segments[0].ack_number == 1066);
  CHECK(p.out.segments[0].sack_count == 0);
}
