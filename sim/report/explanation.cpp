// Why the first failure happened, and its cures.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string_view>

#include "sim/report/accept_queue.h"
#include "sim/report/headline.h"
#include "sim/report/history.h"
#include "sim/report/obstacle.h"
#include "sim/report/pool_ports.h"
#include "sim/report/port_budget.h"
#include "sim/report/port_remarks.h"
#include "sim/report/port_text.h"
#include "sim/report/reading.h"
#include "sim/report/text.h"

namespace fourtuple::report {

namespace {

using remarks = std::vector<remark>;

void append(remarks& to, remarks more) {
  for (auto& r : more) to.push_back(std::move(r));
}

/// Whether the app does so by itself, which is told then.
bool runs_out_later(const observe::outcome& o, const app_failure& f) {
  const auto others = other_failures(o);
  return std::any_of(others.begin(), others.end(), [&](const auto& other) {
    return other.app == f.app && other.error == "EADDRNOTAVAIL";
  });
}

remarks descriptors_explanation(const observe::outcome& o, const app_failure& f) {
  const spec::app& a = o.scenario->apps[f.app];
  std::string why = fmt::format("nofile is {}, and 0-2 are taken: {} sockets at a time",
                                grouped(a.nofile), grouped(a.nofile - std::min(a.nofile, 3u)));
  std::string cure;
  std::string next;
  const auto* server = std::get_if<spec::echo_server>(&a.kind);
  if (server != nullptr && server->close.kind == spec::server_close::when::never) {
    why +=
        fmt::format("; {} never closes (close: never), so each connection keeps its own", a.name);
    cure = fmt::format("close() when a client has closed; a higher nofile on {} only lasts longer",
                       a.name);
  }
  // A proxy has descriptors for its clients too.
  const auto b = budget_at(o, a, f.member, at_ns(f.at));
  if (b && !b->proxied && !b->streams.empty() && b->hold) {
    const stream& own = b->streams.front();
    const std::uint64_t open = most_at_once({own}, *b->hold);
    if (open + 3 > a.nofile) {
      why += fmt::format("; {} x {} keeps {}{} open", rate_text(own.rate), time_text(ns(*b->hold)),
                         own.random ? "up to " : "", grouped(open));
      cure = fmt::format("nofile: {} or more on {}", open + open / 10 + 8, a.name);
      if (!b->may_do() && !runs_out_later(o, f))
        next = "then the ports would run out: " + budget_text(*b);
    }
  }
  if (cure.empty()) cure = fmt::format("a higher nofile on {} (ulimit -n)", a.name);
  remarks out{{"why", why}, {"cure", cure}};
  if (!next.empty()) out.push_back({"", next});
  out.push_back({"check", "ls /proc/PID/fd | wc -l; grep files /proc/PID/limits"});
  return out;
}

/// The address a server listens on; a `listener` has its ports on all IPv4 addresses.
endpoint listen_of(const spec::app& a, std::uint16_t port) {
  return std::visit(
      [&](const auto& kind) -> endpoint {
        if constexpr (requires { kind.listen; }) {
          return kind.listen;
        } else {
          return {ip_address::v4(0, 0, 0, 0), port};
        }
      },
      a.kind);
}

/// Whether a socket bound to `at` may get what is sent to `to`; [::] takes IPv4 too.
bool covers(const endpoint& at, const endpoint& to) {
  if (!at.address.is_any()) return at.address == to.address;
  return at.address.family == to.address.family || at.address.family == family::inet6;
}

/// Why a server of the file did not have the port; nothing where it did.
remarks absence_of(const observe::outcome& o, const spec::app& server, const app_failure& f) {
  const endpoint at = listen_of(server, f.to->port);
  if (!covers(at, *f.to)) {
    return {{"why", fmt::format("{} listens on {} alone", server.name, to_string(at))}};
  }
  if (const auto* failed = start_failure_of(o, server)) {
    return {{"why", fmt::format("{} could not listen on {}: {}", server.name,
                                to_string(failed->what.where), name(failed->what.error))}};
  }
  if (ns(server.start) > f.at) {
    return {{"why", fmt::format("{} listens on {} only from {} on", server.name, to_string(*f.to),
                                time_text(ns(server.start)))}};
  }
  if (ns(server.start) == f.at) {
    return {{"why", fmt::format("{} did not listen on {} yet: both began at {}", server.name,
                                to_string(*f.to), time_text(f.at))}};
  }
  if (server.stop && ns(*server.stop) <= f.at) {
    return {{"why", fmt::format("{} listened on {} only until {}", server.name, to_string(*f.to),
                                time_text(ns(*server.stop)))}};
  }
  return {};
}

remarks refused_explanation(const observe::outcome& o, const app_failure& f) {
  if (!f.to) return {};
  const bool udp = std::holds_alternative<spec::udp_client>(o.scenario->apps[f.app].kind);
  const spec::app* server = listener_at(*o.scenario, *f.to, udp, &o.scenario->apps[f.app]);
  if (server == nullptr) {
    return {{"why", fmt::format("no app of this file listens on {}", to_string(*f.to))}};
  }
  return absence_of(o, *server, f);
}

/// What a filter on the way, or the way itself, did to it. `silence`: the app heard nothing, else
/// it was told no.
remarks obstacle_explanation(const observe::outcome& o, const app_failure& f, bool silence) {
  const auto found = obstacle_of(o, f);
  // Rejects are limited in rate, and TCP does not give up for all of them: both can be silence.
  if (!found || (!silence && !found->answers)) return {};
  return {{"why", found->text}, {"check", found->check}};
}

/// A destination that cannot be: nobody's address, or one of a family that the sender has not.
remarks destination_explanation(const observe::outcome& o, const app_failure& f) {
  if (!f.to || f.to->address.is_loopback()) return {};  // every host has its own
  if (!spec::owner_of(*o.scenario, f.to->address))
    return {{"why", to_string(f.to->address) + " is no host of this file"}};
  const auto from = member_called(*o.scenario, f.member);
  const family wanted = f.to->address.family;
  if (!from || spec::first_address(o.scenario->hosts[from->host], from->member, wanted)) return {};
  return {{"why", fmt::format("{} has no {} address", f.member,
                              wanted == family::inet ? "IPv4" : "IPv6")}};
}

/// A datagram that nobody wants is answered by ICMP, of which only connected sockets hear.
remarks datagram_silence(const observe::outcome& o, const spec::udp_client& c,
                         const app_failure& f) {
  remarks out = refused_explanation(o, f);
  if (!out.empty() && !c.connected)
    out.push_back({"", "a UDP socket hears of it (ECONNREFUSED) only when it is connected"});
  return out;
}

/// A request that waited too long for a connection of its pool.
remarks queue_explanation(const observe::outcome& o, const app_failure& f) {
  const spec::app& a = o.scenario->apps[f.app];
  const auto& p = std::get<spec::pool>(a.kind);
  remarks out{
      {"why", fmt::format("no connection of {} was free for {}, its queue_timeout (size: {})",
                          a.name, time_text(ns(*p.queue_timeout)), grouped(p.size))}};
  if (remarks full = server_limit(o, f); !full.empty()) {
    full.front().label.clear();
    append(out, std::move(full));
    return out;
  }
  // As they were busy all the time, what they completed says how long a request takes.
  const spec::host& h = o.scenario->hosts[a.host.host];
  const std::uint64_t connections = std::uint64_t{p.size} * (a.host.member ? 1 : h.members());
  const std::uint64_t completed = count(o.tree, {"apps", a.name, "completed"});
  const std::int64_t end = std::min(number(o.tree, {"ended_at"}), a.stop ? ns(*a.stop) : INT64_MAX);
  if (completed == 0 || end <= ns(a.start)) return out;
  const double each = static_cast<double>(end - ns(a.start)) * static_cast<double>(connections) /
                      static_cast<double>(completed);
  const double asked = highest_rate(p, per_second(p.rate));
  const double busy = asked * each / 1e9;
  // Renewed connections are set up again, in a larger pool more often for each request.
  const bool renewed = p.max_lifetime || p.idle_timeout;
  const bool sure = !renewed && completed > count(o.tree, {"apps", a.name, "failed"});
  const bool random = sure && p.arrivals == spec::arrival_kind::poisson;
  const auto needed = random ? most_of_random(busy) : static_cast<std::uint64_t>(std::ceil(busy));
  if (needed <= p.size) return out;
  out.push_back({"", fmt::format("a request takes one for about {}, so {} needs {}{}",
                                 time_text(static_cast<std::int64_t>(each / 1e6) * 1'000'000),
                                 rate_text(asked), sure ? "" : "at least ", grouped(needed))});
  out.push_back({"cure", sure ? fmt::format("size: {} or more on {}", grouped(needed), a.name)
                              : fmt::format("size: at least {} on {}", grouped(needed), a.name)});
  return out;
}

remarks silence_explanation(const observe::outcome& o, const app_failure& f) {
  if (!f.to) return {};
  const auto* client = std::get_if<spec::udp_client>(&o.scenario->apps[f.app].kind);
  if (client != nullptr) return datagram_silence(o, *client, f);
  return unaccepted_explanation(o, f);
}

/// A proxy's kept connection that its upstream had closed when it was used again.
remarks reuse_explanation(const observe::outcome& o, const app_failure& f) {
  const spec::app& a = o.scenario->apps[f.app];
  const auto resets = count(o.tree, {"apps", a.name, "resets_on_reuse"});
  if (resets == 0) return {};
  const spec::app* server = f.to ? listener_at(*o.scenario, *f.to) : nullptr;
  const auto* e = server == nullptr ? nullptr : std::get_if<spec::echo_server>(&server->kind);
  const std::string shorter =
      e != nullptr && e->idle_timeout
          ? fmt::format("upstream_idle_timeout on {} below the idle_timeout of {} ({})", a.name,
                        server->name, time_text(ns(*e->idle_timeout)))
          : "an upstream_idle_timeout on " + a.name + " below the upstream's own";
  return {{"why", fmt::format("{} kept connections were closed by their upstream just as they were "
                              "used again",
                              grouped(resets))},
          {"cures", shorter},
          {"", "retries: 1 (a request that must not be sent twice cannot be retried)"}};
}

/// What to do about a port that somebody has.
void add_in_use(remarks& to, const observe::start_failure& f) {
  const bool only_time_wait =
      !f.in_the_way.empty() && std::all_of(f.in_the_way.begin(), f.in_the_way.end(),
                                           [](const auto& r) { return r.state == "TIME-WAIT"; });
  const bool by_program = std::any_of(f.in_the_way.begin(), f.in_the_way.end(),
                                      [](const auto& r) { return !r.holders.empty(); });
  if (only_time_wait) {
    to.push_back({"cure", "SO_REUSEADDR before bind(), or wait for TIME-WAIT to end"});
  } else {
    to.push_back({"cure", by_program
                              ? "another port or address, or stop the holder first; if it is "
                                "an outgoing connection: net.ipv4.ip_local_reserved_ports"
                              : "another port or address"});
  }
  to.push_back(
      {"check", fmt::format("ss -{}anp sport = :{}", f.what.transport == transport::tcp ? 't' : 'u',
                            f.what.where.port)});
}

remarks start_explanation(const observe::start_failure& f) {
  remarks out;
  for (std::size_t i = 0; i < std::min<std::size_t>(f.in_the_way.size(), 3); ++i) {
    const auto& row = f.in_the_way[i];
    std::string text = fmt::format("{} {} {}", row.state, to_string(row.local),
                                   row.remote.port == 0 ? "" : to_string(row.remote));
    for (const auto& h : row.holders) text += fmt::format(" {} (pid {})", h.program, h.pid);
    out.push_back({i == 0 ? "why" : "", text});
  }
  if (f.what.error == errc::eaddrinuse) {
    add_in_use(out, f);
  } else if (f.what.error == errc::eacces) {
    out.push_back({"cure", privilege_text(f.what.where.port)});
  } else if (f.what.error == errc::eaddrnotavail) {
    out.push_back({"why", to_string(f.what.where.address) + " is not an address of " + f.member});
  }
  return out;
}

/// Whether the error is one that an answer of the network gives; EPERM and EACCES are also what a
/// host's own rules say to send(), but not to bind().
bool told_no(const app_failure& f) {
  constexpr std::array<std::string_view, 6> all = {"ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH",
                                                   "ENOPROTOOPT",  "EACCES",       "EPERM"};
  return f.call != "bind" && std::find(all.begin(), all.end(), f.error) != all.end();
}

remarks why_of(const observe::outcome& o, const app_failure& f) {
  const spec::app& app = o.scenario->apps[f.app];
  const auto then = scenario_at(o, f.member, at_ns(f.at));
  const auto datagrams =
      then == nullptr ? std::nullopt : datagram_ports_of(*then, then->apps[f.app]);
  if (datagrams && (f.error == "EAGAIN" || f.error == "EADDRINUSE"))
    return datagram_explanation(*datagrams, std::get<spec::udp_client>(app.kind));
  const bool in_bind = f.call == "bind" || f.call == "connect";
  if (in_bind && (f.error == "EADDRNOTAVAIL" || f.error == "EADDRINUSE")) {
    remarks silence = obstacle_explanation(o, f, true);
    if (silence.empty()) silence = silence_explanation(o, f);
    remarks found = ports_explanation(o, f, std::move(silence));
    return found.empty() ? kept_ports_explanation(o, f) : found;
  }
  if (f.error == "eof" || f.error == "ECONNRESET" || f.error == "EPIPE") {
    return reuse_explanation(o, f);
  }
  if (f.error == "EMFILE") return descriptors_explanation(o, f);
  if (f.error == "EACCES" && f.call == "bind") return privileged_port(o, f);
  const bool silence = f.error == "ETIMEDOUT" || f.error == "timeout";
  if (silence || told_no(f)) {
    if (remarks found = destination_explanation(o, f); !found.empty()) return found;
    if (remarks found = obstacle_explanation(o, f, silence); !found.empty()) return found;
  }
  const auto* pool = std::get_if<spec::pool>(&app.kind);
  if (f.error == "timeout" && pool != nullptr && pool->queue_timeout)
    return queue_explanation(o, f);
  if (f.error == "ECONNREFUSED") return refused_explanation(o, f);
  return silence ? silence_explanation(o, f) : remarks{};
}

/// Whether something ran out or was taken, which a report tells whatever failed before it.
bool of_a_limit(const app_failure& f) {
  constexpr std::array<std::string_view, 4> all = {"EADDRNOTAVAIL", "EADDRINUSE", "EMFILE",
                                                   "EAGAIN"};
  return f.attempt > 0 && std::find(all.begin(), all.end(), f.error) != all.end();
}

/// What ran out later than the first failure of another kind: of every such error the first, with
/// its why and its cures. Those that are told so are no longer among `failures`.
remarks then_ran_out(const observe::outcome& o, std::vector<app_failure>& failures,
                     std::string_view told) {
  auto all = failures;
  for (auto& f : other_failures(o)) all.push_back(std::move(f));
  std::erase_if(all, [](const auto& f) { return !of_a_limit(f); });
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
  std::set<std::string_view> known{told};
  remarks out;
  for (const auto& f : all) {
    if (!known.insert(f.error).second) continue;
    out.push_back({"then", failure_text(o, f)});
    append(out, why_of(o, f));
    std::erase_if(failures, [&](const auto& each) {
      return each.app == f.app && each.at == f.at && each.error == f.error;
    });
  }
  return out;
}

/// The other apps that failed, a line each.
remarks also(const observe::outcome& o, const std::vector<app_failure>& failures) {
  constexpr std::size_t most = 6;
  remarks out;
  for (std::size_t i = 0; i < failures.size(); ++i) {
    if (i == most) {
      out.push_back({"", fmt::format("and {} more apps", failures.size() - i)});
      break;
    }
    out.push_back({out.empty() ? "also" : "", failure_text(o, failures[i])});
  }
  return out;
}

}  // namespace

std::vector<remark> explanation(const observe::outcome& o) {
  if (!o.scenario || o.tree.is_null()) return {};
  auto failures = app_failures(o);
  // A server that could not start counts as a failure too; it is told once.
  std::erase_if(failures, [](const auto& f) { return f.attempt == 0; });
  remarks out;
  std::string told;
  if (const auto* f = leading_start_failure(o)) {
    out = start_explanation(*f);
  } else if (!failures.empty()) {
    told = failures.front().error;
    out = why_of(o, failures.front());
    failures.erase(failures.begin());
  } else {
    return outlook(o);
  }
  append(out, then_ran_out(o, failures, told));
  append(out, also(o, failures));
  return out;
}

}  // namespace fourtuple::report
