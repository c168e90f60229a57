#include "sim/report/reading.h"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

namespace fourtuple::report {

namespace {

/// apps.NAME of the process that failed first: of a counted host's app the member's own.
std::pair<const observe::value*, std::string> first_member(const observe::value& app,
                                                           const std::string& host) {
  const observe::value* on = app.find("on");
  if (on == nullptr) return {&app, host};
  std::pair<const observe::value*, std::string> best{&app, host};
  std::int64_t earliest = INT64_MAX;
  for (const auto& m : on->members) {
    const observe::value* first = m.content.find("first_failure");
    if (first == nullptr || first->is_null()) continue;
    if (number(*first, {"at"}) < earliest) {
      earliest = number(*first, {"at"});
      best = {&m.content, m.key};
    }
  }
  return best;
}

/// Whether its attempts and its destinations do not go in step.
bool out_of_step(const spec::app& a) {
  if (const auto* p = std::get_if<spec::proxy>(&a.kind)) return p->keepalive > 0;
  const auto* load = std::get_if<spec::load>(&a.kind);
  return load != nullptr && load->retry.retries > 0;
}

app_failure with_destination(app_failure f, const spec::app& a) {
  // What a proxy could not accept was on its way to itself.
  const auto to = f.call == "accept" ? std::vector<endpoint>() : destinations_of(a);
  if (to.size() == 1) f.to = to.front();
  // Attempt k goes to the k-th destination in turn, unless retries or reuse have shifted it.
  if (to.size() > 1 && f.attempt > 0 && !out_of_step(a)) f.to = to[(f.attempt - 1) % to.size()];
  return f;
}

}  // namespace

const observe::value* find(const observe::value& tree,
                           std::initializer_list<std::string_view> keys) {
  const observe::value* here = &tree;
  for (const auto key : keys) {
    here = here->find(key);
    if (here == nullptr) return nullptr;
  }
  return here;
}

std::int64_t number(const observe::value& tree, std::initializer_list<std::string_view> keys) {
  const auto* found = find(tree, keys);
  return found == nullptr ? 0 : found->number;
}

std::uint64_t count(const observe::value& tree, std::initializer_list<std::string_view> keys) {
  return static_cast<std::uint64_t>(number(tree, keys));
}

std::string text(const observe::value& tree, std::initializer_list<std::string_view> keys) {
  const auto* found = find(tree, keys);
  return found == nullptr ? std::string() : found->text;
}

std::vector<app_failure> app_failures(const observe::outcome& o) {
  std::vector<app_failure> out;
  if (!o.scenario) return out;
  for (std::size_t i = 0; i < o.scenario->apps.size(); ++i) {
    const spec::app& a = o.scenario->apps[i];
    const observe::value* app = find(o.tree, {"apps", a.name});
    if (app == nullptr) continue;
    const auto [process, member] = first_member(*app, host_of(*o.scenario, a));
    const observe::value* first = process->find("first_failure");
    if (first == nullptr || first->is_null()) continue;
    out.push_back(
        with_destination({i, member, number(*first, {"at"}), text(*first, {"error"}),
                          text(*first, {"call"}), count(*first, {"attempt"}), std::nullopt},
                         a));
  }
  // A connection that the other side ended is often the echo of what failed there at that instant.
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return std::pair(a.at, a.error == "eof") < std::pair(b.at, b.error == "eof");
  });
  return out;
}

std::vector<app_failure> other_failures(const observe::outcome& o) {
  std::vector<app_failure> out;
  for (const auto& f : o.other_failures) {
    out.push_back(with_destination({f.app, f.member, ns(f.what.at), f.what.what.text(), f.what.call,
                                    f.what.attempt, std::nullopt},
                                   o.scenario->apps[f.app]));
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
  return out;
}

const observe::start_failure* leading_start_failure(const observe::outcome& o) {
  for (const auto& f : o.start_failures)
    if (!f.expected) return &f;
  if (o.start_failures.empty()) return nullptr;
  const auto failures = app_failures(o);
  if (failures.empty()) return &o.start_failures.front();
  // What has no number is the bind() or listen() of a server.
  if (failures.front().attempt > 0) return nullptr;
  return start_failure_of(o, o.scenario->apps[failures.front().app]);
}

const observe::start_failure* start_failure_of(const observe::outcome& o, const spec::app& a) {
  const auto found = std::find_if(o.start_failures.begin(), o.start_failures.end(),
                                  [&](const auto& f) { return f.app == a.name; });
  return found == o.start_failures.end() ? nullptr : &*found;
}

std::vector<endpoint> destinations_of(const spec::app& a) {
  return std::visit(
      [](const auto& kind) -> std::vector<endpoint> {
        if constexpr (requires { kind.to; }) {
          return kind.to;
        } else if constexpr (requires { kind.upstream; }) {
          return kind.upstream;
        } else {
          return {};
        }
      },
      a.kind);
}

const std::vector<endpoint>* binds_of(const spec::app& a) {
  return std::visit(
      [](const auto& kind) -> const std::vector<endpoint>* {
        if constexpr (requires { kind.bind; }) return &kind.bind;
        return nullptr;
      },
      a.kind);
}

bool runs_beside(const spec::app& a, const spec::app& b) {
  return a.host.host == b.host.host &&
         (!a.host.member || !b.host.member || a.host.member == b.host.member);
}

const spec::app* listener_at(const spec::scenario& s, const endpoint& to, bool udp,
                             const spec::app* client) {
  const auto owner = spec::owner_of(s, to.address);
  const bool own = client != nullptr && to.address.is_loopback();
  for (const auto& a : s.apps) {
    if (own && !runs_beside(a, *client)) continue;
    if (owner && a.host.host != owner->host) continue;
    if (udp) {
      const auto* u = std::get_if<spec::udp_server>(&a.kind);
      if (u != nullptr && u->listen.port == to.port) return &a;
      continue;
    }
    const auto* e = std::get_if<spec::echo_server>(&a.kind);
    if (e != nullptr && e->listen.port == to.port) return &a;
    const auto* p = std::get_if<spec::proxy>(&a.kind);
    if (p != nullptr && p->listen.port == to.port) return &a;
    if (const auto* l = std::get_if<spec::listener>(&a.kind)) {
      for (const auto& range : l->ports) {
        if (range.contains(to.port)) return &a;
      }
    }
  }
  return nullptr;
}

std::string host_of(const spec::scenario& s, const spec::app& a) {
  return spec::host_name(s, a.host);
}

std::optional<spec::host_ref> member_called(const spec::scenario& s, std::string_view name) {
  const auto found = spec::find_host(s, name);
  if (!found) return std::nullopt;
  return spec::host_ref{found->host, found->member.value_or(0)};
}

std::string place(const observe::outcome& o, int line) {
  const std::string file = o.file == "-" ? "stdin" : o.file;
  return line > 0 ? fmt::format("{}:{}", file, line) : file;
}

}  // namespace fourtuple::report
