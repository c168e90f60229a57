// firewall: of a host and of a script step.
#include "sim/scenario/parts.h"

#include <algorithm>
#include <array>

namespace fourtuple::scenario {
namespace {

using rule = firewall_rule;

constexpr std::size_t most_rules = 1000;

/// `tcp/25`, `udp/5000-5010`, `tcp`, `icmp`, `all`.
bool read_match(mapping& m, std::string_view key, rule& r) {
  const auto text = m.special(key);
  if (!text) return false;
  const auto slash = text->find('/');
  const std::string word = text->substr(0, slash);
  constexpr std::array<std::string_view, 4> words = {"all", "tcp", "udp", "icmp"};
  const auto found = std::find(words.begin(), words.end(), word);
  if (found == words.end()) {
    m.error(key, quoted(*text) + " is not tcp/PORTS, udp/PORTS, icmp or all");
    return false;
  }
  r.of = static_cast<rule::protocol>(found - words.begin());
  if (slash == std::string::npos) return true;
  if (r.of != rule::protocol::tcp && r.of != rule::protocol::udp) {
    m.error(key, quoted(word) + " has no ports");
    return false;
  }
  const std::string_view ports = std::string_view(*text).substr(slash + 1);
  const auto dash = ports.find('-');
  const auto low = spec::parse_whole(ports.substr(0, dash), 1, 65535);
  const auto high =
      dash == std::string_view::npos ? low : spec::parse_whole(ports.substr(dash + 1), 1, 65535);
  if (!low.value || !high.value || *low.value > *high.value) {
    m.error(key, quoted(*text) + " is not " + word + "/PORT or " + word + "/LOW-HIGH");
    return false;
  }
  r.low_port = static_cast<std::uint16_t>(*low.value);
  r.high_port = static_cast<std::uint16_t>(*high.value);
  return true;
}

void add_prefix(context& c, const node& n, rule& r) {
  const auto slash = n.text.find('/');
  const auto base = parse_address(std::string_view(n.text).substr(0, slash));
  const int width = base && base->family == family::inet6 ? 128 : 32;
  const auto bits = slash == std::string::npos
                        ? spec::parsed<std::int64_t>{width, {}}
                        : spec::parse_whole(std::string_view(n.text).substr(slash + 1), 0, width);
  if (!base || !bits.value) {
    c.error(n.where, "from: " + quoted(n.text) + " is not an address or a prefix (10.1.0.0/24)");
    return;
  }
  address_range range{*base, *base};
  for (int bit = static_cast<int>(*bits.value); bit < width; ++bit) {
    const auto octet = static_cast<std::size_t>(bit / 8);
    const auto mask = static_cast<std::uint8_t>(0x80 >> (bit % 8));
    range.first.bytes[octet] &= static_cast<std::uint8_t>(~mask);
    range.last.bytes[octet] |= mask;
  }
  r.from.push_back(range);
}

/// All addresses of a host or of all its members.
void add_host(context& c, const node& n, rule& r) {
  const auto found = look_up_host(c, n.text, n.where);
  if (!found) return;
  const auto& h = c.out.hosts[found->host];
  const std::uint32_t first = found->member.value_or(0);
  for (const auto& run : h.addresses) {
    const std::uint32_t length = !h.count ? run.length : found->member ? 1 : *h.count;
    const auto low = spec::plus(run.first, first);
    r.from.push_back({low, spec::plus(low, length - 1)});
  }
}

void read_with(mapping& m, rule& r) {
  const bool given = m.has("with");
  if (r.what != rule::action::reject) {
    if (given) m.error("with", "belongs to a reject");
    return;
  }
  r.with = static_cast<reject_with>(m.choice("with"));
  if (r.with == reject_with::tcp_reset && r.of != rule::protocol::tcp)
    m.error("with", "tcp-reset answers TCP only: the rule is about something else");
}

void read_from(context& c, mapping& m, rule& r) {
  const node* from = m.find("from");
  if (from == nullptr) return;
  for (const node* one : one_or_list(*from)) {
    if (!expect_scalar(c, *one, "from")) continue;
    const bool address = one->text.find_first_of("./:") != std::string::npos;
    address ? add_prefix(c, *one, r) : add_host(c, *one, r);
  }
  const auto is_matched = [&r](const address_range& a) { return r.is_about(a.first.family); };
  if (!r.from.empty() && std::none_of(r.from.begin(), r.from.end(), is_matched))
    m.error("from", "no packet matches: " + m.text("with") + " makes the rule one about " +
                        (r.is_about(family::inet) ? "IPv4" : "IPv6"));
}

std::optional<rule> read_rule(context& c, const node& n, bool router) {
  mapping m(c, n, firewall_table, "a rule");
  if (!m.is_map()) return std::nullopt;
  constexpr std::array<std::string_view, 3> actions = {"accept", "drop", "reject"};
  const auto action = m.one_of("a rule", {actions[0], actions[1], actions[2]});
  if (!action) return std::nullopt;
  rule r;
  r.what = static_cast<rule::action>(*action);
  if (!read_match(m, actions[*action], r)) return std::nullopt;
  r.which = static_cast<rule::direction>(m.choice("direction"));
  if (r.which == rule::direction::forward && !router)
    m.error("direction", "only a router forwards (router: true)");
  read_with(m, r);
  read_from(c, m, r);
  return r;
}

}  // namespace

std::vector<firewall_rule> read_firewall(context& c, const node& n, bool router) {
  std::vector<firewall_rule> out;
  if (n.kind == node::type::null) return out;
  if (n.kind != node::type::list) {
    c.error(n.where, "firewall must be a list of rules: [{ drop: tcp/25 }]");
    return out;
  }
  if (n.items.size() > most_rules) {
    c.error(n.where, "more than the limit of 1000 rules");
    return out;
  }
  for (const auto& item : n.items)
    if (auto r = read_rule(c, item, router)) out.push_back(std::move(*r));
  return out;
}

void load_firewalls(context& c, const node& hosts) {
  for (const auto& e : hosts.entries) {
    const auto found = c.host_index.find(e.key);
    if (found == c.host_index.end()) continue;
    spec::host& h = c.out.hosts[found->second];
    if (const node* rules = e.value.find("firewall"))
      h.firewall = read_firewall(c, *rules, h.router);
  }
}

}  // namespace fourtuple::scenario
