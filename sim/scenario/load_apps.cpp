// apps:, what all have in common; the kinds stand in load_servers, load_clients and load_scan.
#include "sim/scenario/app_parts.h"

namespace fourtuple::scenario {
namespace {

struct kind_row {
  const table* keys;
  kind_reader* read;
};
const kind_row kinds[] = {{&echo_server_table, read_echo_server},
                          {&echo_client_table, read_echo_client},
                          {&load_table, read_load},
                          {&pool_table, read_pool},
                          {&listener_table, read_listener},
                          {&scan_table, read_scan},
                          {&proxy_table, read_proxy},
                          {&udp_server_table, read_udp_server},
                          {&udp_client_table, read_udp_client}};

/// Exactly one key of the app names its kind.
void read_kind(context& c, const entry& e, spec::app& a) {
  const entry* chosen = nullptr;
  for (const auto& own : e.value.entries) {
    if (!is_app_kind(own.key)) continue;
    if (chosen != nullptr) {
      c.error(own.where, "app " + quoted(a.name) + " has two kinds, '" + chosen->key + "' and '" +
                             own.key + "'");
      return;
    }
    chosen = &own;
  }
  if (chosen == nullptr) {
    for (const auto& own : e.value.entries)  // a kind of a later issue has said so already
      if (const auto* k = app_table.find(own.key); k == nullptr || k->need == presence::later)
        if (!own.key.starts_with("x-")) return;
    c.error(e.where, "app " + quoted(a.name) +
                         " needs a kind: echo_server, echo_client, load, pool, listener, scan, "
                         "proxy, udp_server or udp_client");
    return;
  }
  a.kind_where = chosen->where;
  for (const auto& k : kinds) {
    if (k.keys->name != chosen->key) continue;
    mapping m(c, chosen->value, *k.keys, chosen->key);
    if (m.is_map()) {
      a.kind = k.read({a, c}, m);
    } else if (chosen->value.kind == node::type::null) {
      c.error(chosen->where, quoted(chosen->key) + " has no keys");
    }
  }
}

void load_app(context& c, const entry& e) {
  spec::app a;
  a.name = e.key;
  a.where = e.where;
  a.kind_where = e.where;
  mapping m(c, e.value, app_table, "app " + quoted(e.key));
  if (!m.is_map()) {
    if (e.value.kind == node::type::null) c.error(e.where, "app " + quoted(e.key) + " has no keys");
    return;
  }
  const bool named = m.has("host") && expect_scalar(c, *m.find("host"), "host");
  auto host = named ? look_up_host(c, m.find("host")->text, m.at("host")) : std::nullopt;
  // Read on as if it stood on the first: its other mistakes are told in the same run.
  if (!host && !c.out.hosts.empty()) host = spec::host_selection{};
  if (!host) return;
  a.host = *host;
  a.start = m.time("start");
  if (c.out.duration && a.start >= *c.out.duration && m.has("start"))
    m.error("start", "is not before the end of the run");
  a.stop = m.maybe_time("stop");
  if (a.stop && *a.stop <= a.start) m.error("stop", "is not after start");
  const auto& owner = c.out.hosts[host->host];
  a.user = read_user(m, "user", owner.user);
  a.nofile = small(m.maybe_whole("nofile")).value_or(owner.nofile);
  if (!m.has("nofile")) m.fill("nofile", std::to_string(owner.nofile));
  read_kind(c, e, a);
  c.out.apps.push_back(std::move(a));
}

}  // namespace

void load_apps(context& c, const node& apps) {
  constexpr std::size_t most_apps = 10'000;
  if (apps.kind == node::type::null) return;
  if (apps.kind != node::type::map) {
    c.error(apps.where, "apps must be a mapping from names to apps");
    return;
  }
  if (apps.entries.size() > most_apps) {
    c.error(apps.where, "more than the limit of 10000 apps");
    return;
  }
  for (const auto& e : apps.entries) {
    if (!is_name(e.key))
      c.error(e.where, quoted(e.key) + " is not a name (a letter, then letters, digits, _ and -)");
    load_app(c, e);
  }
}

}  // namespace fourtuple::scenario
