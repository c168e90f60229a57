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

std::uint64_t ports_at_peak(const observe::outcome& o, const std::string& host) {
  const std::uint64_t now = count(o.tree, {"hosts", host, "ports", "capacity"});
  if (!sysctls_change(*o.scenario)) return now;
  const auto where = spec::find_host(*o.scenario, host);
  const auto* peak_at = find(o.tree, {"hosts", host, "ports", "peak_at"});
  const history past = history_of(o);
  const auto of_it = [&](const setting& each) {
    const auto* set = std::get_if<spec::sysctl_change>(&each.what);
    const bool there = set != nullptr && where && set->host == where->host;
    return there && (!each.member || !where->member || *each.member == *where->member);
  };
  const bool changes = std::any_of(past.made.begin(), past.made.end(), of_it);
  if (!past.all_sysctls) return 0;
  if (!changes || peak_at == nullptr || peak_at->is_null()) return now;
  const spec::host& h = o.scenario->hosts[where->host];
  profile::sysctls then = h.sysctls;
  for (const auto& each : past.made) {
    if (ns(each.at) >= peak_at->number) break;
    if (!of_it(each)) continue;
    const auto& set = std::get<spec::sysctl_change>(each.what);
    static_cast<void>(profile::set_sysctl(then, *h.profile, set.name, set.value));
  }
  const auto& range = then.ip_local_port_range;
  return range.size() - then.ip_local_reserved_ports.count_in(range);
}

}  // namespace fourtuple::report
