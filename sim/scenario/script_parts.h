// Parts of a step that have a syntax of their own.
#pragma once

#include "sim/scenario/reader.h"

namespace fourtuple::scenario {

/// `expect:` of a step: a word, a condition, data, or the full form.
[[nodiscard]] spec::step_expectation read_step_expect(context& c, const node& n,
                                                      const spec::step& s);
/// One or a list of poll words, or several in one scalar.
[[nodiscard]] std::uint8_t read_poll_bits(context& c, const node& n);
/// An error where the text is no state of socket_states().
void check_state(context& c, std::string_view state, spec::position where);

}  // namespace fourtuple::scenario
