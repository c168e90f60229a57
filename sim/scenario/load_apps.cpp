// apps:, one function per kind.
#include "sim/profile/nearest.h"
#include "sim/scenario/parts.h"
#include "sim/spec/services.h"
#include "sim/spec/template.h"

namespace fourtuple::scenario {
namespace {

constexpr duration microsecond{1000};

/// What reading a kind needs beside its own keys.
struct place {
  const spec::app& app;
  context& c;
};

std::optional<std::uint32_t> small(std::optional<std::int64_t> n) {
  if (!n) return std::nullopt;
  return static_cast<std::uint32_t>(*n);
}

std::vector<endpoint> destinations(place p, mapping& m, const std::vector<endpoint>& bind,
                                   std::string_view key = "to") {
  const node* n = m.find(key);
  if (n == nullptr) return {};
  std::optional<family> f;
  if (!bind.empty()) f = bind.front().address.family;
  return read_endpoints(p.c, *n, key, p.app.host, f, 1);
}

std::vector<endpoint> binds(place p, mapping& m) {
  const node* n = m.find("bind");
  if (n == nullptr) return {};
  auto out = read_endpoints(p.c, *n, "bind", p.app.host, std::nullopt, 0);
  for (const auto& e : out)
    if (e.address.family != out.front().address.family) m.error("bind", "mixes IPv4 and IPv6");
  return out;
}

void check_families(mapping& m, const std::vector<endpoint>& to, const std::vector<endpoint>& bind,
                    std::string_view key = "to") {
  for (const auto& e : to)
    if (!bind.empty() && e.address.family != bind.front().address.family) {
      m.error(key, to_string(e) + " and bind are of different families");
      return;
    }
}

spec::server_close server_close(mapping& m) {
  using when = spec::server_close::when;
  const auto text = m.special("close").value_or("peer");
  if (text == "peer") return {when::peer, {}};
  if (text == "after_reply") return {when::after_reply, {}};
  if (text == "never") return {when::never, {}};
  if (text.starts_with("after ")) {
    const auto t = spec::parse_time(std::string_view(text).substr(6));
    if (t.value) return {when::after_time, *t.value};
    m.error("close", t.error);
    return {};
  }
  constexpr std::string_view words[] = {"peer", "after_reply", "never"};
  auto hint = profile::did_you_mean(text, words);
  if (hint.empty()) hint = " (peer | after_reply | after TIME | never)";
  m.error("close", "unknown " + quoted(text) + hint);
  return {};
}

/// `listen:`, one address with its port.
endpoint listen_endpoint(place p, mapping& m) {
  const node* n = m.find("listen");
  if (n == nullptr) return {};
  const auto found = read_endpoints(p.c, *n, "listen", p.app.host, std::nullopt, 1);
  if (found.size() > 1) m.error("listen", "must be one address");
  return found.empty() ? endpoint{} : found.front();
}

endpoint listen_address(place p, mapping& m, std::string_view kind) {
  const bool port = m.has("port");
  if (port == m.has("listen")) {
    p.c.error(m.where(), std::string(kind) + " has exactly one of port and listen");
    return {};
  }
  if (port) {
    const auto number = static_cast<std::uint16_t>(m.whole("port"));
    return {ip_address::any(family::inet), number};
  }
  return listen_endpoint(p, m);
}

spec::app_kind read_echo_server(place p, mapping& m) {
  spec::echo_server s;
  s.listen = listen_address(p, m, "an echo_server");
  s.backlog = static_cast<std::int32_t>(m.whole("backlog"));
  s.prefix = m.text("prefix");
  const auto reply = m.special("reply").value_or("echo");
  if (reply != "echo") {
    const auto size = spec::parse_size(reply);
    if (!size.value) m.error("reply", size.error + " nor the word echo");
    s.reply = size.value;
  }
  s.delay = m.time("delay");
  s.accepts.rate = m.maybe_rate("accept_rate");
  if (s.accepts.rate && s.accepts.rate->count == 0) m.error("accept_rate", "must be more than 0");
  s.accepts.max_connections = small(m.maybe_whole("max_connections"));
  s.close = server_close(m);
  s.idle_timeout = m.maybe_time("idle_timeout");
  s.options = read_options(p.c, m);
  return s;
}

void check_message(mapping& m, const std::string& text) {
  bool bad = false;
  for (const auto& name : spec::template_names(text, bad))
    if (name != "i") m.error("message", "unknown ${" + name + "} (only ${i}, the connection)");
  if (bad) m.error("message", "a ${ has no } (write $${ for the characters themselves)");
}

spec::app_kind read_echo_client(place p, mapping& m) {
  spec::echo_client s;
  s.to = destinations(p, m, {});
  s.connections = small(m.maybe_whole("connections")).value_or(1);
  if (m.has("size")) {
    s.size = m.size("size");
    if (m.has("message")) m.error("size", "an echo_client has message or size, not both");
  } else {
    s.message = m.text("message");
    check_message(m, *s.message);
  }
  s.messages = static_cast<std::uint32_t>(m.whole("messages"));
  s.think = m.time("think");
  s.close = static_cast<spec::close_by>(m.choice("close"));
  s.timeout = m.maybe_time("timeout");
  s.options = read_options(p.c, m);
  return s;
}

std::vector<spec::stage> read_stages(place p, mapping& m) {
  std::vector<spec::stage> out;
  const node& n = *m.find("stages");
  if (n.kind != node::type::list || n.items.empty()) {
    m.error("stages", "must be a list: [{ for: 30 s, to: 1000/s }]");
    return out;
  }
  for (const auto& item : n.items) {
    mapping s(p.c, item, stage_table, "a stage");
    spec::stage stage;
    if (s.has("for")) stage.length = s.time("for");
    if (s.has("to")) stage.to = s.rate("to");
    if (s.has("for") && ns(stage.length) == 0 && spec::parse_time(s.find("for")->text).value)
      s.error("for", "must be more than 0");
    out.push_back(stage);
  }
  return out;
}

std::uint32_t read_backoff(mapping& m) {
  const auto text = m.special("backoff").value_or("constant");
  if (text == "constant" || text == "none") return 1000;
  if (text == "exponential") return 2000;
  const auto factor = spec::read_decimal(text);
  constexpr spec::int128 thousandth = 1'000'000;
  if (!factor || *factor % thousandth != 0 || *factor < 1000 * thousandth ||
      *factor > 1'000'000 * thousandth) {
    m.error(
        "backoff",
        quoted(text) + " is not a factor from 1 to 1000 (with 3 places), constant or exponential");
    return 1000;
  }
  return static_cast<std::uint32_t>(*factor / thousandth);
}

/// Keys that say more about what another one asks for; `retries: 0` may become more by a change.
void belong_to(mapping& m, std::string_view main, std::initializer_list<std::string_view> keys) {
  for (const auto key : keys)
    if (m.has(key) && !m.has(main)) m.error(key, "belongs to " + std::string(main));
}

spec::retry_rules read_retries(mapping& m) {
  belong_to(m, "retries", {"retry_after", "backoff", "jitter"});
  spec::retry_rules r;
  r.retries = static_cast<std::uint32_t>(m.whole("retries"));
  r.after = m.time_from("retry_after", microsecond);
  r.backoff_permille = read_backoff(m);
  const auto jitter = m.special("jitter").value_or("0 ms");
  if (jitter.ends_with('%')) {
    const auto share = spec::parse_share(jitter);
    if (!share.value) m.error("jitter", share.error);
    r.jitter_ppm = share.value.value_or(0);
  } else {
    const auto t = spec::parse_time(jitter);
    if (!t.value) m.error("jitter", t.error);
    r.jitter = t.value.value_or(duration{});
  }
  return r;
}

void read_pattern(place p, mapping& m, spec::load& l) {
  int given = 0;
  for (const auto* key : {"rate", "concurrency", "stages"}) given += m.has(key) ? 1 : 0;
  if (given != 1) {
    p.c.error(m.where(), "a load has exactly one of rate, concurrency and stages");
    if (given == 0) return;
  }
  if (m.has("rate")) l.rate = m.rate_above_0("rate");
  if (m.has("concurrency")) l.concurrency = small(m.maybe_whole("concurrency"));
  if (m.has("stages")) l.stages = read_stages(p, m);
  if (m.has("concurrency") && m.has("arrivals"))
    m.error("arrivals", "belongs to rate or stages, not to concurrency");
  if (!m.has("concurrency") && m.has("pause")) m.error("pause", "belongs to concurrency");
}

spec::app_kind read_load(place p, mapping& m) {
  spec::load l;
  l.bind = binds(p, m);
  l.to = destinations(p, m, l.bind);
  check_families(m, l.to, l.bind);
  read_pattern(p, m, l);
  if (!l.concurrency) l.arrivals = static_cast<spec::arrival_kind>(m.choice("arrivals"));
  l.request = m.size("request");
  l.reply = m.has("reply") ? m.size("reply") : l.request;
  if (!m.has("reply")) m.fill("reply", std::to_string(l.reply) + " B");
  const auto hold = m.special("hold").value_or("0 s");
  if (hold == "forever") {
    l.hold.reset();
  } else {
    const auto t = spec::parse_time(hold);
    if (!t.value)
      m.error("hold",
              t.error + (hold.find(' ') == std::string::npos ? " nor the word forever" : ""));
    l.hold = t.value.value_or(duration{});
  }
  l.close = static_cast<spec::close_by>(m.choice("close"));
  l.options = read_options(p.c, m);
  l.timeout = m.maybe_time("timeout");
  l.retry = read_retries(m);
  if (const auto n = m.maybe_whole("limit")) l.limit = static_cast<std::uint64_t>(*n);
  if (l.concurrency) l.pause = m.time_from("pause", microsecond);
  return l;
}

spec::app_kind read_pool(place p, mapping& m) {
  spec::pool s;
  s.bind = binds(p, m);
  s.to = destinations(p, m, s.bind);
  check_families(m, s.to, s.bind);
  s.size = small(m.maybe_whole("size")).value_or(1);
  if (m.has("rate")) s.rate = m.rate_above_0("rate");
  s.arrivals = static_cast<spec::arrival_kind>(m.choice("arrivals"));
  s.request = m.size("request");
  s.reply = m.has("reply") ? m.size("reply") : s.request;
  if (!m.has("reply")) m.fill("reply", std::to_string(s.reply) + " B");
  s.hold = m.time("hold");
  s.setup = static_cast<std::uint32_t>(m.whole("setup"));
  s.idle_timeout = m.maybe_time("idle_timeout");
  s.max_lifetime = m.maybe_time("max_lifetime");
  s.queue_timeout = m.maybe_time("queue_timeout");
  s.options = read_options(p.c, m);
  if (const auto n = m.maybe_whole("limit")) s.limit = static_cast<std::uint64_t>(*n);
  return s;
}

spec::app_kind read_listener(place p, mapping& m) {
  spec::listener s;
  if (const node* n = m.find("ports")) s.ports = read_ports(p.c, *n);
  s.backlog = static_cast<std::int32_t>(m.whole("backlog"));
  s.accept = m.flag("accept");
  s.options = read_options(p.c, m);
  return s;
}

/// What the payload of one IPv4 datagram holds: 65535 - 20 - 8 (RFC 768, RFC 791).
constexpr std::uint64_t most_udp_bytes = 65'507;

std::optional<std::uint64_t> datagram_size(mapping& m, std::string_view key,
                                           const std::string& text) {
  const auto size = spec::parse_size(text);
  if (!size.value) m.error(key, size.error + " nor the words echo and none");
  if (size.value.value_or(0) > most_udp_bytes)
    m.error(key, "is more than a datagram holds (65507 B)");
  return size.value;
}

/// `target:` is one address: a host's first of the family that both have, or the address itself.
ip_address scan_target(place p, mapping& m) {
  if (!m.has("target")) return {};
  std::string name = m.text("target");
  if (m.find("target")->kind != node::type::scalar) return {};
  const auto literal = parse_address(name);
  if (literal && literal->is_any()) m.error("target", quoted(name) + " is no machine");
  if (literal) return *literal;
  const auto errors = p.c.errors.size();
  node with_port = *m.find("target");
  with_port.text = name + ":1";
  const auto found = read_endpoints(p.c, with_port, "target", p.app.host, std::nullopt, 0);
  if (found.size() > 1)
    m.error("target", quoted(name) + " is " + std::to_string(found.size()) + " hosts; name one");
  if (found.size() != 1 || p.c.errors.size() != errors) return {};
  return found.front().address;
}

/// The ports of a scan: `well-known` stands for the services of its transport.
std::vector<profile::port_range> scan_ports(place p, mapping& m, spec::transport t) {
  const node* n = m.find("ports");
  if (n == nullptr) return {};
  node list;
  list.kind = node::type::list;
  list.where = n->where;
  for (const node* one : one_or_list(*n)) {
    if (one->kind != node::type::scalar || one->text != "well-known") {
      list.items.push_back(*one);
      continue;
    }
    for (const auto& s : spec::services()) {
      if (!spec::runs_over(s, t)) continue;
      node port = *one;
      port.text = std::to_string(s.port);
      list.items.push_back(std::move(port));
    }
  }
  if (list.items.empty()) m.error("ports", "is an empty list");
  return read_ports(p.c, list);
}

spec::app_kind read_scan(place p, mapping& m) {
  spec::scan s;
  s.target = scan_target(p, m);
  s.transport = static_cast<spec::transport>(m.choice("transport"));
  s.ports = scan_ports(p, m, s.transport);
  s.timeout = m.time_from("timeout", microsecond);
  s.concurrency = small(m.maybe_whole("concurrency"));
  const auto room = p.app.nofile - 3;
  if (room == 0)
    p.c.error(m.where(), "a scan needs a nofile of at least 4: descriptors 0-2 are taken");
  if (s.concurrency && *s.concurrency > room)
    m.error("concurrency", "is more than nofile " + std::to_string(p.app.nofile) +
                               " allows (descriptors 0-2 are taken)");
  return s;
}

spec::app_kind read_proxy(place p, mapping& m) {
  spec::proxy s;
  s.listen = listen_endpoint(p, m);
  s.bind = binds(p, m);
  s.upstream = destinations(p, m, s.bind, "upstream");
  check_families(m, s.upstream, s.bind, "upstream");
  belong_to(m, "keepalive", {"upstream_idle_timeout"});
  s.keepalive = static_cast<std::uint32_t>(m.whole("keepalive"));
  s.idle_timeout = m.maybe_time("idle_timeout");
  s.upstream_idle_timeout = m.maybe_time("upstream_idle_timeout");
  s.timeout = m.maybe_time("timeout");
  s.retries = static_cast<std::uint32_t>(m.whole("retries"));
  s.options = read_options(p.c, m);
  return s;
}

spec::app_kind read_udp_server(place p, mapping& m) {
  spec::udp_server s;
  s.listen = listen_address(p, m, "a udp_server");
  const auto reply = m.special("reply").value_or("echo");
  s.replies = reply != "none";
  if (s.replies && reply != "echo") s.reply = datagram_size(m, "reply", reply);
  s.delay = m.time("delay");
  s.options = read_options(p.c, m);
  return s;
}

spec::app_kind read_udp_client(place p, mapping& m) {
  spec::udp_client s;
  s.bind = binds(p, m);
  s.to = destinations(p, m, s.bind);
  check_families(m, s.to, s.bind);
  if (m.has("rate")) s.rate = m.rate_above_0("rate");
  s.arrivals = static_cast<spec::arrival_kind>(m.choice("arrivals"));
  s.size = m.size("size");
  if (s.size > most_udp_bytes) m.error("size", "is more than a datagram holds (65507 B)");
  s.awaits_reply = m.choice("reply") == 0;
  s.connected = m.flag("connected");
  if (s.awaits_reply) s.timeout = m.time_from("timeout", microsecond);
  if (!s.awaits_reply && m.has("timeout")) m.error("timeout", "belongs to reply: any");
  s.sockets = static_cast<spec::udp_sockets>(m.choice("sockets"));
  const bool one = s.sockets == spec::udp_sockets::one;
  if (!one) s.hold = m.time("hold");
  if (one && m.has("hold")) m.error("hold", "belongs to sockets: per_request");
  if (one && s.bind.size() > 1)
    m.error("bind", "one socket has one address; use sockets: per_request");
  if (one && s.connected && s.to.size() > 1)
    m.error("connected", "one connected socket has one destination; use sockets: per_request");
  for (const auto& e : s.to)
    if (one && e.address.family != s.to.front().address.family) {
      m.error("to", "mixes IPv4 and IPv6, which one socket cannot send to");
      break;
    }
  s.options = read_options(p.c, m);
  if (const auto n = m.maybe_whole("limit")) s.limit = static_cast<std::uint64_t>(*n);
  return s;
}

struct kind_row {
  const table* keys;
  spec::app_kind (*read)(place, mapping&);
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
