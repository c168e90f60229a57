#include "sim/report/obstacle.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "sim/filter/rules.h"
#include "sim/net/topology.h"
#include "sim/report/history.h"

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

/// Hosts and links as the course of the run has left them at an instant.
class settings {
 public:
  settings(const spec::scenario& s, const history& past, instant at)
      : s_(s), order_(spec::in_name_order(s)), links_(s) {
    for (const auto& h : s.hosts) rules_.push_back({h.firewall, ""});
    for (const auto& each : past.made) {
      if (each.at > at) break;
      apply(each);
    }
  }

  [[nodiscard]] std::uint32_t number_of(const spec::host_ref& h) const {
    return static_cast<std::uint32_t>(std::find(order_.begin(), order_.end(), h) - order_.begin());
  }
  [[nodiscard]] std::string name(std::uint32_t host) const {
    return spec::host_name(s_, order_[host]);
  }
  [[nodiscard]] std::span<const rule> rules(std::uint32_t host) const { return of(host).rules; }
  /// " (by step 4 of the script)"; empty where the file has it from the start.
  [[nodiscard]] std::string rules_by(std::uint32_t host) const { return by(of(host).by); }
  [[nodiscard]] std::string link_by(std::uint32_t a, std::uint32_t b) const {
    for (const auto& [link, who] : links_by_) {
      const auto& ends = s_.links[link].between;
      if ((is(ends[0], a) && is(ends[1], b)) || (is(ends[0], b) && is(ends[1], a))) return by(who);
    }
    return {};
  }
  [[nodiscard]] std::optional<net::topology::hop> next(std::uint32_t here, std::uint32_t to) const {
    const auto direct = links_.next_hop(here, to);
    return direct ? direct : links_.gateway(here);
  }
  [[nodiscard]] std::optional<ip_address> source_for(std::uint32_t from, std::uint32_t to,
                                                     const ip_address& destination) const {
    const auto hop = from == to ? std::nullopt : next(from, to);
    const bool routed = hop && hop->host != to;
    const std::vector<ip_address> own = addresses(from);
    const auto i = spec::source_for(own, routed ? addresses(hop->host) : std::vector{destination},
                                    destination.family);
    return i ? std::optional(own[*i]) : std::nullopt;
  }

 private:
  struct rule_list {
    std::vector<rule> rules;
    std::string by;
  };

  static std::string by(const std::string& who) { return who.empty() ? "" : " (by " + who + ")"; }
  [[nodiscard]] std::vector<ip_address> addresses(std::uint32_t host) const {
    return spec::addresses_of(s_.hosts[order_[host].host], order_[host].member);
  }
  [[nodiscard]] bool is(const spec::host_selection& end, std::uint32_t host) const {
    const spec::host_ref& h = order_[host];
    return end.host == h.host && (!end.member || *end.member == h.member);
  }
  [[nodiscard]] const rule_list& of(std::uint32_t host) const {
    const spec::host_ref& h = order_[host];
    const auto own = members_.find({h.host, h.member});
    return own == members_.end() ? rules_[h.host] : own->second;
  }
  void apply(const setting& made) {
    if (const auto* f = std::get_if<spec::firewall_change>(&made.what)) {
      if (made.member) {
        members_[{f->host, *made.member}] = {f->rules, made.by};
      } else {
        rules_[f->host] = {f->rules, made.by};
        std::erase_if(members_, [&](const auto& each) { return each.first.first == f->host; });
      }
    }
    if (const auto* l = std::get_if<spec::link_setting>(&made.what)) {
      links_.set_link(l->link, l->change);
      if (l->change.up || l->change.loss) links_by_[l->link] = made.by;
    }
  }

  const spec::scenario& s_;
  std::vector<spec::host_ref> order_;
  net::topology links_;
  std::vector<rule_list> rules_;  ///< of each host of the file
  std::map<std::pair<std::uint32_t, std::uint32_t>, rule_list> members_;  ///< that have their own
  std::map<std::uint32_t, std::string> links_by_;
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
                  fmt::format("{} {} what {} sends to {}: {}, rule {} of its firewall{}",
                              now.name(host), rejects ? "rejects" : "drops", p.app, to_string(p.to),
                              filter::to_string(*r), r - rules.data() + 1, now.rules_by(host)),
                  fmt::format("nft list ruleset (on {})", now.name(host))};
}

std::optional<obstacle> on_link(const settings& now, std::uint32_t from,
                                const net::topology::hop& next) {
  constexpr std::uint32_t all = 1'000'000;
  if (next.link->up && next.link->loss < all) return std::nullopt;
  return obstacle{
      false,
      fmt::format("the link between {} and {} {}{}", now.name(from), now.name(next.host),
                  next.link->up ? "loses all packets" : "is down at that time",
                  now.link_by(from, next.host)),
      fmt::format("ip -s link (on {})", now.name(from))};
}

/// No route: the host itself says ENETUNREACH, a router an ICMP.
obstacle dead_end(const settings& now, std::uint32_t here, std::uint32_t to, const lost_packet& p) {
  return {true, fmt::format("no link or router leads from {} to {}", now.name(here), now.name(to)),
          fmt::format("ip route get {} (on {})", to_string(p.to.address), now.name(here))};
}

std::optional<obstacle> on_the_way(const settings& now, std::uint32_t from, std::uint32_t to,
                                   const lost_packet& p) {
  if (auto found = at_firewall(now, from, rule::direction::out, p)) return found;
  for (std::uint32_t here = from; here != to;) {
    const auto next = now.next(here, to);
    if (!next) return dead_end(now, here, to, p);
    if (auto found = on_link(now, here, *next)) return found;
    here = next->host;
    if (here == to) break;
    if (auto found = at_firewall(now, here, rule::direction::forward, p)) return found;
  }
  return at_firewall(now, to, rule::direction::in, p);
}

/// The address that the attempt was sent from: attempt k has the k-th of several in turn.
std::optional<ip_address> source_of(const settings& now, const spec::app& a, std::uint32_t from,
                                    std::uint32_t to, const app_failure& failed) {
  std::vector<endpoint> bound;
  std::visit(
      [&](const auto& kind) {
        if constexpr (requires { kind.bind; }) bound = kind.bind;
      },
      a.kind);
  if (bound.size() > 1 && failed.attempt == 0) return std::nullopt;
  const std::size_t turn = bound.size() > 1 ? (failed.attempt - 1) % bound.size() : 0;
  if (!bound.empty() && !bound[turn].address.is_any()) return bound[turn].address;
  return now.source_for(from, to, failed.to->address);
}

}  // namespace

std::optional<obstacle> obstacle_of(const observe::outcome& o, const app_failure& f) {
  const spec::scenario& s = *o.scenario;
  const spec::app& a = s.apps[f.app];
  const history past = history_of(o);
  if (!f.to || !past.all_ways) return std::nullopt;
  const auto from = member_called(s, f.member);
  const auto to = spec::owner_of(s, f.to->address);
  if (!from || !to) return std::nullopt;
  const settings then(s, past, instant{sent_at(a, f)});
  const std::uint32_t sender = then.number_of(*from);
  const std::uint32_t receiver = then.number_of(*to);
  const auto source = source_of(then, a, sender, receiver, f);
  if (!source) return std::nullopt;
  const bool udp = std::holds_alternative<spec::udp_client>(a.kind);
  return on_the_way(then, sender, receiver,
                    {a.name, udp ? rule::protocol::udp : rule::protocol::tcp, *source, *f.to});
}

}  // namespace fourtuple::report
