// Breadth-first through every joint state of two peers, with the properties checked on the way, and
// backwards from the end to find what never comes there.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/exhaustive/properties.h"

namespace fourtuple::exhaustive {

struct bounds {
  std::uint64_t most_states = 10'000'000;
};

struct findings {
  std::uint64_t states = 0;  ///< joint states
  std::uint64_t steps = 0;   ///< (joint state, event) pairs
  std::uint64_t over = 0;    ///< joint states in which both ends are CLOSED and all is quiet
  bool complete = false;     ///< no joint state was left out
  /// How many joint states have an end in that state; and which arrows were gone along.
  std::array<std::uint64_t, tcp::state_count> in_state{};
  std::array<std::array<bool, tcp::state_count>, tcp::state_count> arrows{};
  std::uint64_t both_in_time_wait = 0;
  /// The first complaint, and how it came about, shortest way first; empty: none.
  std::string complaint;
  std::string trace;
};

[[nodiscard]] findings explore(const setting& s, const machine& m = {}, const bounds& b = {});

/// "two peers: 123,456 joint states, 987,654 steps" and what was seen, in a few lines.
[[nodiscard]] std::string summary(const setting& s, const findings& f);

}  // namespace fourtuple::exhaustive
