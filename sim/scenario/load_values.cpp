// Values that several parts of a file share: users, socket options, ports, destinations.
#include "sim/profile/nearest.h"
#include "sim/scenario/parts.h"

#include <algorithm>

namespace fourtuple::scenario {
namespace {

constexpr std::uint64_t most_endpoints = 2'000'000;

std::optional<spec::sockopt> read_option_name(context& c, std::string_view name,
                                              spec::position where) {
  if (const auto o = spec::sockopt_from_name(name)) return o;
  std::vector<std::string_view> names;
  for (const auto& row : spec::all_sockopts()) names.push_back(row.name);
  c.error(where, "unknown socket option " + quoted(name) + profile::did_you_mean(name, names));
  return std::nullopt;
}

std::optional<spec::sockopt_value> read_linger(context& c, const node& n, std::string_view name) {
  const auto wrong = [&](spec::position at) {
    c.error(at, std::string(name) + " takes { onoff: 0 or 1, linger: seconds }");
    return std::nullopt;
  };
  if (n.kind != node::type::map) return wrong(n.where);
  spec::sockopt_value v;
  for (const auto& e : n.entries) {
    if (e.key != "onoff" && e.key != "linger") return wrong(e.where);
    const auto number = read_whole(c, e.value, e.key, 0, INT32_MAX);
    if (!number) return std::nullopt;
    (e.key == "onoff" ? v.onoff : v.linger) = static_cast<std::int32_t>(*number);
  }
  if (n.find("onoff") == nullptr || n.find("linger") == nullptr) return wrong(n.where);
  return v;
}

std::optional<spec::sockopt_value> read_range_value(context& c, const node& n) {
  std::string text = n.text;
  if (const auto raw = spec::parse_whole(text, 0, INT64_C(0xffffffff)); raw.value)
    return spec::sockopt_value{.number = *raw.value};
  const auto dots = text.find("..");
  const auto gap = dots != std::string::npos ? dots : text.find_first_of(" \t");
  if (gap != std::string::npos) {
    const auto skip = dots != std::string::npos ? 2u : 1u;
    const auto low = spec::parse_whole(text.substr(0, gap), 0, 65535);
    const auto high = spec::parse_whole(text.substr(gap + skip), 0, 65535);
    if (low.value && high.value)
      return spec::sockopt_value{.number = *high.value << 16 | *low.value};
  }
  c.error(n.where, "value: " + quoted(text) + " is not a range of ports (LOW .. HIGH)");
  return std::nullopt;
}

}  // namespace

std::optional<spec::sockopt_value> read_sockopt_value(context& c, const node& n,
                                                      spec::sockopt option) {
  const auto& row = spec::row_of(option);
  using syntax = spec::sockopt_syntax;
  if (row.syntax == syntax::read_only) {
    c.error(n.where, std::string(row.name) + " can only be read");
    return std::nullopt;
  }
  if (row.syntax == syntax::linger) return read_linger(c, n, row.name);
  if (!expect_scalar(c, n, row.name)) return std::nullopt;
  switch (row.syntax) {
    case syntax::flag:
      if (n.text == "true" || n.text == "1") return spec::sockopt_value{.number = 1};
      if (n.text == "false" || n.text == "0") return spec::sockopt_value{.number = 0};
      c.error(n.where, std::string(row.name) + ": " + quoted(n.text) + " is neither 0 nor 1");
      return std::nullopt;
    case syntax::time: {
      const auto t = spec::parse_time(n.text);
      if (!t.value) {
        c.error(n.where, std::string(row.name) + ": " + t.error);
        return std::nullopt;
      }
      return spec::sockopt_value{.time = *t.value};
    }
    case syntax::range:
      return read_range_value(c, n);
    default:
      break;
  }
  const auto number = read_whole(c, n, row.name, INT32_MIN, INT32_MAX);
  if (!number) return std::nullopt;
  return spec::sockopt_value{.number = *number};
}

namespace {

/// "SO_REUSEADDR" (a flag, set to 1) or { SO_RCVBUF: 4096 }.
void add_option(context& c, const node& n, std::vector<spec::sockopt_setting>& out) {
  if (n.kind == node::type::map) {
    for (const auto& e : n.entries) {
      const auto option = read_option_name(c, e.key, e.where);
      if (!option) continue;
      if (const auto v = read_sockopt_value(c, e.value, *option)) out.push_back({*option, *v});
    }
    return;
  }
  if (!expect_scalar(c, n, "options")) return;
  const auto option = read_option_name(c, n.text, n.where);
  if (!option) return;
  const auto& row = spec::row_of(*option);
  if (row.syntax == spec::sockopt_syntax::read_only) {
    c.error(n.where, n.text + " can only be read");
  } else if (row.syntax != spec::sockopt_syntax::flag) {
    c.error(n.where, n.text + " needs a value: { " + n.text + ": ... }");
  } else {
    out.push_back({*option, {.number = 1}});
  }
}

}  // namespace

std::vector<spec::sockopt_setting> read_options(context& c, mapping& m) {
  std::vector<spec::sockopt_setting> out;
  const node* n = m.find("options");
  if (n == nullptr) {
    const auto fallback = m.special("options").value_or("[]");
    if (fallback == "[SO_REUSEADDR]") out.push_back({spec::sockopt::so_reuseaddr, {.number = 1}});
    return out;
  }
  if (n->kind != node::type::list) {
    m.error("options", "takes a list: [SO_REUSEADDR], or [] for none");
    return out;
  }
  for (const auto& item : n->items) add_option(c, item, out);
  return out;
}

spec::user read_user(mapping& m, std::string_view key, const spec::user& inherited) {
  const auto text = m.special(key);
  if (!text) {
    if (!m.has(key)) m.fill(key, inherited.name);
    return inherited;
  }
  if (*text == "app") return {1000, "app"};
  if (*text == "root") return {0, "root"};
  if (*text == "nobody") return {65534, "nobody"};
  const auto uid = spec::parse_whole(*text, 0, INT64_C(4294967294));
  if (!uid.value) {
    m.error(key, "unknown user " + quoted(*text) + " (app, root, nobody or a number)");
    return inherited;
  }
  return {static_cast<std::uint32_t>(*uid.value), *text};
}

std::vector<profile::port_range> read_ports(context& c, const node& n) {
  std::vector<profile::port_range> out;
  profile::port_set seen;
  for (const node* one : one_or_list(n)) {
    if (!expect_scalar(c, *one, "ports")) continue;
    const std::string_view text = spec::trimmed(one->text);
    auto dash = text.find("..");
    std::size_t width = 2;
    if (dash == std::string_view::npos && !text.empty()) {
      dash = text.find('-', 1);
      width = 1;
    }
    const auto low = spec::parse_whole(text.substr(0, dash), 1, 65535);
    const auto high = dash == std::string_view::npos
                          ? low
                          : spec::parse_whole(text.substr(dash + width), 1, 65535);
    if (!low.value || !high.value) {
      c.error(one->where, "ports: " + (low.value ? high.error : low.error));
      continue;
    }
    if (*low.value > *high.value) {
      c.error(one->where, "ports: " + quoted(text) + " is empty: its lower end is above its upper");
      continue;
    }
    const profile::port_range r{static_cast<std::uint16_t>(*low.value),
                                static_cast<std::uint16_t>(*high.value)};
    if (seen.count_in(r) != 0) c.error(one->where, "ports: " + quoted(text) + " is listed twice");
    seen.add(r);
    out.push_back(r);
  }
  return out;
}

bool count_endpoints(context& c, std::size_t more, spec::position where) {
  c.endpoints += more;
  if (c.endpoints <= most_endpoints) return true;
  c.error(where, "the destinations add up to more than the limit of 2000000");
  return false;
}

namespace {

/// The family in which a name is meant: what bind or the user says, else IPv4 where both have it.
family family_for(const context& c, std::string_view name, const spec::host_selection& from,
                  std::optional<family> wanted) {
  if (wanted) return *wanted;
  const auto to = spec::find_host(c.out, name);
  const auto has = [&](const spec::host& h) {
    return spec::first_address(h, 0, family::inet).has_value();
  };
  const auto& client = c.out.hosts[from.host];
  if (!to) return family::inet;
  const auto& server = c.out.hosts[to->host];
  if (has(server) && (has(client) || to->host == from.host)) return family::inet;
  return spec::first_address(server, 0, family::inet6) ? family::inet6 : family::inet;
}

}  // namespace

bool is_misaddressed(const context& c, std::string_view to) {
  const auto host = spec::find_host(c.out, to.substr(0, to.rfind(':')));
  return host && c.misaddressed.contains(c.out.hosts[host->host].name);
}

std::vector<endpoint> read_endpoints(context& c, const node& n, std::string_view what,
                                     const spec::host_selection& from,
                                     std::optional<family> family_wanted,
                                     std::uint16_t least_port) {
  std::vector<endpoint> out;
  if (n.kind == node::type::list && n.items.empty())
    c.error(n.where, std::string(what) + " is an empty list");
  for (const node* one : one_or_list(n)) {
    if (!expect_scalar(c, *one, what)) continue;
    if (c.endpoints > most_endpoints) return out;  // has been said
    const std::string_view text = one->text;
    const auto f = family_for(c, text.substr(0, text.rfind(':')), from, family_wanted);
    std::string why;
    const auto found = spec::resolve_endpoints(c.out, text, f, why);
    if (!why.empty()) {
      if (!is_misaddressed(c, text)) c.error(one->where, std::string(what) + ": " + why);
    } else if (!found.empty() && found.front().port < least_port) {
      c.error(one->where, std::string(what) + ": port 0 is outside 1 .. 65535");
    } else if (count_endpoints(c, found.size(), one->where)) {
      out.insert(out.end(), found.begin(), found.end());
    }
  }
  return out;
}

}  // namespace fourtuple::scenario
