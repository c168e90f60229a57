#include "sim/report/port_budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "sim/report/reading.h"
#include "sim/report/text.h"

namespace fourtuple::report {

namespace {

constexpr double second = 1e9;

bool has_option(const spec::load& l, spec::sockopt wanted) {
  return std::any_of(l.options.begin(), l.options.end(),
                     [&](const auto& o) { return o.option == wanted && o.value.number != 0; });
}

std::optional<double> rate_asked(const spec::load& l) {
  const auto per_second = [](const spec::rate& r) {
    return static_cast<double>(r.count) * second / static_cast<double>(r.per);
  };
  if (l.rate) return per_second(*l.rate);
  std::optional<double> highest;
  for (const auto& stage : l.stages) {
    highest = std::max(highest.value_or(0), per_second(stage.to));
  }
  return highest;
}

void set_range(port_budget& b, const spec::load& l, const spec::host& h) {
  const auto range = h.sysctls.ip_local_port_range;
  b.low = range.low;
  b.high = range.high;
  for (const auto& o : l.options) {
    if (o.option != spec::sockopt::ip_local_port_range) continue;
    const auto low = static_cast<std::uint16_t>(o.value.number & 0xffff);
    const auto high = static_cast<std::uint16_t>((o.value.number >> 16) & 0xffff);
    if (low != 0) b.low = std::max(b.low, low);
    if (high != 0) b.high = std::min(b.high, high);
  }
  if (b.low > b.high) return;
  const profile::port_range mine{b.low, b.high};
  b.ports = mine.size() - h.sysctls.ip_local_reserved_ports.count_in(mine);
}

cure no_limit(std::string name, std::string remark) {
  return {std::move(name), std::nullopt, true, std::move(remark)};
}

}  // namespace

std::uint64_t port_budget::fits() const {
  return ports * sources * (binds_first ? 1 : destinations);
}

duration port_budget::held() const {
  if (!hold) return duration::max();
  const duration after = reuses ? std::min(reuse_after, time_wait) : time_wait;
  return *hold * 100 < after ? after : *hold + after;
}

std::optional<double> port_budget::book_rate() const {
  if (!hold || held() == duration::zero()) return std::nullopt;
  return static_cast<double>(fits()) * second / static_cast<double>(ns(held()));
}

std::optional<port_budget> budget_of(const spec::scenario& s, const spec::app& a) {
  const auto* l = std::get_if<spec::load>(&a.kind);
  if (l == nullptr) return std::nullopt;
  const spec::host& h = s.hosts[a.host.host];
  port_budget b;
  set_range(b, *l, h);
  b.destinations = std::set<endpoint>(l->to.begin(), l->to.end()).size();
  std::set<ip_address> sources;
  for (const auto& e : l->bind) {
    if (e.port != 0) return std::nullopt;
    sources.insert(e.address);
  }
  b.sources = std::max<std::uint64_t>(1, sources.size());
  b.has_no_port = h.profile->ports.has_bind_address_no_port;
  b.binds_first = !l->bind.empty() && !has_option(*l, spec::sockopt::ip_bind_address_no_port);
  b.asked = rate_asked(*l);
  b.hold = l->hold;
  if (l->close == spec::close_by::client) b.time_wait = h.profile->time_wait.length;
  const bool loopback = std::all_of(l->to.begin(), l->to.end(),
                                    [](const endpoint& e) { return e.address.is_loopback(); });
  // bind() never takes over a TIME-WAIT, whatever tcp_tw_reuse says.
  b.reuses =
      !b.binds_first && (h.sysctls.tcp_tw_reuse == 1 || (h.sysctls.tcp_tw_reuse == 2 && loopback));
  b.reuse_after = std::max(h.sysctls.tcp_tw_reuse_delay, duration{1'000'000});
  if (h.profile->time_wait.reuse_clock == profile::tw_reuse_clock::whole_seconds) {
    b.reuse_after = std::chrono::seconds{1};
  }
  return b;
}

std::vector<cure> cures_of(const port_budget& b) {
  std::vector<cure> out;
  const double asked = b.asked.value_or(0);
  const auto add = [&](std::string name, const port_budget& changed, std::string remark) {
    const auto rate = changed.book_rate();
    out.push_back({std::move(name), rate, rate && asked > 0 && *rate >= asked, std::move(remark)});
  };
  if (b.hold && *b.hold > duration::zero() && asked > 0) {
    const double busy = asked * static_cast<double>(ns(*b.hold)) / second;
    const auto size = static_cast<std::uint64_t>(std::ceil(std::max(1.0, busy)));
    out.push_back(
        no_limit(fmt::format("pool of {} kept connections", grouped(size)),
                 fmt::format("{} x {} busy at once", rate_text(asked), time_text(ns(*b.hold)))));
  } else if (b.hold) {
    out.push_back(no_limit("pool: kept connections", "as many as are busy at once"));
  }
  if (!b.reuses && !b.binds_first && b.time_wait > b.reuse_after) {
    port_budget changed = b;
    changed.reuses = true;
    add("net.ipv4.tcp_tw_reuse: 1", changed, "needs timestamps; client side");
  }
  if (b.binds_first && b.has_no_port && b.destinations > 1) {
    port_budget changed = b;
    changed.binds_first = false;
    add("options: [IP_BIND_ADDRESS_NO_PORT]", changed, "a port may serve several destinations");
  }
  if (b.low > 1024 || b.high < 65535) {
    port_budget changed = b;
    changed.ports = 64512;
    add("net.ipv4.ip_local_port_range: \"1024 65535\"", changed, "mind listeners in that range");
  }
  if (const auto now = b.book_rate(); now && *now > 0 && asked > *now) {
    const auto times = static_cast<std::uint64_t>(std::ceil(asked / *now));
    port_budget changed = b;
    if (!b.binds_first) {
      changed.destinations = b.destinations * times;
      add(fmt::format("{} destination addresses", changed.destinations), changed, "");
      changed.destinations = b.destinations;
    }
    changed.sources = b.sources * times;
    add(fmt::format("{} source addresses", changed.sources), changed, "bind: in turn");
  }
  if (b.time_wait > duration::zero()) {
    port_budget changed = b;
    changed.time_wait = {};
    add("close: server", changed, "TIME-WAIT then stays with the server");
    if (!out.back().rate) out.back().enough = true;
  }
  std::stable_partition(out.begin(), out.end(), [](const cure& c) { return c.enough; });
  return out;
}

}  // namespace fourtuple::report
