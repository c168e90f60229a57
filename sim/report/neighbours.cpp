#include "sim/report/neighbours.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "sim/report/reading.h"

namespace fourtuple::report {

namespace {

// Beyond these nobody says what all of a host's clients ask for together.
constexpr int most_looked_at = 1'000;
constexpr std::size_t most_together = 100;

/// Ports that the servers of one host listen on.
class listened_ports {
 public:
  void add(const profile::port_range& r) {
    for (std::uint32_t port = r.low; port <= r.high; ++port) in_[port] = true;
  }
  /// Of a range, without those that are reserved.
  [[nodiscard]] std::uint64_t count_in(const spec::host& h, std::uint32_t low,
                                       std::uint32_t high) const {
    std::uint64_t found = 0;
    for (std::uint32_t port = low; port <= high; ++port) {
      const auto p = static_cast<std::uint16_t>(port);
      if (in_[port] && h.sysctls.ip_local_reserved_ports.count_in({p, p}) == 0) ++found;
    }
    return found;
  }

 private:
  std::vector<bool> in_ = std::vector<bool>(65536);
};

/// What a TCP server listens on; nothing for other apps.
std::vector<profile::port_range> listened(const spec::app& a) {
  if (const auto* l = std::get_if<spec::listener>(&a.kind)) return l->ports;
  if (const auto* e = std::get_if<spec::echo_server>(&a.kind))
    return {{e->listen.port, e->listen.port}};
  if (const auto* p = std::get_if<spec::proxy>(&a.kind)) return {{p->listen.port, p->listen.port}};
  return {};
}

/// The part of other apps' connections that need a port which the app could have too.
class sharing {
 public:
  explicit sharing(const spec::app& a) : bound_(binds_first(a)) {
    for (const auto& e : bound_ ? *binds_of(a) : destinations_of(a)) known_.insert(e);
  }
  [[nodiscard]] double part_of(const spec::app& other) const {
    const auto* binds = binds_of(other);
    const bool named = binds != nullptr && !binds->empty();
    if (named != bound_) return 0;
    const auto theirs = bound_ ? *binds : destinations_of(other);
    if (theirs.empty()) return 0;
    const auto shared = std::count_if(theirs.begin(), theirs.end(),
                                      [&](const endpoint& e) { return known_.contains(e); });
    return static_cast<double>(shared) / static_cast<double>(theirs.size());
  }

 private:
  bool bound_;
  std::set<endpoint> known_;
};

duration plus(duration a, duration b) { return a > duration::max() - b ? duration::max() : a + b; }

/// When a client opens connections.
struct period {
  duration from{};
  duration until = duration::max();
};

/// How long the connections of its limit take to begin.
duration length_of(const spec::load& l) {
  duration stages{};
  for (const auto& stage : l.stages) stages += stage.length;
  if (!l.stages.empty()) return stages;
  // Where the rate changes, or attempts are made again, that is not known.
  const bool known = l.limit && l.rate && l.rate_changes.empty() && l.retry.retries == 0;
  if (!known) return duration::max();
  const double attempts = l.arrivals == spec::arrival_kind::poisson
                              ? static_cast<double>(most_of_random(static_cast<double>(*l.limit)))
                              : static_cast<double>(*l.limit);
  const double length = attempts / per_second(*l.rate) * 1e9;
  return length < 1e18 ? duration{static_cast<std::int64_t>(length)} : duration::max();
}

period period_of(const spec::scenario& s, const spec::app& a) {
  period p{a.start, a.stop.value_or(duration::max())};
  if (s.duration) p.until = std::min(p.until, *s.duration);
  if (const auto* l = std::get_if<spec::load>(&a.kind))
    p.until = std::min(p.until, plus(a.start, length_of(*l)));
  return p;
}

/// How long its ports are held at most after it has opened the last of them; the eighth part is for
/// timers that end late.
duration lingers(const spec::scenario& s, const spec::app& a, const spec::load& l) {
  const duration time_wait = s.hosts[a.host.host].profile->time_wait.length;
  const duration after = l.close == spec::close_by::client ? time_wait + time_wait / 8 : duration{};
  return plus(l.hold.value_or(duration::max()), after);
}

/// Connections that a client opens and never closes while the other runs; 0: it closes them, or
/// nobody knows how many they are.
std::uint64_t kept_for_ever(const spec::scenario& s, const spec::app& a) {
  if (a.stop) return 0;
  if (const auto* e = std::get_if<spec::echo_client>(&a.kind))
    return e->messages == 0 ? e->connections : 0;
  const auto* l = std::get_if<spec::load>(&a.kind);
  if (l == nullptr || l->hold || !l->limit) return 0;
  const bool all = length_of(*l) != duration::max() &&
                   plus(a.start, length_of(*l)) <= s.duration.value_or(duration::max());
  return all ? *l->limit : 0;
}

/// What one load asks for, and when.
struct asking {
  const spec::app* who;
  stream what;
  period when;

  [[nodiscard]] bool at(duration t) const { return when.from <= t && t < when.until; }
  [[nodiscard]] double rate() const { return what.rate * static_cast<double>(what.members); }
};

double rate_at(const std::vector<asking>& all, duration t) {
  double sum = 0;
  for (const auto& each : all)
    if (each.at(t)) sum += each.rate();
  return sum;
}

/// Of the loads, of which the first is the app itself, those that ask for the most at one time.
void set_streams(port_budget& b, const std::vector<asking>& all) {
  duration when = all.front().when.from;
  double highest = rate_at(all, when);
  for (const auto& each : all) {
    const double rate = rate_at(all, each.when.from);
    if (rate <= highest) continue;
    highest = rate;
    when = each.when.from;
  }
  if (!all.front().at(when)) b.own_rate = all.front().rate();
  b.streams.clear();
  for (const auto& each : all) {
    const bool self = &each == &all.front();
    if (each.at(when)) {
      b.streams.push_back(each.what);
      if (!self) b.shared_with.push_back(each.who->name);
    } else if (!self && each.when.from < all.front().when.from) {
      b.after.push_back(each.who->name);
    }
  }
}

}  // namespace

std::optional<double> rate_asked(const spec::load& l) {
  if (l.rate) return highest_rate(l, per_second(*l.rate));
  std::optional<double> highest;
  for (const auto& stage : l.stages) {
    highest = std::max(highest.value_or(0), per_second(stage.to));
  }
  return highest;
}

void leave_out_listened(port_budget& b, const spec::scenario& s, const spec::app& a) {
  const spec::host& h = s.hosts[a.host.host];
  const duration until = period_of(s, a).until;
  listened_ports taken;
  bool any = false;
  for (const auto& other : s.apps) {
    if (!runs_beside(a, other) || other.stop || other.start >= until) continue;
    bool here = false;
    for (const auto& r : listened(other)) {
      taken.add(r);
      any = true;
      here = here || (r.low <= b.high && r.high >= b.low);
    }
    if (here) b.listeners.push_back(other.name);
  }
  if (!any) return;
  const auto range = h.sysctls.ip_local_port_range;
  b.listened = taken.count_in(h, b.low, b.high);
  b.ports -= std::min(b.ports, b.listened);
  b.ports_of_host -= std::min(b.ports_of_host, taken.count_in(h, range.low, range.high));
  b.ports_of_widest -= taken.count_in(h, 1024, 65535);
}

void add_holder(port_budget& b, const spec::app& a, const spec::app& other, std::uint64_t count) {
  const double shared = sharing(a).part_of(other) * static_cast<double>(count);
  if (shared <= 0) return;
  b.held_open += static_cast<std::uint64_t>(std::ceil(shared));
  b.holders.push_back(other.name);
}

void add_neighbours(port_budget& b, const spec::scenario& s, const spec::app& a) {
  const period mine = period_of(s, a);
  const sharing with(a);
  std::vector<asking> all;
  const bool is_load = std::holds_alternative<spec::load>(a.kind);
  if (is_load && !b.streams.empty()) all.push_back({&a, b.streams.front(), mine});
  int looked_at = 0;
  for (const auto& other : s.apps) {
    const auto* l = std::get_if<spec::load>(&other.kind);
    const bool may_hold = l != nullptr || std::holds_alternative<spec::echo_client>(other.kind);
    if (!may_hold || &other == &a || !runs_beside(a, other)) continue;
    if (++looked_at > most_looked_at || all.size() > most_together) {
      b.streams.clear();
      return;
    }
    const period theirs = period_of(s, other);
    if (theirs.from >= mine.until) continue;
    if (const std::uint64_t kept = kept_for_ever(s, other); kept > 0) {
      add_holder(b, a, other, kept);
      continue;
    }
    if (l == nullptr || all.empty()) continue;
    const double rate = rate_asked(*l).value_or(0) * with.part_of(other);
    if (rate <= 0 || plus(theirs.until, lingers(s, other, *l)) <= mine.from) continue;
    all.push_back({&other, stream_of(*l, rate), theirs});
  }
  if (all.size() > 1) set_streams(b, all);
}

}  // namespace fourtuple::report
