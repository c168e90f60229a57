// What must be true of every joint state and of every step, whatever the order of things. Each
// answers with a complaint, or with nothing.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "tests/exhaustive/model.h"

namespace fourtuple::exhaustive {

/// RFC 9293 3.3.1, 3.4 and what follows from it for a pair: SND.UNA <= SND.NXT and so on; what
/// waits for an answer has a timer; queues and counters agree.
[[nodiscard]] std::optional<std::string> broken_invariant(const joint& j, const model& m);

/// Every event has an answer: a segment, a new state, a timer, or a silence that is written down.
[[nodiscard]] std::optional<std::string> unanswered(const joint& before, const event& e,
                                                    const joint& after, const report& r);

/// Why a segment may be answered by nothing at all, with its source; empty: it may not.
[[nodiscard]] std::string_view documented_silence(const peer& p, const wire::segment& s);

/// The state changed along an arrow that RFC 9293 figure 5 does not have, nor Linux.
[[nodiscard]] std::optional<std::string> no_such_arrow(const joint& before, const joint& after);
[[nodiscard]] bool is_arrow(tcp::state from, tcp::state to);

/// TIME-WAIT is with the side that closed first, on both where both did, never with the other (RFC
/// 9293 3.6).
[[nodiscard]] std::optional<std::string> time_wait_misplaced(const joint& before, const event& e,
                                                             const joint& after, const report& r);

/// What a connection says is its own: SYN at ISS, its bytes, FIN behind the last of them.
[[nodiscard]] std::optional<std::string> invented(const joint& after, const event& e,
                                                  const report& r);

/// Both ends are CLOSED (or LISTEN), and nothing is under way.
[[nodiscard]] bool is_over(const joint& j);
/// Steps that a network without losses and applications that only finish would take.
[[nodiscard]] bool is_fair(const event& e);

}  // namespace fourtuple::exhaustive
