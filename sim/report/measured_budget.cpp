// The arithmetic of ports with what the run itself shows: settings as its course has left them, and
// the round trip, or that nobody answers.
#include <algorithm>
#include <array>

#include "sim/report/history.h"
#include "sim/report/neighbours.h"
#include "sim/report/port_budget.h"
#include "sim/report/reading.h"

namespace fourtuple::report {

namespace {

/// Errors that do not say that connect() was told no: it heard nothing, or had succeeded before.
constexpr std::array<std::string_view, 5> after_silence_or_success = {"timeout", "ETIMEDOUT",
                                                                      "ECONNRESET", "EPIPE", "eof"};

/// Whether more connects of the app waited for an answer in vain than have had one.
bool nobody_answers(const observe::outcome& o, const std::string& app) {
  const std::uint64_t attempted = count(o.tree, {"apps", app, "attempted"});
  const std::uint64_t connected = count(o.tree, {"apps", app, "connected"});
  const observe::value* errors = find(o.tree, {"apps", app, "upstream", "errors"});
  if (errors == nullptr) errors = find(o.tree, {"apps", app, "errors"});
  std::uint64_t told = connected;
  if (errors != nullptr) {
    for (const auto& e : errors->members) {
      const auto& silent = after_silence_or_success;
      if (std::find(silent.begin(), silent.end(), e.key) == silent.end())
        told += static_cast<std::uint64_t>(e.content.number);
    }
  }
  return attempted > told && attempted - told > connected;
}

std::optional<duration> timeout_of(const spec::app& a) {
  return std::visit(
      [](const auto& kind) -> std::optional<duration> {
        if constexpr (requires { kind.timeout; }) return kind.timeout;
        return std::nullopt;
      },
      a.kind);
}

/// A connect that hears nothing holds its port until it gives up, and leaves no TIME-WAIT.
void wait_in_vain(port_budget& b, const spec::app& a) {
  b.unanswered = true;
  b.hold = timeout_of(a);
  b.busy.reset();
  b.time_wait = b.late = {};
  b.kept_time_waits = 0;
}

bool resets(const spec::app& a) {
  const auto* l = std::get_if<spec::load>(&a.kind);
  return l != nullptr && l->close == spec::close_by::reset;
}

/// How long the server of a load that waits for its close lets a connection be, once it has come
/// and, of one that is to be silent for a while, once the reply has gone.
duration until_server_closes(const spec::app& a, const spec::app* server) {
  const auto* l = std::get_if<spec::load>(&a.kind);
  if (l == nullptr || l->close != spec::close_by::server || server == nullptr) return {};
  if (const auto* p = std::get_if<spec::proxy>(&server->kind))
    return p->idle_timeout.value_or(duration{});
  const auto* e = std::get_if<spec::echo_server>(&server->kind);
  if (e == nullptr || e->close.kind == spec::server_close::when::after_reply) return {};
  duration first = duration::max();
  if (e->close.kind == spec::server_close::when::after_time) first = e->close.time;
  if (e->idle_timeout) first = std::min(first, e->delay + *e->idle_timeout);
  return first == duration::max() ? duration{} : first;
}

/// A connection is open until its reply at least, or until its server closes where it waits for
/// that: two round trips, and what its server takes. Its last one is for a FIN and what answers it,
/// whoever closes first.
void wait_for_reply(port_budget& b, const observe::outcome& o, const spec::scenario& s,
                    const spec::app& a) {
  const duration round_trip{number(o.tree, {"apps", a.name, "connect_time", "p50"})};
  const auto to = destinations_of(a);
  const spec::app* server = to.empty() ? nullptr : listener_at(s, to.front());
  const auto* e = server == nullptr ? nullptr : std::get_if<spec::echo_server>(&server->kind);
  const duration thinks = e == nullptr ? duration{} : e->delay;
  b.hold = std::max(*b.hold, 2 * round_trip + std::max(thinks, until_server_closes(a, server)));
  if (!resets(a)) b.closing = round_trip;
  b.busy = std::max(b.busy.value_or(duration{}), round_trip + thinks);
}

/// Who closes on the reply does so before the FIN that comes with it, where packets take time: both
/// sides close then, and both keep a TIME-WAIT.
void close_on_reply(port_budget& b, const spec::scenario& s, const spec::app& a) {
  b.closes_on_reply = true;
  if (b.time_wait == duration::zero()) b.keep_time_wait(s.hosts[a.host.host]);
}

/// Whether far fewer ports were in use than TIME-WAITs would have taken, and there were none: the
/// other side closed first, or connections were reset.
bool no_time_wait_seen(const observe::outcome& o, const spec::app& a, duration time_wait) {
  const std::string host = host_of(*o.scenario, a);
  if (count(o.tree, {"hosts", host, "time_wait", "peak"}) != 0) return false;
  const auto members = a.host.member ? 1 : o.scenario->hosts[a.host.host].members();
  const double connected =
      static_cast<double>(count(o.tree, {"apps", a.name, "connected"})) / members;
  const double elapsed =
      static_cast<double>(std::max<std::int64_t>(1, number(o.tree, {"ended_at"}) - ns(a.start)));
  const double kept = connected * std::min(1.0, static_cast<double>(ns(time_wait)) / elapsed);
  const auto tuples = static_cast<double>(count(o.tree, {"hosts", host, "ports", "tuples_peak"}));
  return tuples * 2 < kept;
}

/// Pools beside it that close nothing, by what they have opened: as many as were busy at once.
void add_pools(port_budget& b, const observe::outcome& o, const spec::scenario& s,
               const spec::app& a) {
  for (const auto& other : s.apps) {
    const auto* p = std::get_if<spec::pool>(&other.kind);
    if (p == nullptr || p->idle_timeout || p->max_lifetime || other.stop) continue;
    const bool one = other.host.member || s.hosts[other.host.host].members() == 1;
    if (!one || !runs_beside(a, other)) continue;
    const std::uint64_t opened = count(o.tree, {"apps", other.name, "opened"});
    if (opened <= p->size && opened == count(o.tree, {"apps", other.name, "connected"}))
      add_holder(b, a, other, opened);
  }
}

}  // namespace

std::optional<port_budget> budget_at(const observe::outcome& o, const spec::app& a,
                                     std::string_view member, instant at) {
  const auto then = scenario_at(o, member, at);
  if (then == nullptr) return std::nullopt;
  const spec::app& app = then->apps[static_cast<std::size_t>(&a - o.scenario->apps.data())];
  auto b = budget_of(*then, app);
  if (!b) return b;
  add_pools(*b, o, *then, app);
  if (nobody_answers(o, a.name)) {
    wait_in_vain(*b, app);
  } else if (b->hold) {
    wait_for_reply(*b, o, *then, app);
    if (b->proxied && b->closing > duration::zero()) close_on_reply(*b, *then, app);
    if (no_time_wait_seen(o, a, b->time_wait)) b->time_wait = b->late = {};
  }
  return b;
}

std::optional<port_budget> budget_at_end(const observe::outcome& o, const spec::app& a) {
  return budget_at(o, a, host_of(*o.scenario, a), never);
}

}  // namespace fourtuple::report
