// sim/tcp/STATES.md says what the code does.
#include "tests/exhaustive/state_table.h"

#include <fstream>
#include <set>
#include <sstream>

#include "tests/support/catch.h"

using namespace fourtuple;
using namespace fourtuple::exhaustive;

namespace {

std::string committed() {
  std::ifstream file(FOURTUPLE_STATES_MD);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

const table_event& event_of(kind k) {
  for (const table_event& e : table_events())
    if (e.what == k) return e;
  FAIL("no such event");
  return table_events().front();
}

}  // namespace

TEST_CASE("sim/tcp/STATES.md holds the table of (state, event) pairs that the code gives",
          "[exhaustive][states]") {
  // `state_table sim/tcp/STATES.md` writes it anew; look at the difference.
  const bool current = committed().find(state_table()) != std::string::npos;
  CHECK(current);
}

TEST_CASE("Every scene is in the state it is named after", "[exhaustive][states]") {
  std::set<std::string> reached;
  for (std::size_t i = 0; i < place_count; ++i) {
    const auto p = static_cast<place>(i);
    const std::string state = scene(p).state();
    INFO(heading(p));
    CHECK(std::string(heading(p)).starts_with(state));
    reached.insert(state);
  }
  CHECK(reached.size() == tcp::state_count);
}

TEST_CASE("No cell of the table is without its rule", "[exhaustive][states]") {
  for (std::size_t i = 0; i < place_count; ++i)
    for (const table_event& e : table_events())
      CHECK(!reason(static_cast<place>(i), e.what).empty());
}

TEST_CASE("After TIME-WAIT a descriptor that is disconnected has nothing to read",
          "[exhaustive][states]") {
  scene s(place::time_wait);
  const auto end_of_file = s.process().recv(s.fd, {nullptr, 1});
  REQUIRE(end_of_file);
  CHECK(*end_of_file == 0);
  REQUIRE(s.process().disconnect(s.fd));
  CHECK(s.process().recv(s.fd, {nullptr, 1}).error() == errc::enotconn);
}

TEST_CASE("Text for somebody who reads no more is refused, and he who closed nothing is told",
          "[exhaustive][states]") {
  const cell told = play(place::fin_wait_2, event_of(kind::text_shut));
  CHECK(told.answer.find("RST") != std::string::npos);
  CHECK(told.answer.find("ECONNRESET") != std::string::npos);
  const cell early = play(place::fin_wait_1_orphan, event_of(kind::fin_gap));
  CHECK(early.answer == "RST");
  CHECK(early.next == "CLOSED");
}

TEST_CASE("A FIN sent again is acknowledged in every state that has seen it, text behind it is not",
          "[exhaustive][states]") {
  for (const place p : {place::close_wait, place::closing, place::last_ack, place::time_wait})
    CHECK(play(p, event_of(kind::fin_again)).answer.starts_with("ACK"));
  for (const place p : {place::close_wait, place::closing, place::last_ack})
    CHECK(play(p, event_of(kind::text)).answer == "nothing");
}
