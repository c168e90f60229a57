#include "sim/report/obstacle.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <variant>
#include <vector>

#include "sim/filter/rules.h"
#include "sim/net/topology.h"

namespace fourtuple::report {
namespace {

using rule = firewall_rule;

/// When its first packet left: before a time-out the app waited that long.
duration sent_at(const spec::app& a, const app_failure& f) {
  std::optional<duration> waited;
  const auto wait_of = [&](const auto& kind) {
    if constexpr (requires { kind.timeout; }) waited = kind.timeout;
  };
  if (f.error == "timeout") std::visit(wait_of, a.kind);
  return std::max(duration{f.at} - waited.value_or(duration{}), duration{});
}

/// Steps of a script are made at instants that the file does not name.
bool script_changes_ways(const spec::scenario& s) {
  return std::any_of(s.script.begin(), s.script.end(), [](const spec::step& st) {
    return st.call == spec::call::firewall || st.call == spec::call::link ||
           st.call == spec::call::repeat;
  });
}

/// Hosts and links as `changes:` have left them at an instant.
class settings {
 public:
  settings(const spec::scenario& s, duration at)
      : s_(s), order_(spec::in_name_order(s)), links_(s) {
    for (const auto& h : s.hosts) rules_.emplace_back(h.firewall);
    for (const auto& c : s.changes) {
      if (c.at > at) break;
      for (const auto& each : c.what) apply(each);
    }
  }

  [[nodiscard]] std::uint32_t number_of(const spec::host_ref& h) const {
    return static_cast<std::uint32_t>(std::find(order_.begin(), order_.end(), h) - order_.begin());
  }
  [[nodiscard]] std::string name(std::uint32_t host) const {
    return spec::host_name(s_, order_[host]);
  }
  [[nodiscard]] std::span<const rule> rules(std::uint32_t host) const {
    return rules_[order_[host].host];
  }
  [[nodiscard]] const net::topology& links() const { return links_; }

 private:
  void apply(const decltype(spec::change::what)::value_type& change) {
    if (const auto* f = std::get_if<spec::firewall_change>(&change)) rules_[f->host] = f->rules;
    if (const auto* l = std::get_if<spec::link_setting>(&change))
      links_.set_link(l->link, l->change);
  }

  const spec::scenario& s_;
  std::vector<spec::host_ref> order_;
  net::topology links_;
  std::vector<std::vector<rule>> rules_;  ///< of each host of the file
};

/// The packet that got no answer, or a bad one.
struct lost_packet {
  const std::string& app;
  rule::protocol of;
  ip_address source;
  endpoint to;
};

std::optional<obstacle> at_firewall(const settings& now, std::uint32_t host, rule::direction hook,
                                    const lost_packet& p) {
  const auto rules = now.rules(host);
  const rule* r = filter::deciding_rule(rules, hook, p.of, p.source, p.to.port);
  if (r == nullptr || r->what == rule::action::accept) return std::nullopt;
  const bool rejects = r->what == rule::action::reject;
  return obstacle{rejects,
                  fmt::format("{} {} what {} sends to {}: {}, rule {} of its firewall",
                              now.name(host), rejects ? "rejects" : "drops", p.app, to_string(p.to),
                              filter::to_string(*r), r - rules.data() + 1),
                  fmt::format("nft list ruleset (on {})", now.name(host))};
}

std::optional<obstacle> on_link(const settings& now, std::uint32_t from,
                                const net::topology::hop& next) {
  constexpr std::uint32_t all = 1'000'000;
  if (next.link->up && next.link->loss < all) return std::nullopt;
  return obstacle{false,
                  fmt::format("the link between {} and {} {}", now.name(from), now.name(next.host),
                              next.link->up ? "loses all packets" : "is down at that time"),
                  fmt::format("ip -s link (on {})", now.name(from))};
}

std::optional<obstacle> on_the_way(const settings& now, std::uint32_t from, std::uint32_t to,
                                   const lost_packet& p) {
  if (auto found = at_firewall(now, from, rule::direction::out, p)) return found;
  for (std::uint32_t here = from; here != to;) {
    const auto next = now.links().next_hop(here, to);
    if (!next) return std::nullopt;
    if (auto found = on_link(now, here, *next)) return found;
    here = next->host;
    if (here == to) break;
    if (auto found = at_firewall(now, here, rule::direction::forward, p)) return found;
  }
  return at_firewall(now, to, rule::direction::in, p);
}

/// The address an app sends from; nothing where it takes several in turn.
std::optional<ip_address> source_of(const spec::scenario& s, const spec::app& a,
                                    const spec::host_ref& host, family f) {
  std::vector<endpoint> bound;
  std::visit(
      [&](const auto& kind) {
        if constexpr (requires { kind.bind; }) bound = kind.bind;
      },
      a.kind);
  if (bound.size() > 1) return std::nullopt;
  if (!bound.empty() && !bound.front().address.is_any()) return bound.front().address;
  return spec::first_address(s.hosts[host.host], host.member, f);
}

}  // namespace

std::optional<obstacle> obstacle_of(const spec::scenario& s, const app_failure& f) {
  const spec::app& a = s.apps[f.app];
  if (!f.to || script_changes_ways(s)) return std::nullopt;
  const auto from = member_called(s, f.member);
  const auto to = spec::owner_of(s, f.to->address);
  if (!from || !to) return std::nullopt;
  const auto source = source_of(s, a, *from, f.to->address.family);
  if (!source) return std::nullopt;
  const bool udp = std::holds_alternative<spec::udp_client>(a.kind);
  const settings then(s, sent_at(a, f));
  return on_the_way(then, then.number_of(*from), then.number_of(*to),
                    {a.name, udp ? rule::protocol::udp : rule::protocol::tcp, *source, *f.to});
}

}  // namespace fourtuple::report
