#include "sim/report/pool_ports.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/report/history.h"
#include "sim/report/port_budget.h"
#include "sim/report/port_text.h"
#include "sim/report/text.h"

namespace fourtuple::report {

namespace {

using remarks = std::vector<remark>;

/// The ports that a load in the place of this client would have; it closes its connections itself.
template <class Client>
std::optional<port_budget> ports_of(const spec::scenario& s, const spec::app& a, const Client& c) {
  spec::load same;
  same.to = c.to;
  same.options = c.options;
  if constexpr (requires { c.bind; }) same.bind = c.bind;
  spec::app in_its_place = a;
  in_its_place.kind = std::move(same);
  return budget_of(s, in_its_place);
}

/// Whether another app of the host has connections to the same place.
bool shares_ports(const spec::scenario& s, const spec::app& a) {
  const auto mine = destinations_of(a);
  return std::any_of(s.apps.begin(), s.apps.end(), [&](const spec::app& other) {
    const bool udp = std::holds_alternative<spec::udp_client>(other.kind);
    if (&other == &a || udp || !runs_beside(a, other)) return false;
    const auto theirs = destinations_of(other);
    return std::find_first_of(theirs.begin(), theirs.end(), mine.begin(), mine.end()) !=
           theirs.end();
  });
}

/// Whether the server leaves it to its client to end a connection.
bool server_leaves_open(const spec::scenario& s, const app_failure& f) {
  const spec::app* server = f.to ? listener_at(s, *f.to) : nullptr;
  const auto* e = server == nullptr ? nullptr : std::get_if<spec::echo_server>(&server->kind);
  return e != nullptr && !e->idle_timeout && e->close.kind == spec::server_close::when::peer;
}

/// Of one source and one destination: whichever of them connections go to, so many have a port.
std::uint64_t ports_of_pair(const port_budget& b) { return b.surely_fits() / b.pairs(); }

bool may_be_widened(const port_budget& b) {
  return b.ports == b.ports_of_host && b.ports < b.ports_of_widest;
}

constexpr const char* widest = "net.ipv4.ip_local_port_range: \"1024 65535\"";

/// What a pool that renews its connections takes of its ports.
class renewals {
 public:
  renewals(const spec::pool& p, const port_budget& b) : p_(p), b_(b) {}

  /// No connection ends before.
  [[nodiscard]] duration shortest_life() const {
    return std::min(p_.max_lifetime.value_or(duration::max()),
                    p_.idle_timeout.value_or(duration::max()));
  }
  /// Enough ports whatever happens, where each is kept for `after` when its connection has ended.
  [[nodiscard]] bool fit(std::uint64_t ports, duration after) const {
    const duration life = std::max(shortest_life(), duration{1});
    const auto ended = static_cast<std::uint64_t>((after + life - duration{1}) / life);
    return p_.size * (1 + ended) <= ports;
  }
  /// The shortest max_lifetime with which the ports suffice; nothing: none does.
  [[nodiscard]] std::optional<duration> lifetime_that_does() const {
    const std::uint64_t ended = ports_of_pair(b_) / p_.size;  // and one that is open
    if (ended < 2) return std::nullopt;
    constexpr duration step{100'000'000};
    const duration least = after() / static_cast<std::int64_t>(ended - 1) + duration{1};
    return (least + step - duration{1}) / step * step;
  }
  [[nodiscard]] duration after() const { return b_.time_wait + b_.late; }

 private:
  const spec::pool& p_;
  const port_budget& b_;
};

/// What ends the pool's connections; empty: nothing of its own.
std::string what_ends(const spec::pool& p) {
  std::string out;
  if (p.max_lifetime) out = "max_lifetime: " + time_text(ns(*p.max_lifetime));
  if (p.idle_timeout)
    out += (out.empty() ? "" : " and ") + ("idle_timeout: " + time_text(ns(*p.idle_timeout)));
  return out + (p.max_lifetime && p.idle_timeout ? " end them" : " ends them");
}

double needed_per_second(const spec::app& a, const app_failure& f) {
  return static_cast<double>(f.attempt - 1) * 1e9 / static_cast<double>(f.at - ns(a.start));
}

/// "net.ipv4.tcp_tw_reuse: 1, perhaps not enough (needs timestamps; client side)"
std::string cure_text(std::string what, bool enough, std::string_view remark) {
  return what + (enough ? "" : ", perhaps not enough") + fmt::format(" ({})", remark);
}

remarks renewal_cures(const spec::app& a, const app_failure& f, const spec::pool& p,
                      const port_budget& b) {
  const renewals r(p, b);
  std::vector<std::string> texts;
  const bool all_fit = p.size <= ports_of_pair(b);
  const bool both = p.max_lifetime && p.idle_timeout;
  const auto longer = r.lifetime_that_does();
  if (p.max_lifetime && longer) {
    texts.push_back(
        fmt::format("max_lifetime: {} or more{} ({} connections and their TIME-WAITs "
                    "fit then)",
                    time_text(ns(*longer)), both ? ", and no idle_timeout" : "", grouped(p.size)));
  }
  if (all_fit) {
    texts.push_back(fmt::format("no {}: no limit from ports ({} kept connections)",
                                both             ? "idle_timeout and no max_lifetime"
                                : p.max_lifetime ? "max_lifetime"
                                                 : "idle_timeout",
                                grouped(p.size)));
  }
  if (!b.reuses() && !b.binds_first && b.timestamps && b.time_wait > b.reuse_after) {
    texts.push_back(cure_text("net.ipv4.tcp_tw_reuse: 1", r.fit(ports_of_pair(b), b.reuse_after),
                              "needs timestamps; client side"));
  }
  const double held = needed_per_second(a, f) * static_cast<double>(ns(b.time_wait)) / 1e9;
  if (may_be_widened(b) && held < static_cast<double>(b.ports_of_widest)) {
    texts.push_back(
        cure_text(widest, r.fit(b.ports_of_widest, r.after()), "mind listeners in that range"));
  }
  remarks out;
  for (auto& text : texts) out.push_back({out.empty() ? "cures" : "", std::move(text)});
  return out;
}

/// More connections than ports, whatever ends when. `key` says how many they are.
remarks too_many(const spec::app& a, const app_failure& f, const port_budget& b,
                 std::uint64_t connections, std::string_view key, std::string_view what) {
  const std::string to =
      b.destinations > 1 ? fmt::format(" to {} destinations", b.destinations) : "";
  remarks out{
      {"why", fmt::format("{} ports (range {}-{}) per destination, and {} {} {} "
                          "connections at once{}",
                          grouped(b.ports), b.low, b.high, a.name, what, grouped(connections), to)},
      {"cures", fmt::format("{}: {} or fewer", key, grouped(b.surely_fits()))}};
  if (may_be_widened(b) && connections <= b.ports_of_widest * b.pairs()) {
    out.push_back({"", fmt::format("{}: {} at one time (mind listeners in that range)", widest,
                                   grouped(b.ports_of_widest * b.pairs()))});
  }
  const std::uint64_t each = ports_of_pair(b);
  if (each > 0 && b.sources == 1 && !b.binds_first) {
    const std::uint64_t needed = (connections + each - 1) / each;
    out.push_back({"", fmt::format("{} destination addresses: {} at one time", needed,
                                   grouped(needed * each))});
  }
  if (f.to) {
    out.push_back(
        {"check", fmt::format("ss -tan state established dport = :{} | wc -l", f.to->port)});
  }
  return out;
}

remarks echo_explanation(const spec::scenario& then, const app_failure& f,
                         const spec::echo_client& e) {
  const spec::app& a = then.apps[f.app];
  const auto b = ports_of(then, a, e);
  if (!b || e.connections <= b->fits() || shares_ports(then, a)) return {};
  return too_many(a, f, *b, e.connections, "connections", "opens");
}

remarks pool_explanation(const observe::outcome& o, const spec::scenario& then,
                         const app_failure& f, const spec::pool& p) {
  const spec::app& a = then.apps[f.app];
  auto b = ports_of(then, a, p);
  const bool renewed = p.max_lifetime || p.idle_timeout;
  const bool waits = count(o.tree, {"hosts", f.member, "time_wait", "peak"}) > 0;
  if (b && !renewed && p.size > b->fits() && !shares_ports(then, a) && server_leaves_open(then, f))
    return too_many(a, f, *b, p.size, "size", "keeps up to");
  if (!b || !renewed || !waits || f.at <= ns(a.start) || f.attempt < 2) return {};
  // How long a connection that is ended when idle was open nobody knows.
  b->hold = p.idle_timeout ? duration{} : *p.max_lifetime;
  remarks out{{"why", budget_text(*b)},
              {"", fmt::format("{} needed more than {} connections in its first {} ({}), as {}",
                               a.name, grouped(f.attempt - 1), time_text(f.at - ns(a.start)),
                               rate_text(needed_per_second(a, f)), what_ends(p))}};
  const bool known =
      b->time_wait > duration::zero() && !shares_ports(then, a) && server_leaves_open(then, f);
  if (known) {
    for (auto& each : renewal_cures(a, f, p, *b)) out.push_back(std::move(each));
  }
  if (f.to && b->time_wait > duration::zero()) {
    out.push_back(
        {"check", fmt::format("ss -tan state time-wait dport = :{} | wc -l", f.to->port)});
  }
  return out;
}

}  // namespace

std::vector<remark> kept_ports_explanation(const observe::outcome& o, const app_failure& f) {
  const auto then = scenario_at(o, f.member, at_ns(f.at));
  if (then == nullptr) return {};
  const auto& kind = then->apps[f.app].kind;
  if (const auto* p = std::get_if<spec::pool>(&kind)) return pool_explanation(o, *then, f, *p);
  if (const auto* e = std::get_if<spec::echo_client>(&kind)) return echo_explanation(*then, f, *e);
  return {};
}

}  // namespace fourtuple::report
