#include "sim/report/room.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

#include "sim/report/history.h"
#include "sim/report/port_budget.h"
#include "sim/report/reading.h"
#include "sim/report/text.h"

namespace fourtuple::report {

namespace {

/// Whether it opens TCP connections from ports that the kernel chooses. A scan has a first line of
/// its own.
bool takes_ports(const spec::app& a) {
  if (std::holds_alternative<spec::udp_client>(a.kind)) return false;
  const auto* binds = binds_of(a);
  const bool fixed = binds != nullptr && std::any_of(binds->begin(), binds->end(),
                                                     [](const endpoint& e) { return e.port != 0; });
  return !fixed && !destinations_of(a).empty();
}

/// Pairs of source and destination, each of which has all ports of the range for itself.
struct port_sets {
  std::set<std::pair<ip_address, endpoint>> pairs;
  std::uint64_t more = 0;  ///< of apps that have too many to ask whether another has the same

  [[nodiscard]] std::uint64_t size() const { return pairs.size() + more; }
};
constexpr std::size_t most_compared = 10'000;

/// Pairs of source and destination of an app, which takes both in turn; its sources alone where it
/// binds first.
void add_sets(port_sets& to, const spec::scenario& s, const spec::app& a) {
  const auto destinations = destinations_of(a);
  const auto* binds = binds_of(a);
  const std::size_t sources = binds == nullptr || binds->empty() ? 1 : binds->size();
  const bool alone = binds_first(a);
  const std::size_t turns = alone ? sources : std::lcm(destinations.size(), sources);
  if (turns > most_compared) {
    to.more += turns;
    return;
  }
  for (std::size_t k = 0; k < turns; ++k) {
    const endpoint& e = destinations[k % destinations.size()];
    const auto own =
        spec::first_address(s.hosts[a.host.host], a.host.member.value_or(0), e.address.family);
    const bool bound = binds != nullptr && !binds->empty();
    to.pairs.insert(
        {bound ? (*binds)[k % sources].address : own.value_or(e.address), alone ? endpoint{} : e});
  }
}

/// Whether a connect() of an app beside it takes over old TIME-WAITs, and there were any.
bool takes_over(const observe::outcome& o, const spec::app& a) {
  if (count(o.tree, {"hosts", host_of(*o.scenario, a), "time_wait", "peak"}) == 0) return false;
  return std::any_of(o.scenario->apps.begin(), o.scenario->apps.end(), [&](const spec::app& each) {
    if (!runs_beside(a, each) || !takes_ports(each)) return false;
    const auto b = budget_at_end(o, each);
    return b && b->reuses() && b->time_wait > b->reuse_after;
  });
}

/// The ports of an app's host, which all apps there use.
room tcp_room(const observe::outcome& o, const spec::app& a) {
  const std::string host = host_of(*o.scenario, a);
  port_sets all;
  bool all_bind_first = true;
  for (const auto& each : o.scenario->apps) {
    if (!runs_beside(a, each) || !takes_ports(each)) continue;
    add_sets(all, *o.scenario, each);
    all_bind_first = all_bind_first && binds_first(each);
  }
  // To several destinations a port serves several connections.
  const bool tuples = all.size() > 1 && !all_bind_first;
  const std::uint64_t used =
      count(o.tree, {"hosts", host, "ports", tuples ? "tuples_peak" : "peak"});
  const std::uint64_t of = ports_at_peak(o, host) * all.size();
  return {
      fmt::format("{} used {} {} of {}{}", host, grouped(used), tuples ? "four-tuples" : "ports",
                  grouped(of), used > of ? " an address" : ""),
      used, of, takes_over(o, a)};
}

std::optional<room> udp_room(const observe::outcome& o, const spec::app& a) {
  if (!std::holds_alternative<spec::udp_client>(a.kind)) return std::nullopt;
  const std::string host = host_of(*o.scenario, a);
  const auto then =
      scenario_at(o, host, at_ns(number(o.tree, {"hosts", host, "ports", "udp", "peak_at"})));
  if (then == nullptr) return std::nullopt;
  const auto p =
      datagram_ports_of(*then, then->apps[static_cast<std::size_t>(&a - o.scenario->apps.data())]);
  if (!p) return std::nullopt;
  const auto used = count(o.tree, {"hosts", host, "ports", "udp", "peak"});
  return room{fmt::format("{} used {} UDP ports of {}", host, grouped(used), grouped(p->ports)),
              used, p->ports, false};
}

}  // namespace

room tightest_room(const observe::outcome& o) {
  room best;
  const auto consider = [&](room r) {
    if (r.of > 0 && (best.of == 0 || r.share() > best.share())) best = std::move(r);
  };
  std::set<spec::host_selection> known;
  for (const auto& a : o.scenario->apps) {
    if (takes_ports(a) && known.insert(a.host).second) consider(tcp_room(o, a));
    if (auto udp = udp_room(o, a)) consider(std::move(*udp));
    const std::uint64_t used = count(o.tree, {"apps", a.name, "fds", "peak"});
    const std::uint64_t limit = count(o.tree, {"apps", a.name, "fds", "limit"});
    consider({fmt::format("{} used {} descriptors of {}", a.name, grouped(used), grouped(limit)),
              used, limit, false});
  }
  return best;
}

}  // namespace fourtuple::report
