#include "sim/report/port_budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "sim/report/reading.h"
#include "sim/report/text.h"

namespace fourtuple::report {

namespace {

constexpr double second = 1e9;

/// Who connects to where, as far as ports are concerned.
struct outgoing {
  const std::vector<endpoint>& to;
  const std::vector<endpoint>& bind;
  const std::vector<spec::sockopt_setting>& options;
};

bool has_option(const outgoing& c, spec::sockopt wanted) {
  return std::any_of(c.options.begin(), c.options.end(),
                     [&](const auto& o) { return o.option == wanted && o.value.number != 0; });
}

double per_second(const spec::rate& r) {
  return static_cast<double>(r.count) * second / static_cast<double>(r.per);
}

std::optional<double> rate_asked(const spec::load& l) {
  if (l.rate) return per_second(*l.rate);
  std::optional<double> highest;
  for (const auto& stage : l.stages) {
    highest = std::max(highest.value_or(0), per_second(stage.to));
  }
  return highest;
}

/// What the loads and pools of the file ask of a proxy; nothing where one of them has no rate.
std::optional<double> rate_asked(const spec::scenario& s, const spec::app& proxy) {
  double all = 0;
  for (const auto& a : s.apps) {
    const auto to = destinations_of(a);
    const auto here = std::count_if(to.begin(), to.end(),
                                    [&](const endpoint& e) { return listener_at(s, e) == &proxy; });
    if (here == 0) continue;
    std::optional<double> one;
    if (const auto* l = std::get_if<spec::load>(&a.kind)) one = rate_asked(*l);
    if (const auto* p = std::get_if<spec::pool>(&a.kind)) one = per_second(p->rate);
    if (!one) return std::nullopt;
    const auto members = a.host.member ? 1 : s.hosts[a.host.host].members();
    all += *one * static_cast<double>(members) * static_cast<double>(here) /
           static_cast<double>(to.size());
  }
  return all > 0 ? std::optional(all) : std::nullopt;
}

void set_range(port_budget& b, const outgoing& c, const spec::host& h) {
  const auto range = h.sysctls.ip_local_port_range;
  b.low = range.low;
  b.high = range.high;
  for (const auto& o : c.options) {
    if (o.option != spec::sockopt::ip_local_port_range) continue;
    const auto low = static_cast<std::uint16_t>(o.value.number & 0xffff);
    const auto high = static_cast<std::uint16_t>((o.value.number >> 16) & 0xffff);
    if (low != 0) b.low = std::max(b.low, low);
    if (high != 0) b.high = std::min(b.high, high);
  }
  if (b.low > b.high) return;
  const profile::port_range mine{b.low, b.high};
  b.ports = mine.size() - h.sysctls.ip_local_reserved_ports.count_in(mine);
}

cure no_limit(std::string name, std::string remark) {
  return {std::move(name), std::nullopt, true, std::move(remark)};
}

}  // namespace

datagram_ports ports_of(const spec::udp_client& c, const spec::host& h) {
  port_budget b;
  set_range(b, {c.to, c.bind, c.options}, h);
  datagram_ports out{b.ports, b.low, b.high, per_second(c.rate)};
  for (const auto& change : c.rate_changes) out.asked = std::max(out.asked, per_second(change.to));
  return out;
}

std::uint64_t port_budget::fits() const {
  return ports * sources * (binds_first ? 1 : destinations);
}

duration port_budget::held() const {
  if (!hold) return duration::max();
  const duration after = reuses ? std::min(reuse_after, time_wait) : time_wait;
  return *hold * 100 < after ? after : *hold + after;
}

std::optional<double> port_budget::book_rate() const {
  if (!hold || held() == duration::zero()) return std::nullopt;
  return static_cast<double>(fits()) * second / static_cast<double>(ns(held()));
}

namespace {

/// What both kinds of clients have; nothing where fixed ports are bound.
std::optional<port_budget> budget_of(const outgoing& c, const spec::host& h) {
  port_budget b;
  set_range(b, c, h);
  b.destinations = std::set<endpoint>(c.to.begin(), c.to.end()).size();
  std::set<ip_address> sources;
  for (const auto& e : c.bind) {
    if (e.port != 0) return std::nullopt;
    sources.insert(e.address);
  }
  b.sources = std::max<std::uint64_t>(1, sources.size());
  b.has_no_port = h.profile->ports.has_bind_address_no_port;
  b.binds_first = !c.bind.empty() && !has_option(c, spec::sockopt::ip_bind_address_no_port);
  const bool loopback = std::all_of(c.to.begin(), c.to.end(),
                                    [](const endpoint& e) { return e.address.is_loopback(); });
  // bind() never takes over a TIME-WAIT, whatever tcp_tw_reuse says.
  b.reuses =
      !b.binds_first && (h.sysctls.tcp_tw_reuse == 1 || (h.sysctls.tcp_tw_reuse == 2 && loopback));
  b.reuse_after = std::max(h.sysctls.tcp_tw_reuse_delay, duration{1'000'000});
  if (h.profile->time_wait.reuse_clock == profile::tw_reuse_clock::whole_seconds) {
    b.reuse_after = std::chrono::seconds{1};
  }
  return b;
}

/// The part of a proxy: a connection is held as long as its upstream thinks, and the proxy closes
/// first unless its upstream closes after each reply.
void set_upstream(port_budget& b, const spec::scenario& s, const spec::app& a,
                  const spec::proxy& p) {
  b.proxied = true;
  b.hold = duration{};
  if (p.keepalive == 0) b.asked = rate_asked(s, a);
  bool closes_first = false;
  for (const auto& to : p.upstream) {
    const spec::app* server = listener_at(s, to);
    const auto* e = server == nullptr ? nullptr : std::get_if<spec::echo_server>(&server->kind);
    if (e != nullptr) b.hold = std::max(*b.hold, e->delay);
    if (e == nullptr || e->close.kind != spec::server_close::when::after_reply) closes_first = true;
  }
  if (closes_first) b.time_wait = s.hosts[a.host.host].profile->time_wait.length;
}

cure kept_connections(const port_budget& b) {
  const double asked = b.asked.value_or(0);
  const double busy = b.hold ? asked * static_cast<double>(ns(*b.hold)) / second : 0;
  const auto size = grouped(static_cast<std::uint64_t>(std::ceil(std::max(1.0, busy))));
  const bool known = b.hold && *b.hold > duration::zero() && asked > 0;
  const std::string product =
      known ? fmt::format("{} x {} busy at once", rate_text(asked), time_text(ns(*b.hold))) : "";
  if (known)
    return no_limit(b.proxied ? fmt::format("keepalive: {} or more", size)
                              : fmt::format("pool of {} kept connections", size),
                    product);
  return no_limit(b.proxied ? "a larger keepalive" : "pool: kept connections",
                  "as many as are busy at once");
}

}  // namespace

std::optional<port_budget> budget_of(const spec::scenario& s, const spec::app& a) {
  const spec::host& h = s.hosts[a.host.host];
  if (const auto* l = std::get_if<spec::load>(&a.kind)) {
    auto b = budget_of(outgoing{l->to, l->bind, l->options}, h);
    if (!b) return b;
    b->asked = rate_asked(*l);
    b->hold = l->hold;
    if (l->close == spec::close_by::client) b->time_wait = h.profile->time_wait.length;
    return b;
  }
  if (const auto* p = std::get_if<spec::proxy>(&a.kind)) {
    auto b = budget_of(outgoing{p->upstream, p->bind, p->options}, h);
    if (b) set_upstream(*b, s, a, *p);
    return b;
  }
  return std::nullopt;
}

std::vector<cure> cures_of(const port_budget& b) {
  std::vector<cure> out;
  const double asked = b.asked.value_or(0);
  const auto add = [&](std::string name, const port_budget& changed, std::string remark) {
    const auto rate = changed.book_rate();
    out.push_back({std::move(name), rate, rate && asked > 0 && *rate >= asked, std::move(remark)});
  };
  if (b.hold) out.push_back(kept_connections(b));
  if (!b.reuses && !b.binds_first && b.time_wait > b.reuse_after) {
    port_budget changed = b;
    changed.reuses = true;
    add("net.ipv4.tcp_tw_reuse: 1", changed, "needs timestamps; client side");
  }
  if (b.binds_first && b.has_no_port && b.destinations > 1) {
    port_budget changed = b;
    changed.binds_first = false;
    add("options: [IP_BIND_ADDRESS_NO_PORT]", changed, "a port may serve several destinations");
  }
  if (b.low > 1024 || b.high < 65535) {
    port_budget changed = b;
    changed.ports = 64512;
    add("net.ipv4.ip_local_port_range: \"1024 65535\"", changed, "mind listeners in that range");
  }
  if (const auto now = b.book_rate(); now && *now > 0 && asked > *now) {
    const auto times = static_cast<std::uint64_t>(std::ceil(asked / *now));
    port_budget changed = b;
    if (!b.binds_first) {
      changed.destinations = b.destinations * times;
      add(fmt::format("{} destination addresses", changed.destinations), changed, "");
      changed.destinations = b.destinations;
    }
    changed.sources = b.sources * times;
    add(fmt::format("{} source addresses", changed.sources), changed, "bind: in turn");
  }
  if (b.time_wait > duration::zero()) {
    port_budget changed = b;
    changed.time_wait = {};
    add(b.proxied ? "close: after_reply upstream" : "close: server", changed,
        "TIME-WAIT then stays with the server");
    if (!out.back().rate) out.back().enough = true;
  }
  std::stable_partition(out.begin(), out.end(), [](const cure& c) { return c.enough; });
  return out;
}

}  // namespace fourtuple::report
