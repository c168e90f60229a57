// apps: that others connect to.
#include "sim/profile/nearest.h"
#include "sim/scenario/app_parts.h"

namespace fourtuple::scenario {
namespace {

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
  const auto given = m.one_of(kind, {"port", "listen"});
  if (!given) return {};
  if (*given == 0) {
    const auto number = static_cast<std::uint16_t>(m.whole("port"));
    return {ip_address::any(family::inet), number};
  }
  return listen_endpoint(p, m);
}

std::optional<std::uint64_t> datagram_size(mapping& m, std::string_view key,
                                           const std::string& text) {
  const auto size = spec::parse_size(text);
  if (!size.value) m.error(key, size.error + " nor the words echo and none");
  if (size.value.value_or(0) > most_udp_bytes)
    m.error(key, "is more than a datagram holds (65507 B)");
  return size.value;
}

}  // namespace

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

spec::app_kind read_listener(place p, mapping& m) {
  spec::listener s;
  if (const node* n = m.find("ports")) s.ports = read_ports(p.c, *n);
  s.backlog = static_cast<std::int32_t>(m.whole("backlog"));
  s.accept = m.flag("accept");
  s.options = read_options(p.c, m);
  return s;
}

spec::app_kind read_proxy(place p, mapping& m) {
  spec::proxy s;
  s.listen = listen_endpoint(p, m);
  s.bind = binds(p, m);
  s.upstream = destinations(p, m, s.bind, "upstream");
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

}  // namespace fourtuple::scenario
