// Every (state, event) pair of the simulated kernel, played and written down: sim/tcp/STATES.md.
#pragma once

#include <string>
#include <vector>

#include "tests/exhaustive/scene.h"

namespace fourtuple::exhaustive {

/// Which step of RFC 9293 3.10 an event is looked at by: see rules.cpp.
enum class kind : std::uint8_t {
  open,
  listen,
  accept,
  send,
  receive,
  shutdown_rd,
  shutdown_wr,
  close,
  close_unread,
  close_reset,
  abort,
  syn_again,
  syn_new,
  syn_listened,
  syn_ack,
  ack,
  ack_duplicate,
  ack_old,
  ack_unsent,
  probe,
  text,
  text_shut,
  text_old,
  text_gap,
  text_beyond,
  text_without_ack,
  text_paws,
  fin,
  fin_acks,
  fin_again,
  fin_gap,
  rst,
  rst_unsent,
  rst_inexact,
  rst_outside,
  timer,
  silence,
  unacknowledged,
  keepalive,
};

struct table_event {
  kind what;
  std::string_view text;
  /// Makes it happen; says what a call returned, else nothing.
  std::string (*happen)(scene&);
};
[[nodiscard]] const std::vector<table_event>& table_events();

/// What came of it.
struct cell {
  std::string answer;
  std::string next;
  std::string why;  ///< the section of RFC 9293, or what Linux does instead
};
[[nodiscard]] cell play(place p, const table_event& e);

/// "3.10.7.4, second", or how Linux departs and where.
[[nodiscard]] std::string reason(place p, kind k);

/// All of it as Markdown, one table a state.
[[nodiscard]] std::string state_table();

}  // namespace fourtuple::exhaustive
