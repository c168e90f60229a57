// What other apps of a host take of the ports of one of them.
#pragma once

#include <cstdint>
#include <optional>

#include "sim/report/port_budget.h"

namespace fourtuple::report {

/// Of stages the highest; nothing of a closed loop.
[[nodiscard]] std::optional<double> rate_asked(const spec::load& l);

template <class Client>
[[nodiscard]] stream stream_of(const Client& c, double rate) {
  return {rate, 1, c.arrivals == spec::arrival_kind::poisson};
}

/// Ports of its ranges that servers of its host listen on: no client gets those.
void leave_out_listened(port_budget& b, const spec::scenario& s, const spec::app& a);
/// Loads that run before it or beside it and need the same ports, those to the same destinations
/// or, where it binds first, from the same addresses; and clients that keep such ports for ever.
void add_neighbours(port_budget& b, const spec::scenario& s, const spec::app& a);
/// Another app of its host has opened so many connections, and closes none.
void add_holder(port_budget& b, const spec::app& a, const spec::app& other, std::uint64_t count);

}  // namespace fourtuple::report
