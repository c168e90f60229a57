// Two peers of sim/tcp through every order of things, and proof that each property can fail: the
// same exploration with a broken state machine finds what was broken.
#include <iostream>

#include "tests/exhaustive/explorer.h"
#include "tests/support/catch.h"

using namespace fourtuple;
using namespace fourtuple::exhaustive;
using tcp::state;

namespace {

setting named(std::string_view words) {
  for (const setting& s : small_settings())
    if (s.name.find(words) != std::string::npos) return s;
  FAIL("no setting is called " << words);
  return {};
}

/// What the suite explores. With sanitizers a step takes thirty times as long: then without the two
/// largest settings.
std::vector<setting> suite() {
  std::vector<setting> all = small_settings();
#ifdef FOURTUPLE_BRIEF
  std::erase_if(all, [](const setting& s) { return s.in_flight == 2 && !s.alone; });
  std::erase_if(all, [](const setting& s) { return s.recovery && s.limits.sack; });
#endif
  return all;
}

setting brief() { return named("either side finishes first"); }

std::string complaint(const machine& m, const setting& s = brief()) {
  const findings f = explore(s, m);
  INFO(f.trace);
  CHECK(!f.trace.empty());
  return f.complaint;
}

bool says(const std::string& complaint, std::string_view what) {
  INFO(complaint);
  CHECK(complaint.find(what) != std::string::npos);
  return complaint.find(what) != std::string::npos;
}

using tcp::actions;
using tcp::limits;
using tcp::tcb;

}  // namespace

TEST_CASE(
    "Two peers: every event has an answer, every pair comes to an end, TIME-WAIT is in its place",
    "[exhaustive]") {
  std::uint64_t states = 0;
  findings all;
  for (const setting& s : suite()) {
    const findings f = explore(s);
    states += f.states;
    INFO(summary(s, f));
    CHECK(f.complaint.empty());
    CHECK(f.complete);
    CHECK(f.over != 0);
    all.both_in_time_wait += f.both_in_time_wait;
    for (std::size_t a = 0; a < tcp::state_count; ++a)
      for (std::size_t b = 0; b < tcp::state_count; ++b)
        all.arrows[a][b] = all.arrows[a][b] || f.arrows[a][b];
  }
  std::cout << states << " joint states of two TCP peers\n";
  // What was explored holds every arrow of RFC 9293 figure 5, and a simultaneous close.
  CHECK(all.both_in_time_wait != 0);
  for (std::size_t a = 0; a < tcp::state_count; ++a) {
    for (std::size_t b = 0; b < tcp::state_count; ++b) {
      const auto from = static_cast<state>(a);
      const auto to = static_cast<state>(b);
      const bool ends = to == state::closed || to == state::listen;
      if (from == to || ends || !is_arrow(from, to)) continue;
      // Simultaneous open has a listener on neither side.
      if (from == state::closed && to == state::syn_received) continue;
      if (from == state::listen && to == state::syn_sent) continue;
      INFO(tcp::name(from) << " -> " << tcp::name(to));
      CHECK(all.arrows[a][b]);
    }
  }
}

TEST_CASE("A FIN that FIN-WAIT-2 ignores is found", "[exhaustive][checks]") {
  machine m;
  m.segment_arrives = [](tcb& t, const wire::segment& s, bool owned, const limits& l,
                         const tcp::clock& c, actions& out) {
    if (t.st == state::fin_wait_2 && s.has(wire::fin)) return;
    tcp::segment_arrives(t, s, owned, l, c, out);
  };
  CHECK(says(complaint(m), "in FIN-WAIT-2 is answered by nothing"));
}

TEST_CASE("A record that ignores old data is found", "[exhaustive][checks]") {
  machine m;
  m.time_wait_segment = [](tcp::time_wait& w, const wire::segment& s, const limits& l,
                           const tcp::clock& c, actions& out) {
    if (w.fin_wait_2 && s.sequence_length() != 0 && s.end() == w.rcv_nxt)
      return tcp::time_wait_verdict::keep;
    return tcp::time_wait_segment(w, s, l, c, out);
  };
  setting s = brief();
  s.duplications = 1;
  CHECK(says(complaint(m, s), "in FIN-WAIT-2 is answered by nothing"));
}

TEST_CASE("A pair that can never end is found", "[exhaustive][checks]") {
  machine m;
  m.timer_expires = [](tcb& t, tcp::timer which, const limits& l, const tcp::clock& c,
                       actions& out) {
    const bool data = t.st != state::syn_sent && t.st != state::syn_received;
    tcp::timer_expires(t, which, l, c, out);
    if (which == tcp::timer::retransmit && data) out.segments.clear();
  };
  CHECK(says(complaint(m), "from here both ends never come to CLOSED"));
}

TEST_CASE("TIME-WAIT on the side that closed second is found", "[exhaustive][checks]") {
  machine m;
  m.segment_arrives = [](tcb& t, const wire::segment& s, bool owned, const limits& l,
                         const tcp::clock& c, actions& out) {
    const bool last_ack = t.st == state::last_ack;
    tcp::segment_arrives(t, s, owned, l, c, out);
    if (last_ack && out.end == tcp::ending::closed && !s.has(wire::rst))
      out.end = tcp::ending::time_wait;
  };
  CHECK(says(complaint(m), "TIME-WAIT on the side that closed second"));
}

TEST_CASE("An active close without TIME-WAIT is found", "[exhaustive][checks]") {
  machine m;
  m.segment_arrives = [](tcb& t, const wire::segment& s, bool owned, const limits& l,
                         const tcp::clock& c, actions& out) {
    tcp::segment_arrives(t, s, owned, l, c, out);
    if (out.end == tcp::ending::time_wait) out.end = tcp::ending::closed;
  };
  CHECK(says(complaint(m), "ended without TIME-WAIT on the side that closed first"));
}

TEST_CASE("SND.NXT beyond what was written, and data without a timer, are found",
          "[exhaustive][checks]") {
  machine m;
  m.app_send = [](tcb& t, std::uint32_t n, const limits& l, const tcp::clock& c, actions& out) {
    const std::uint32_t taken = tcp::app_send(t, n, l, c, out);
    ++t.snd_nxt;
    return taken;
  };
  CHECK(says(complaint(m), "SND.NXT beyond what was written"));
  m.app_send = [](tcb& t, std::uint32_t n, const limits& l, const tcp::clock& c, actions& out) {
    const std::uint32_t taken = tcp::app_send(t, n, l, c, out);
    out.timers_touched = 0;
    return taken;
  };
  CHECK(says(complaint(m), "no timer runs"));
}

TEST_CASE("A state change that RFC 9293 does not draw is found", "[exhaustive][checks]") {
  machine m;
  m.segment_arrives = [](tcb& t, const wire::segment& s, bool owned, const limits& l,
                         const tcp::clock& c, actions& out) {
    const bool established = t.st == state::established;
    tcp::segment_arrives(t, s, owned, l, c, out);
    if (established && t.st == state::close_wait) t.st = state::last_ack;
  };
  CHECK(says(complaint(m), "ESTABLISHED -> LAST-ACK is no arrow"));
}

TEST_CASE("A call without effect is found", "[exhaustive][checks]") {
  machine m;
  m.app_send = [](tcb&, std::uint32_t n, const limits&, const tcp::clock&, actions&) { return n; };
  CHECK(says(complaint(m), "has no effect"));
}

TEST_CASE("Text that was never written is found", "[exhaustive][checks]") {
  machine m;
  m.close = [](tcb& t, std::uint32_t unread, const limits& l, const tcp::clock& c, actions& out) {
    tcp::close(t, unread, l, c, out);
    for (wire::segment& s : out.segments)
      if (s.has(wire::fin)) ++s.length;
  };
  CHECK(says(complaint(m), "says F"));
}
