#include "sim/report/port_budget.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "sim/core/timer_wheel.h"
#include "sim/report/neighbours.h"
#include "sim/report/reading.h"

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

bool binds_first(const outgoing& c) {
  return !c.bind.empty() && !has_option(c, spec::sockopt::ip_bind_address_no_port);
}

/// What the loads and pools of the file ask of a proxy; nothing where one of them has no rate.
std::vector<stream> streams_to(const spec::scenario& s, const spec::app& proxy) {
  std::vector<stream> all;
  for (const auto& a : s.apps) {
    const auto to = destinations_of(a);
    const auto here = std::count_if(to.begin(), to.end(),
                                    [&](const endpoint& e) { return listener_at(s, e) == &proxy; });
    if (here == 0) continue;
    std::optional<stream> one;
    if (const auto* l = std::get_if<spec::load>(&a.kind)) {
      if (const auto rate = rate_asked(*l)) one = stream_of(*l, *rate);
    }
    if (const auto* p = std::get_if<spec::pool>(&a.kind)) one = stream_of(*p, per_second(p->rate));
    if (!one) return {};
    one->members = a.host.member ? 1 : s.hosts[a.host.host].members();
    one->rate *= static_cast<double>(here) / static_cast<double>(to.size());
    all.push_back(*one);
  }
  return all;
}

std::uint64_t free_ports(const spec::host& h, profile::port_range r) {
  return r.low > r.high ? 0 : r.size() - h.sysctls.ip_local_reserved_ports.count_in(r);
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
  b.ports = free_ports(h, {b.low, b.high});
  if (h.profile->is_linux && b.ports > 1) b.passed_over = (b.high - b.low + 1) % 2;
  b.ports_of_host = free_ports(h, range);
  b.ports_of_widest = free_ports(h, {1024, 65535});
}

/// By how much a TIME-WAIT may outlast its length.
duration lateness(const spec::host& h, duration time_wait) {
  if (h.timers == spec::timer_mode::ideal) return {};
  const std::int64_t jiffies = time_wait * h.hz / std::chrono::seconds{1};
  const auto late = core::timer_wheel::granularity(static_cast<std::uint64_t>(jiffies));
  return duration{std::chrono::seconds{1}} * static_cast<std::int64_t>(late) / h.hz;
}

}  // namespace

bool binds_first(const spec::app& a) {
  return std::visit(
      [](const auto& kind) {
        if constexpr (requires { kind.bind; }) return binds_first({{}, kind.bind, kind.options});
        return false;
      },
      a.kind);
}

void port_budget::keep_time_wait(const spec::host& h) {
  const auto most = static_cast<std::uint64_t>(std::max(0, h.sysctls.tcp_max_tw_buckets));
  if (most < fits()) {
    kept_time_waits = most;
    return;
  }
  const duration length = h.profile->time_wait.length;
  time_wait = left_open_by.empty() ? length : h.sysctls.tcp_fin_timeout;
  late = lateness(h, std::min(time_wait, length));
  // A longer FIN-WAIT-2 has a timer for what is beyond that.
  if (time_wait > length) late += lateness(h, time_wait - length);
}

std::optional<double> port_budget::asked() const {
  return streams.empty() ? std::nullopt : std::optional(rate_of(streams));
}

std::uint64_t port_budget::pairs() const {
  return binds_first ? sources : std::lcm(destinations, sources);
}

std::uint64_t port_budget::fits() const {
  const std::uint64_t all = ports * pairs();
  return all - std::min(all, kept_time_waits + held_open);
}

std::uint64_t port_budget::surely_fits() const {
  return fits() - std::min(fits(), passed_over * pairs());
}

duration port_budget::held() const {
  if (!hold) return duration::max();
  const duration waits = reuses() ? std::min(reuse_after, time_wait) : time_wait;
  return open() * 100 < waits ? waits : open() + waits;
}

duration port_budget::longest() const {
  return open() + (reuses() ? std::min(reuse_after_most, time_wait + late) : time_wait + late);
}

duration port_budget::shortest() const {
  return open() + (reuses() ? std::min(reuse_after_least, time_wait) : time_wait);
}

std::optional<double> port_budget::book_rate() const {
  if (!hold || held() == duration::zero()) return std::nullopt;
  return static_cast<double>(fits()) * second / static_cast<double>(ns(held()));
}

std::optional<double> port_budget::kernel_rate() const {
  if (!hold || held() == duration::zero()) return std::nullopt;
  const double room =
      any_random(streams) ? mean_that_fits(surely_fits()) : static_cast<double>(surely_fits());
  return room * second / static_cast<double>(ns(longest()));
}

bool port_budget::should_do() const {
  if (!hold) return false;
  if (longest() == duration::zero()) return true;
  // Those of loads that have just ended may be one more than their rate says, each.
  return !streams.empty() && most_at_once(streams, longest()) + after.size() <= surely_fits();
}

bool port_budget::may_do() const {
  if (!hold || streams.empty()) return false;
  return rate_of(streams) * static_cast<double>(ns(shortest())) <
         static_cast<double>(fits()) * second;
}

namespace {

/// Of both ends. A long list of destinations is one fleet, or as good as one.
bool has_timestamps(const spec::scenario& s, const outgoing& c, const spec::host& h) {
  constexpr std::ptrdiff_t looked_at = 100;
  const auto last = c.to.begin() + std::min(std::ssize(c.to), looked_at);
  return h.sysctls.tcp_timestamps != 0 && std::all_of(c.to.begin(), last, [&](const endpoint& e) {
           const auto owner = spec::owner_of(s, e.address);
           return !owner || s.hosts[owner->host].sysctls.tcp_timestamps != 0;
         });
}

/// What both kinds of clients have; nothing where fixed ports are bound.
std::optional<port_budget> budget_of(const spec::scenario& s, const outgoing& c,
                                     const spec::host& h) {
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
  b.binds = !c.bind.empty();
  b.binds_first = binds_first(c);
  const bool loopback = std::all_of(c.to.begin(), c.to.end(),
                                    [](const endpoint& e) { return e.address.is_loopback(); });
  b.tw_reuse = h.sysctls.tcp_tw_reuse == 1 || (h.sysctls.tcp_tw_reuse == 2 && loopback);
  b.timestamps = has_timestamps(s, c, h);
  b.reuse_after = std::max(h.sysctls.tcp_tw_reuse_delay, duration{1'000'000});
  if (h.profile->time_wait.reuse_clock == profile::tw_reuse_clock::whole_seconds) {
    b.reuse_after = b.reuse_after_most = std::chrono::seconds{1};
  } else {
    b.reuse_after_least = b.reuse_after;
    b.reuse_after_most = b.reuse_after + std::chrono::milliseconds{1};
  }
  return b;
}

/// A server that never closes is the end of all of them, where the destinations are one fleet.
void set_left_open(port_budget& b, const spec::scenario& s, const std::vector<endpoint>& to) {
  const spec::app* server = nullptr;
  constexpr std::ptrdiff_t looked_at = 100;
  const auto last = to.begin() + std::min(std::ssize(to), looked_at);
  for (auto e = to.begin(); e != last; ++e) {
    server = listener_at(s, *e);
    if (server == nullptr) return;
    const auto* echo = std::get_if<spec::echo_server>(&server->kind);
    b.may_close = echo != nullptr;
    const bool never = echo != nullptr ? echo->close.kind == spec::server_close::when::never
                                       : std::holds_alternative<spec::listener>(server->kind);
    if (!never) return;
  }
  if (server != nullptr) b.left_open_by = server->name;
}

/// The part of a proxy: a connection is held as long as its upstream thinks, and the proxy closes
/// first unless its upstream closes after each reply.
void set_upstream(port_budget& b, const spec::scenario& s, const spec::app& a,
                  const spec::proxy& p) {
  b.proxied = true;
  b.hold = duration{};
  if (p.keepalive == 0) b.streams = streams_to(s, a);
  bool closes_first = false;
  for (const auto& to : p.upstream) {
    const spec::app* server = listener_at(s, to);
    const auto* e = server == nullptr ? nullptr : std::get_if<spec::echo_server>(&server->kind);
    if (e != nullptr) b.hold = std::max(*b.hold, e->delay);
    if (e == nullptr || e->close.kind != spec::server_close::when::after_reply) closes_first = true;
  }
  b.busy = b.hold;
  if (p.upstream_idle_timeout && b.destinations == 1) {
    const auto streams = streams_to(s, a);
    double rate = 0;
    for (const stream& each : streams) rate = std::max(rate, each.rate);
    const duration pause{rate > 0 ? static_cast<std::int64_t>(second / rate) : 0};
    if (*p.upstream_idle_timeout + *b.busy < pause) b.pause = pause;
  }
  set_left_open(b, s, p.upstream);
  if (closes_first) b.keep_time_wait(s.hosts[a.host.host]);
}

std::optional<double> connections_in_all(const spec::scenario& s, const spec::load& l,
                                         std::optional<double> asked) {
  std::optional<double> all;
  if (asked && s.duration) all = *asked * static_cast<double>(ns(*s.duration)) / second;
  if (l.limit) all = std::min(all.value_or(1e18), static_cast<double>(*l.limit));
  return all;
}

}  // namespace

std::optional<port_budget> budget_of(const spec::scenario& s, const spec::app& a) {
  const spec::host& h = s.hosts[a.host.host];
  if (const auto* l = std::get_if<spec::load>(&a.kind)) {
    auto b = budget_of(s, outgoing{l->to, l->bind, l->options}, h);
    if (!b) return b;
    leave_out_listened(*b, s, a);
    if (const auto rate = rate_asked(*l)) b->streams.push_back(stream_of(*l, *rate));
    b->hold = b->busy = l->hold;
    if (l->close == spec::close_by::client) {
      set_left_open(*b, s, l->to);
      // With a length of its own, which is not looked at here.
      if (!b->left_open_by.empty() &&
          has_option({l->to, l->bind, l->options}, spec::sockopt::tcp_linger2))
        return std::nullopt;
      b->keep_time_wait(h);
    }
    add_neighbours(*b, s, a);
    b->in_all = connections_in_all(s, *l, b->asked());
    return b;
  }
  if (const auto* p = std::get_if<spec::proxy>(&a.kind)) {
    auto b = budget_of(s, outgoing{p->upstream, p->bind, p->options}, h);
    if (!b) return b;
    leave_out_listened(*b, s, a);
    set_upstream(*b, s, a, *p);
    add_neighbours(*b, s, a);
    return b;
  }
  return std::nullopt;
}

std::optional<datagram_ports> datagram_ports_of(const spec::scenario& s, const spec::app& a) {
  const auto own_ports = [](const spec::app& each) {
    const auto* c = std::get_if<spec::udp_client>(&each.kind);
    const bool own = c != nullptr && c->sockets == spec::udp_sockets::per_request;
    return own ? c : nullptr;
  };
  const auto* mine = own_ports(a);
  if (mine == nullptr) return std::nullopt;
  port_budget b;
  set_range(b, {mine->to, mine->bind, mine->options}, s.hosts[a.host.host]);
  datagram_ports out{b.ports, b.low, b.high, 0};
  for (const auto& each : s.apps) {
    const auto* c = own_ports(each);
    if (c != nullptr && runs_beside(a, each)) out.asked += highest_rate(*c, per_second(c->rate));
  }
  return out;
}

}  // namespace fourtuple::report
