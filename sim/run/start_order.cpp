#include "sim/run/start_order.h"

#include <algorithm>

namespace fourtuple::run {

namespace {

/// By host and member: its place among all by name.
std::vector<std::vector<std::uint32_t>> places_of(const spec::scenario& s) {
  std::vector<std::vector<std::uint32_t>> places;
  for (const auto& h : s.hosts) places.emplace_back(h.members());
  std::uint32_t place = 0;
  for (const spec::host_ref& each : spec::in_name_order(s))
    places[each.host][each.member] = place++;
  return places;
}

}  // namespace

std::vector<start> start_order(const spec::scenario& s) {
  std::vector<start> all;
  for (std::uint32_t app = 0; app < s.apps.size(); ++app) {
    const spec::host_selection& where = s.apps[app].host;
    const std::uint32_t first = where.member.value_or(0);
    const std::uint32_t end = where.member ? first + 1 : s.hosts[where.host].members();
    for (std::uint32_t member = first; member < end; ++member) all.push_back({app, member});
  }
  if (all.size() < 2) return all;
  const auto places = places_of(s);
  const auto place = [&](const start& each) {
    return places[s.apps[each.app].host.host][each.member];
  };
  std::stable_sort(all.begin(), all.end(),
                   [&](const start& a, const start& b) { return place(a) < place(b); });
  return all;
}

}  // namespace fourtuple::run
