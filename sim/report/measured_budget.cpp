// The arithmetic of ports with what the run itself shows: settings as its course has left them, and
// the round trip.
#include <algorithm>

#include "sim/report/history.h"
#include "sim/report/port_budget.h"
#include "sim/report/reading.h"

namespace fourtuple::report {

std::optional<port_budget> budget_at(const observe::outcome& o, const spec::app& a,
                                     std::string_view member, instant at) {
  const auto then = scenario_at(o, member, at);
  if (then == nullptr) return std::nullopt;
  const auto index = static_cast<std::size_t>(&a - o.scenario->apps.data());
  const spec::app& app = then->apps[index];
  auto b = budget_of(*then, app);
  if (!b || !b->hold) return b;
  const duration round_trip{number(o.tree, {"apps", a.name, "connect_time", "p50"})};
  const auto to = destinations_of(app);
  const spec::app* server = to.empty() ? nullptr : listener_at(*then, to.front());
  const auto* e = server == nullptr ? nullptr : std::get_if<spec::echo_server>(&server->kind);
  const duration thinks = e == nullptr ? duration{} : e->delay;
  b->hold = std::max(*b->hold, 2 * round_trip + thinks);
  b->busy = std::max(b->busy.value_or(duration{}), round_trip + thinks);
  return b;
}

std::optional<port_budget> budget_at_end(const observe::outcome& o, const spec::app& a) {
  return budget_at(o, a, host_of(*o.scenario, a), never);
}

}  // namespace fourtuple::report
