// hosts.NAME of the result tree.
#include <algorithm>

#include "sim/observe/tree.h"

namespace fourtuple::observe {

namespace {

using members_of_host = std::span<const host_metrics>;

/// `now` adds; the peak is the largest member's, of equal ones the earliest.
template <class Gauge>
gauge combined(members_of_host all, Gauge gauge_of) {
  gauge out = gauge_of(all.front());
  out.now = 0;
  for (const auto& h : all) {
    const gauge& g = gauge_of(h);
    out.now += g.now;
    if (g.peak > out.peak || (g.peak == out.peak && g.peak_at < out.peak_at)) {
      out.peak = g.peak;
      out.peak_at = g.peak_at;
    }
  }
  return out;
}

void add_gauge(value& out, const gauge& g) {
  out.set("now", g.now);
  out.set("peak", g.peak);
  out.set("peak_at", g.peak_at);
}

value ports_of(members_of_host all, port_usage host_metrics::*protocol) {
  const port_usage& first = all.front().*protocol;
  value range = value::list();
  range.push(std::uint32_t{first.low});
  range.push(std::uint32_t{first.high});
  std::uint64_t tuples = 0;
  for (const auto& h : all) tuples = std::max(tuples, (h.*protocol).tuples_peak);
  value out = value::map();
  out.set("range", std::move(range));
  out.set("capacity", first.capacity);
  add_gauge(out, combined(all, [&](const host_metrics& h) -> const gauge& {
              return (h.*protocol).ports;
            }));
  out.set("tuples_peak", tuples);
  return out;
}

value time_wait_of(members_of_host all) {
  value out = value::map();
  add_gauge(out, combined(all, [](const host_metrics& h) -> const gauge& { return h.time_wait; }));
  std::uint64_t reused = 0;
  for (const auto& h : all) reused += h.time_wait_reused;
  out.set("reused", reused);
  return out;
}

/// By name, zeros included.
value nstat_of(members_of_host all) {
  using sum = std::pair<std::string_view, std::uint64_t>;
  std::vector<sum> sums;
  for (const auto name : spec::nstat_names()) sums.emplace_back(name, 0);
  std::sort(sums.begin(), sums.end());
  for (const auto& h : all) {
    for (const auto& [name, n] : h.nstat) {
      auto here =
          std::lower_bound(sums.begin(), sums.end(), name,
                           [](const sum& s, std::string_view wanted) { return s.first < wanted; });
      if (here == sums.end() || here->first != name) here = sums.insert(here, {name, 0});
      here->second += n;
    }
  }
  value out = value::map();
  out.members.reserve(sums.size());
  for (const auto& [name, n] : sums) out.members.push_back({std::string(name), n});  // once each
  return out;
}

}  // namespace

value host_value(members_of_host all) {
  value out = value::map();
  value& ports = out.set("ports", ports_of(all, &host_metrics::tcp));
  ports.set("udp", ports_of(all, &host_metrics::udp));
  out.set("time_wait", time_wait_of(all));
  value& sockets = out.set("sockets", value::map());
  for (std::size_t i = 0; i < state_names.size(); ++i) {
    std::uint64_t n = 0;
    for (const auto& h : all) n += h.sockets[i];
    sockets.set(state_names[i], n);
  }
  out.set("nstat", nstat_of(all));
  return out;
}

}  // namespace fourtuple::observe
