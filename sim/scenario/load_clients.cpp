// apps: that connect or send to others.
#include "sim/scenario/app_parts.h"
#include "sim/spec/template.h"

namespace fourtuple::scenario {
namespace {

void check_message(mapping& m, const std::string& text) {
  bool bad = false;
  for (const auto& name : spec::template_names(text, bad))
    if (name != "i") m.error("message", "unknown ${" + name + "} (only ${i}, the connection)");
  if (bad) m.error("message", "a ${ has no } (write $${ for the characters themselves)");
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
  if (!m.one_of("a load", {"rate", "concurrency", "stages"})) return;
  if (m.has("rate")) l.rate = m.rate_above_0("rate");
  if (m.has("concurrency")) l.concurrency = small(m.maybe_whole("concurrency"));
  if (m.has("stages")) l.stages = read_stages(p, m);
  if (m.has("concurrency") && m.has("arrivals"))
    m.error("arrivals", "belongs to rate or stages, not to concurrency");
  if (!m.has("concurrency") && m.has("pause")) m.error("pause", "belongs to concurrency");
}

}  // namespace

spec::app_kind read_load(place p, mapping& m) {
  spec::load l;
  l.bind = binds(p, m);
  l.to = destinations(p, m, l.bind);
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

spec::app_kind read_udp_client(place p, mapping& m) {
  spec::udp_client s;
  s.bind = binds(p, m);
  s.to = destinations(p, m, s.bind);
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

}  // namespace fourtuple::scenario
