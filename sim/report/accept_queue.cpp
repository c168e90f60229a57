#include "sim/report/accept_queue.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "sim/report/at_once.h"
#include "sim/report/history.h"
#include "sim/report/port_budget.h"
#include "sim/report/text.h"

namespace fourtuple::report {

namespace {

using remarks = std::vector<remark>;

/// How long the server has a connection of the load, from accept() to its close; nothing: not
/// known, or for ever.
std::optional<duration> open_there(const observe::outcome& o, const std::string& name,
                                   const spec::load& l, const spec::echo_server& e) {
  using when = spec::server_close::when;
  if (e.close.kind == when::after_reply) return e.delay;
  if (e.close.kind != when::peer || l.close == spec::close_by::server || !l.hold)
    return std::nullopt;
  const duration round_trip{number(o.tree, {"apps", name, "connect_time", "min"})};
  return std::max(*l.hold - round_trip, round_trip + e.delay);
}

/// What the clients of a server ask of it, as far as the file names it.
struct demand {
  std::vector<stream> streams;
  std::vector<std::string> names;  ///< of the loads
  double open = 0;                 ///< connections of loads at one time, on average
  std::uint64_t most = 0;          ///< ... at most
  bool open_known = true;
  std::uint64_t kept = 0;  ///< by pools, at most
  std::string pool;        ///< one of them
  bool whole = true;       ///< there are no other clients
};

void add_load(demand& to, const observe::outcome& o, const spec::app& a, const spec::load& l,
              const spec::echo_server& e, double share, std::uint32_t members) {
  if (!l.rate || !l.rate_changes.empty() || l.limit) {
    to.whole = false;
    return;
  }
  const stream one{per_second(*l.rate) * share, members, l.arrivals == spec::arrival_kind::poisson};
  to.streams.push_back(one);
  to.names.push_back(a.name);
  const auto each = open_there(o, a.name, l, e);
  to.open_known = to.open_known && each;
  if (!each) return;
  to.open += rate_of({one}) * static_cast<double>(ns(*each)) / 1e9;
  to.most += most_at_once({one}, *each);
}

/// Of those that run at that time.
demand demand_of(const observe::outcome& o, const spec::scenario& s, const spec::app& server,
                 const spec::echo_server& e, std::int64_t at) {
  demand out;
  for (const auto& a : s.apps) {
    const auto to = destinations_of(a);
    const auto here = std::count_if(to.begin(), to.end(), [&](const endpoint& where) {
      return listener_at(s, where) == &server;
    });
    if (ns(a.start) > at || (a.stop && ns(*a.stop) < at)) continue;
    if (here == 0 || std::holds_alternative<spec::udp_client>(a.kind)) continue;
    const std::uint32_t members = a.host.member ? 1 : s.hosts[a.host.host].members();
    const double share = static_cast<double>(here) / static_cast<double>(to.size());
    if (const auto* l = std::get_if<spec::load>(&a.kind)) {
      add_load(out, o, a, *l, e, share, members);
    } else if (const auto* p = std::get_if<spec::pool>(&a.kind); p != nullptr && share == 1) {
      out.kept += std::uint64_t{p->size} * members;
      out.pool = a.name;
    } else {
      out.whole = false;
    }
  }
  return out;
}

std::string loads_text(const demand& d) {
  std::string out = d.names.front();
  if (d.names.size() > 1) out += fmt::format(" and {} more", d.names.size() - 1);
  return out + (d.names.size() > 1 ? " ask" : " asks");
}

/// "the accept queue on server overflowed 12 times"; empty: it did not.
std::string overflow_text(const observe::outcome& o, const std::string& host) {
  const auto overflows = count(o.tree, {"hosts", host, "nstat", "TcpExtListenOverflows"});
  if (overflows == 0) return {};
  return fmt::format("the accept queue on {} overflowed {} times", host, grouped(overflows));
}

std::string no_queue_helps(const observe::outcome& o, const spec::app& server) {
  const std::string overflow = overflow_text(o, host_of(*o.scenario, server));
  return overflow.empty() ? "a longer queue would only let them wait longer"
                          : overflow + "; a longer one would only let them wait longer";
}

/// More connections than it may have: they wait in the queue until others have ended.
remarks crowded(const observe::outcome& o, const spec::app& server, const spec::echo_server& e,
                const demand& d) {
  if (!e.accepts.max_connections || !d.open_known) return {};
  const std::uint64_t most = *e.accepts.max_connections;
  const bool was_full = count(o.tree, {"apps", server.name, "active", "peak"}) >= most;
  if (!was_full || d.open + static_cast<double>(d.kept) <= static_cast<double>(most)) return {};
  const std::uint64_t needed = d.most + d.kept;
  std::string who = d.kept == 0   ? fmt::format("at {} its clients have {} open",
                                                rate_text(rate_of(d.streams)), grouped(needed))
                    : d.most == 0 ? fmt::format("{} keeps up to {}", d.pool, grouped(needed))
                                  : fmt::format("its clients have up to {} open", grouped(needed));
  return {{"why", fmt::format("{} has at most {} connections open (max_connections), and {}",
                              server.name, grouped(most), who)},
          {"", no_queue_helps(o, server)},
          {"cure", fmt::format("max_connections: {}{} on {}", d.whole ? "" : "at least ",
                               grouped(needed) + (d.whole ? " or more" : ""), server.name)}};
}

/// More connections a second than it accepts: a queue of any length fills.
remarks too_slow(const observe::outcome& o, const spec::app& server, const spec::echo_server& e,
                 const demand& d) {
  if (!e.accepts.rate || d.streams.empty()) return {};
  const double accepts = per_second(*e.accepts.rate);
  const double asked = rate_of(d.streams);
  if (asked <= accepts) return {};
  const bool sure = d.whole && d.kept == 0 && !any_random(d.streams);
  return {
      {"why", fmt::format("{} accepts {} (accept_rate), and {} for {}", server.name,
                          rate_text(accepts), loads_text(d), rate_text(asked))},
      {"", no_queue_helps(o, server)},
      {"cure", sure ? fmt::format("accept_rate: {} or more on {}", rate_text(asked), server.name)
                    : fmt::format("accept_rate: above {} on {}", rate_text(asked), server.name)}};
}

std::int32_t backlog_of(const spec::app& server) {
  if (const auto* e = std::get_if<spec::echo_server>(&server.kind)) return e->backlog;
  if (const auto* l = std::get_if<spec::listener>(&server.kind)) return l->backlog;
  return spec::proxy::backlog;
}

remarks overflow_explanation(const observe::outcome& o, const spec::host_ref& owner,
                             const spec::app* server) {
  std::string overflow = overflow_text(o, spec::host_name(*o.scenario, owner));
  if (overflow.empty()) return {};
  remarks out{{"why", std::move(overflow)}};
  if (server == nullptr) return out;
  const auto* l = std::get_if<spec::listener>(&server->kind);
  if (l != nullptr && !l->accept) {
    out.push_back({"", fmt::format("{} accepts nothing (accept: false)", server->name)});
  } else if (count(o.tree, {"apps", server->name, "errors", "EMFILE"}) > 0) {
    out.push_back({"", fmt::format("{} accepts nothing while it has no descriptor free (EMFILE)",
                                   server->name)});
  } else {
    const std::int32_t backlog = backlog_of(*server);
    const std::int32_t somaxconn = o.scenario->hosts[owner.host].sysctls.somaxconn;
    out.push_back(
        {"cure", fmt::format("a longer queue (backlog {} and net.core.somaxconn {} give {}) or "
                             "faster accepts on {}",
                             backlog, somaxconn, std::min(backlog, somaxconn), server->name)});
  }
  return out;
}

}  // namespace

std::vector<remark> server_limit(const observe::outcome& o, const app_failure& f) {
  const auto then = scenario_at(o, f.member, at_ns(f.at));
  const spec::app* server = then == nullptr || !f.to ? nullptr : listener_at(*then, *f.to);
  const auto* e = server == nullptr ? nullptr : std::get_if<spec::echo_server>(&server->kind);
  if (e == nullptr || !e->accept_changes.empty()) return {};
  const demand d = demand_of(o, *then, *server, *e, f.at);
  remarks out = crowded(o, *server, *e, d);
  return out.empty() ? too_slow(o, *server, *e, d) : out;
}

std::vector<remark> unaccepted_explanation(const observe::outcome& o, const app_failure& f) {
  const auto owner = spec::owner_of(*o.scenario, f.to->address);
  if (!owner) return {};
  const spec::app* server = listener_at(*o.scenario, *f.to);
  if (server != nullptr && std::holds_alternative<spec::listener>(server->kind) &&
      f.call != "connect")
    return {{"why", fmt::format("{} never replies: a listener reads nothing", server->name)}};
  remarks out = server_limit(o, f);
  if (out.empty()) out = overflow_explanation(o, *owner, server);
  if (!out.empty())
    out.push_back({"check", "nstat -az TcpExtListenOverflows TcpExtListenDrops; ss -tln"});
  return out;
}

}  // namespace fourtuple::report
