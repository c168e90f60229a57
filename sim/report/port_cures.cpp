#include "sim/report/port_cures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "sim/report/text.h"

namespace fourtuple::report {

namespace {

constexpr double second = 1e9;

/// Connections that are busy at once at most. A pool's requests wait where they are even and one
/// comes just as another ends; a proxy keeps each upstream's connections apart.
std::uint64_t busy_at_once(const port_budget& b, duration each) {
  if (b.proxied) {
    const std::uint64_t all = most_at_once(b.streams, each);
    return (all + b.destinations - 1) / b.destinations * b.destinations;
  }
  const double mean = *b.asked() * static_cast<double>(ns(each)) / second;
  if (any_random(b.streams)) return most_of_random(mean);
  return static_cast<std::uint64_t>(std::ceil(std::max(1.0, mean)));
}

/// Connections that are kept leave no TIME-WAIT, and have the ports of those for themselves.
std::uint64_t surely_kept(port_budget b) {
  b.kept_time_waits = 0;
  return b.surely_fits();
}

cure kept_connections(const port_budget& b) {
  const duration each = b.busy.value_or(*b.hold);
  const double asked = b.asked().value_or(0);
  cure c;
  c.enough = true;
  if (each > duration::zero() && asked > 0) {
    const std::uint64_t busy = busy_at_once(b, each);
    c.name = b.proxied ? fmt::format("keepalive: {} or more", grouped(busy))
                       : fmt::format("pool of {} kept connections", grouped(busy));
    c.remark = fmt::format("{} x {} busy at once", rate_text(asked), time_text(ns(each)));
    if (busy > surely_kept(b)) {
      c.room = surely_kept(b);
      c.enough = false;
    }
  } else {
    c.name = b.proxied ? "a larger keepalive" : "pool: kept connections";
    c.remark = "as many as are busy at once";
  }
  if (b.pause) {
    const std::string longer = "upstream_idle_timeout above " + time_text(ns(*b.pause));
    c.name = b.streams.empty() ? longer : c.name + " and an " + longer;
    c.remark = "kept connections are closed before the next request";
  }
  return c;
}

/// Collects cures, each a budget that has been changed.
class collector {
 public:
  explicit collector(const port_budget& now) : now_(now) {}

  void add(std::string name, const port_budget& changed, std::string remark = {}) {
    cure c{std::move(name), changed.kernel_rate(), std::nullopt, false, std::move(remark)};
    if (!changed.hold) {
      c.room = changed.fits();
      if (*c.room <= now_.fits()) return;
      c.enough = !now_.in_all || static_cast<double>(*c.room) >= *now_.in_all;
    } else if (c.rate) {
      if (const auto before = now_.kernel_rate(); before && *c.rate <= *before) return;
      c.enough = now_.streams.empty() || changed.should_do();
      c.perhaps = !c.enough && changed.may_do();
    } else {
      c.enough = true;
    }
    all.push_back(std::move(c));
  }

  std::vector<cure> all;

 private:
  const port_budget& now_;
};

void add_reuse(collector& to, const port_budget& b) {
  if (b.reuses() || b.binds_first || !b.left_open_by.empty() || b.time_wait <= b.reuse_after)
    return;
  port_budget changed = b;
  changed.tw_reuse = changed.timestamps = true;
  std::string name = b.tw_reuse ? "" : "net.ipv4.tcp_tw_reuse: 1";
  if (!b.timestamps)
    name += std::string(name.empty() ? "" : " and ") + "net.ipv4.tcp_timestamps: 1 at both ends";
  to.add(name, changed, b.timestamps ? "needs timestamps; client side" : "");
}

/// The longest FIN-WAIT-2 that does.
void add_fin_timeout(collector& to, const port_budget& b) {
  if (b.left_open_by.empty() || b.streams.empty()) return;
  constexpr std::chrono::seconds shortest{5};  // a slow path prolongs what is below
  port_budget changed = b;
  changed.time_wait = std::chrono::floor<std::chrono::seconds>(b.time_wait);
  while (changed.time_wait > shortest && !changed.should_do())
    changed.time_wait -= std::chrono::seconds{1};
  if (changed.time_wait == b.time_wait || !changed.should_do()) return;
  to.add(fmt::format("net.ipv4.tcp_fin_timeout: {}", changed.time_wait / std::chrono::seconds{1}),
         changed, "client side");
}

void add_range(collector& to, const port_budget& b) {
  port_budget changed = b;
  if (b.ports < b.ports_of_host) {
    changed.ports = b.ports_of_host;
    to.add("no option IP_LOCAL_PORT_RANGE", changed, "the host's own range");
  } else if (b.low > 1024 || b.high < 65535) {
    changed.ports = b.ports_of_widest;
    changed.passed_over = 0;
    to.add("net.ipv4.ip_local_port_range: \"1024 65535\"", changed, "mind listeners in that range");
  }
}

bool suffices(const port_budget& b) {
  if (b.hold) return b.streams.empty() || b.should_do();
  return !b.in_all || static_cast<double>(b.fits()) >= *b.in_all;
}

/// As many times as many as now as it takes, of destinations or sources; 0: that many do not help.
std::uint64_t times_more(const port_budget& b, std::uint64_t port_budget::*addresses) {
  constexpr std::uint64_t most = 10'000;
  for (std::uint64_t factor = 2; factor <= most; ++factor) {
    port_budget changed = b;
    changed.*addresses = b.*addresses * factor;
    if (changed.fits() > b.fits() && suffices(changed)) return factor;
  }
  return 0;
}

/// More addresses, as many times as now as it takes; `b` is what they begin from.
void add_more(collector& to, const port_budget& b, std::uint64_t port_budget::*addresses,
              const char* what, std::string remark) {
  const std::uint64_t factor = times_more(b, addresses);
  if (factor == 0) return;
  port_budget changed = b;
  changed.*addresses = b.*addresses * factor;
  to.add(fmt::format("{} {} addresses", changed.*addresses, what), changed, std::move(remark));
}

/// A bind() takes the port too, which then serves one destination only and whose TIME-WAIT nobody
/// takes over, unless it leaves the choice of the port to connect().
void add_sources(collector& to, const port_budget& b) {
  port_budget bound = b;
  std::string remark = "bind: in turn";
  if (!b.binds && b.has_no_port && (b.destinations > 1 || b.reuses())) {
    remark += ", options: [IP_BIND_ADDRESS_NO_PORT]";
  } else if (!b.binds) {
    bound.binds_first = true;
  }
  add_more(to, bound, &port_budget::sources, "source", std::move(remark));
}

void add_addresses(collector& to, const port_budget& b) {
  if (!b.binds_first) add_more(to, b, &port_budget::destinations, "destination", "");
  add_sources(to, b);
}

/// Who hears nothing may give up sooner.
void add_timeout(collector& to, const port_budget& b) {
  const double each = static_cast<double>(b.fits()) / *b.asked() * second;
  if (each >= static_cast<double>(ns(*b.hold))) return;
  to.all.push_back({fmt::format("timeout: below {}", time_text(static_cast<std::int64_t>(each))),
                    std::nullopt, std::nullopt, true, "silence then holds no port for longer"});
}

std::vector<cure> cures_of_silence(const port_budget& b) {
  if (!b.hold || b.streams.empty()) return {};
  collector found(b);
  add_timeout(found, b);
  add_range(found, b);
  return found.all;
}

/// Its server closes first.
void add_close(collector& to, const port_budget& b) {
  if (!b.left_open_by.empty() && !b.may_close) return;
  port_budget changed = b;
  changed.time_wait = changed.late = {};
  std::string name = b.proxied ? "close: after_reply upstream" : "close: server";
  if (!b.proxied && !b.left_open_by.empty())
    name += fmt::format(", and close: after_reply on {}", b.left_open_by);
  to.add(std::move(name), changed, "TIME-WAIT then stays with the server");
}

}  // namespace

std::vector<cure> cures_of(const port_budget& b) {
  if (b.unanswered) return cures_of_silence(b);
  if (b.should_do()) return {};
  collector found(b);
  if (b.hold) found.all.push_back(kept_connections(b));
  if (b.hold) add_reuse(found, b);
  if (b.hold) add_fin_timeout(found, b);
  if (b.binds_first && b.has_no_port) {
    port_budget changed = b;
    changed.binds_first = false;
    found.add("options: [IP_BIND_ADDRESS_NO_PORT]", changed,
              changed.reuses() ? "TIME-WAITs may be taken over then"
                               : "a port may serve several destinations");
  }
  add_range(found, b);
  add_addresses(found, b);
  if (b.hold && b.time_wait > duration::zero() && !b.closes_on_reply) add_close(found, b);
  std::stable_sort(found.all.begin(), found.all.end(), [](const cure& one, const cure& other) {
    return std::pair(!one.enough, !one.perhaps) < std::pair(!other.enough, !other.perhaps);
  });
  return found.all;
}

}  // namespace fourtuple::report
