#include "sim/report/history.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/profile/sysctl.h"
#include "sim/report/reading.h"

namespace fourtuple::report {
namespace {

bool sets_a_way(const spec::step& st) {
  return st.call == spec::call::firewall || st.call == spec::call::link ||
         std::any_of(st.steps.begin(), st.steps.end(), sets_a_way);
}
bool sets_a_sysctl(const spec::step& st) {
  return st.call == spec::call::sysctl ||
         std::any_of(st.steps.begin(), st.steps.end(), sets_a_sysctl);
}

/// Whether the file changes any sysctl in the course of the run.
bool sysctls_change(const spec::scenario& s) {
  const auto by_change = [](const spec::change& c) {
    return std::any_of(c.what.begin(), c.what.end(), [](const auto& each) {
      return std::holds_alternative<spec::sysctl_change>(each);
    });
  };
  return std::any_of(s.script.begin(), s.script.end(), sets_a_sysctl) ||
         std::any_of(s.changes.begin(), s.changes.end(), by_change);
}

/// Whether the file changes that app, or any where `one` is null.
bool apps_change(const spec::scenario& s, const spec::app* one = nullptr) {
  const auto is_it = [&](const auto& each) {
    const auto* k = std::get_if<spec::app_change>(&each);
    return k != nullptr && (one == nullptr || s.apps[k->app].name == one->name);
  };
  return std::any_of(s.changes.begin(), s.changes.end(), [&](const spec::change& c) {
    return std::any_of(c.what.begin(), c.what.end(), is_it);
  });
}

void add(const spec::step& st, instant at, history& to) {
  setting out{at, {}, std::nullopt, fmt::format("step {} of the script", st.number)};
  if (st.call == spec::call::link) {
    out.what = spec::link_setting{st.link, st.change};
  } else {
    out.member = st.host.member;
    if (st.call == spec::call::firewall) {
      out.what = spec::firewall_change{st.host.host, st.firewall};
    } else {
      out.what = spec::sysctl_change{st.host.host, st.sysctl_name, st.sysctl_value};
    }
  }
  to.made.push_back(std::move(out));
}

}  // namespace

history history_of(const observe::outcome& o) {
  history out;
  const spec::scenario& s = *o.scenario;
  for (const auto& st : s.script) {
    if (st.call != spec::call::repeat) continue;
    out.all_sysctls = out.all_sysctls && !sets_a_sysctl(st);
    out.all_ways = out.all_ways && !sets_a_way(st);
  }
  if (const observe::value* rows = o.tree.find("script")) {
    for (const auto& row : rows->items) {
      const spec::step& st = s.script[count(row, {"step"}) - 1];
      const bool sets = st.call != spec::call::repeat && (sets_a_way(st) || sets_a_sysctl(st));
      if (sets && text(row, {"result"}) == "ok")
        add(st, instant{duration{number(row, {"at"})}}, out);
    }
  }
  for (const auto& c : s.changes) {
    for (const auto& each : c.what) {
      setting made{instant{c.at}, {}, std::nullopt, "changes:"};
      if (const auto* k = std::get_if<spec::sysctl_change>(&each)) made.what = *k;
      if (const auto* f = std::get_if<spec::firewall_change>(&each)) made.what = *f;
      if (const auto* l = std::get_if<spec::link_setting>(&each)) made.what = *l;
      if (!std::holds_alternative<spec::app_change>(each)) out.made.push_back(std::move(made));
    }
  }
  // Changes come after everything else of their instant.
  std::stable_sort(out.made.begin(), out.made.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
  return out;
}

namespace {

/// False where members of that host have become different and none of them is named.
bool apply_sysctls(spec::scenario& to, const history& past,
                   const std::optional<spec::host_selection>& where, instant at) {
  for (const auto& each : past.made) {
    if (each.at >= at) break;
    const auto* set = std::get_if<spec::sysctl_change>(&each.what);
    if (set == nullptr) continue;
    spec::host& h = to.hosts[set->host];
    if (h.count && each.member) {
      const bool here = where && where->host == set->host;
      if (here && !where->member) return false;
      if (!here || *where->member != *each.member) continue;
    }
    static_cast<void>(profile::set_sysctl(h.sysctls, *h.profile, set->name, set->value));
  }
  return true;
}

void apply_kinds(spec::scenario& to, instant at) {
  for (const auto& c : to.changes) {
    if (instant{c.at} >= at) break;
    for (const auto& each : c.what)
      if (const auto* k = std::get_if<spec::app_change>(&each)) to.apps[k->app].kind = k->kind;
  }
}

}  // namespace

std::shared_ptr<const spec::scenario> scenario_at(const observe::outcome& o,
                                                  std::string_view member, instant at) {
  const bool sysctls = sysctls_change(*o.scenario);
  if (!sysctls && !apps_change(*o.scenario)) return o.scenario;
  const history past = history_of(o);
  if (!past.all_sysctls) return nullptr;
  auto then = std::make_shared<spec::scenario>(*o.scenario);
  if (!apply_sysctls(*then, past, spec::find_host(*o.scenario, member), at)) return nullptr;
  apply_kinds(*then, at);
  return then;
}

bool ports_change(const spec::scenario& s, const spec::app& a) {
  return sysctls_change(s) || apps_change(s, &a);
}

std::uint64_t ports_at_peak(const observe::outcome& o, const std::string& host) {
  const auto* peak_at = find(o.tree, {"hosts", host, "ports", "peak_at"});
  const bool never = peak_at == nullptr || peak_at->is_null();
  if (!sysctls_change(*o.scenario) || never)
    return count(o.tree, {"hosts", host, "ports", "capacity"});
  const auto then = scenario_at(o, host, instant{duration{peak_at->number}});
  const auto where = spec::find_host(*o.scenario, host);
  if (then == nullptr || !where) return 0;
  const profile::sysctls& set = then->hosts[where->host].sysctls;
  return set.ip_local_port_range.size() -
         set.ip_local_reserved_ports.count_in(set.ip_local_port_range);
}

}  // namespace fourtuple::report
