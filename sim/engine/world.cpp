#include "sim/engine/world.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <span>
#include <utility>

#include "sim/core/assert.h"
#include "sim/core/random.h"
#include "sim/engine/coordinator.h"
#include "sim/engine/world_impl.h"
#include "sim/wire/size.h"

namespace fourtuple::engine {
namespace {

wire::address_id destination_of(const wire::packet& p) {
  if (const auto* s = std::get_if<wire::segment>(&p)) return s->tuple.remote;
  if (const auto* d = std::get_if<wire::datagram>(&p)) return d->tuple.remote;
  return std::get<wire::icmp_error>(p).about.local;
}

}  // namespace

std::unique_ptr<observe::backend> make_world(const spec::scenario& s,
                                             const world_options& options) {
  return std::make_unique<world>(s, options);
}

world::world(const spec::scenario& s, const world_options& options)
    : options_(options), net_(s), hosts_(s.host_count()) {
  make_hosts(s);
  const auto entity = static_cast<std::uint32_t>(hosts_.size());
  nodes_.push_back(std::make_unique<node>(*this, entity));
  coordinator_ = std::make_unique<coordinator_process>(
      *nodes_.back(), core::stream_key(s.seed, entity, core::purpose::process));
}

world::~world() {
  // Tasks of the coordinator may wait on processes of hosts, so they end first.
  coordinator_.reset();
  hosts_.clear();
}

void world::make_hosts(const spec::scenario& s) {
  for (const spec::host_ref& each : spec::in_name_order(s)) {
    const auto id = static_cast<std::uint32_t>(hosts_.size());
    const spec::host& h = s.hosts[each.host];
    nodes_.push_back(std::make_unique<node>(*this, id));
    host::host_config config;
    config.name = spec::member_name(h, each.member);
    ids_.emplace(config.name, id);
    routed_ = routed_ || h.router;
    just_carries_ = !routed_;
    config.profile = h.profile;
    config.sysctls = h.sysctls;
    config.firewall = h.firewall;
    config.seed = s.seed;
    config.entity = id;
    config.timers.hz = h.hz;
    config.timers.ideal = h.timers == spec::timer_mode::ideal;
    constexpr std::uint64_t hour = 3'600'000'000'000;
    const std::uint64_t draw =
        core::philox(core::stream_key(s.seed, id, core::purpose::timer_phase), 0, 0);
    config.timers.boot = duration{static_cast<std::int64_t>(hour + core::below(draw, hour))};
    nodes_.back()->addresses_ = spec::addresses_of(h, each.member);
    for (const ip_address& a : nodes_.back()->addresses_) {
      const wire::address_id known = shared_.addresses.intern(a);
      config.addresses.push_back(known);
      if (known.value >= owners_.size()) owners_.resize(known.value + 1, nobody);
      owners_[known.value] = id;
    }
    nodes_.back()->link_key_ = core::stream_key(s.seed, id, core::purpose::loss);
    hosts_.emplace_back(*nodes_.back(), std::move(config));
  }
}

std::uint32_t world::id_of(std::string_view host) const {
  const auto found = ids_.find(host);
  FOURTUPLE_ASSERT(found != ids_.end(), "no host of that name");
  return found->second;
}

std::uint32_t world::owner_of(wire::address_id a, std::uint32_t asking) const {
  if (shared_.addresses.is_loopback(a)) return asking;
  return a.value < owners_.size() ? owners_[a.value] : nobody;
}

// ---- packets and events -------------------------------------------------------------------------

node::way world::find_way(std::uint32_t from, wire::address_id to) const {
  node::way w;
  w.to = to;
  const std::uint32_t owner = owner_of(to, from);
  w.host = owner;
  w.exists = owner == from;
  if (w.exists) return w;
  auto hop = owner == nobody ? std::nullopt : net_.next_hop(from, owner);
  if (!hop) hop = net_.gateway(from);
  if (!hop) return w;
  w.exists = true;
  w.host = hop->host;
  w.link = hop->link;
  w.delay = w.link->latency;
  w.plain = w.link->plain();
  if (!w.plain) w.direction = &nodes_[from]->direction_to(w.host);
  w.straight = just_carries_ && w.plain && w.delay != duration{} &&
               shared_.addresses.family_of(to) == family::inet;
  return w;
}

inline const node::way& node::way_to(wire::address_id to) const {
  if (last_.to != to) [[unlikely]]
    look_for(to);
  return last_;
}
void node::look_for(wire::address_id to) const {
  last_ = world_.find_way(entity_, to);
  last_.route = route_over(last_);
}

namespace {

wire::address_id source_of(const wire::segment& s) { return s.tuple.local; }
wire::address_id source_of(const wire::datagram& d) { return d.tuple.local; }
wire::address_id source_of(const wire::icmp_error& e) { return e.from; }

/// ip6_fragment(): how many packets of IPv6 `p` travels in.
std::uint32_t packets_of(const wire::packet& p) {
  constexpr std::uint32_t headers = 40 + 8;  // and of the fragment
  constexpr std::uint32_t udp_header = 8;
  const auto* d = std::get_if<wire::datagram>(&p);
  if (d == nullptr || d->fragment_mtu == 0) return 1;
  const std::uint32_t each = (d->fragment_mtu - headers) & ~7U;
  return (d->length + udp_header + each - 1) / each;
}

}  // namespace

/// ip6_rcv_core(): no packet from ::1 may come over a link; over IPv4 the sender's own routes
/// refuse 127.0.0.0/8. DEVIATION: the receiver counts it as it leaves, whatever the link does to
/// it: who sends from ::1 over a link that loses, and looks at Ip6InHdrErrors.
template <class Packet>
void world::send_from_loopback(node& from, const node::way& way, const Packet& p) {
  const std::uint32_t record = in_flight_.make(p);
  if (recorder_ != nullptr) {
    recorder_->sent(in_flight_[record], record, from.entity_, way.host,
                    hosts_[from.entity_].hop_limit(family::inet6));
    recorder_->lost(record);
  }
  hosts_[way.host].refuse_from_loopback(packets_of(in_flight_[record]));
  drop(record);
}

template <class Packet>
void world::send(node& from, wire::address_id to, const Packet& p) {
  const node::way& way = from.way_to(to);
  if (!way.exists) return;
  if (shared_.addresses.is_loopback(source_of(p)) && way.host != from.entity_) [[unlikely]] {
    send_from_loopback(from, way, p);
    return;
  }
  const std::uint32_t record = in_flight_.make(p);
  if (routed_) [[unlikely]]
    hop_limit(record) = hosts_[from.entity_].hop_limit(shared_.addresses.family_of(to));
  start_out(from, way, record);
}

void world::record_sent(const node& from, const node::way& way, std::uint32_t record) {
  const wire::packet& p = in_flight_[record];
  const family f = shared_.addresses.family_of(way.to);
  const std::uint8_t ttl = routed_ ? hop_limit(record) : hosts_[from.entity_].hop_limit(f);
  recorder_->sent(p, record, from.entity_, way.host, ttl);
}

[[gnu::always_inline]] inline void world::start_out(node& from, const node::way& way,
                                                    std::uint32_t record) {
  if (recorder_ != nullptr) [[unlikely]]
    record_sent(from, way, record);
  if (!way.plain) [[unlikely]] {
    send_shaped(from, way, record);
    return;
  }
  if (way.delay != duration{}) {
    schedule(now() + way.delay, way.host, core::phase::arrival, from, record);
    return;
  }
  fifo_.push({way.host, record});
  if (!shared_.in_soft_interrupt) drain();
}

void world::send_shaped(node& from, const node::way& way, std::uint32_t record) {
  const wire::packet& p = in_flight_[record];
  const bool v6 = shared_.addresses.family_of(way.to) == family::inet6;
  const net::link_direction::fate fate =
      way.direction->pass(*way.link, now(), wire::ip_bytes(p, v6) + wire::ethernet_header);
  if (!fate.arrives) {
    if (recorder_ != nullptr) recorder_->lost(record);
    drop(record);
    return;
  }
  const std::uint32_t twin = fate.again ? copy_of(record) : 0;
  const std::uint32_t to = way.host;  // a delivery at once may change the way
  arrive(from, to, *fate.arrives, record);
  if (fate.again) arrive(from, to, *fate.again, twin);
}

void world::arrive(node& from, std::uint32_t host, instant at, std::uint32_t record) {
  if (at != now()) {
    schedule(at, host, core::phase::arrival, from, record);
    return;
  }
  fifo_.push({host, record});
  if (!shared_.in_soft_interrupt) drain();
}

/// A recorder sees the first of the two only.
std::uint32_t world::copy_of(std::uint32_t record) {
  const std::uint32_t twin = in_flight_.make(in_flight_[record]);
  const wire::packet& p = in_flight_[twin];
  if (const auto* s = std::get_if<wire::segment>(&p)) shared_.payloads.share(s->payload);
  if (const auto* d = std::get_if<wire::datagram>(&p)) shared_.payloads.share(d->payload);
  if (routed_) hop_limit(twin) = hop_limit(record);
  if (recorder_ != nullptr) recorder_->forget(twin);
  return twin;
}

void world::drop(std::uint32_t record) {
  const wire::packet& p = in_flight_[record];
  if (const auto* s = std::get_if<wire::segment>(&p)) shared_.payloads.release(s->payload);
  if (const auto* d = std::get_if<wire::datagram>(&p)) shared_.payloads.release(d->payload);
  in_flight_.free(record);
}

net::link_direction& node::direction_to(std::uint32_t host) {
  const auto found = directions_.find(host);
  if (found != directions_.end()) return found->second;
  return directions_.emplace(host, core::philox(link_key_, host, 0)).first->second;
}

result<host::route> node::find_route(wire::address_id destination) const {
  return way_to(destination).route;
}

result<host::route> node::route_over(const way& w) const {
  constexpr std::uint32_t loopback_mtu = 65536;
  wire::address_table& all = addresses();
  const family f = all.family_of(w.to);
  if (all.is_loopback(w.to))
    return host::route{all.intern(ip_address::loopback(f)), loopback_mtu, true, true};
  if (!w.exists) return errc::enetunreach;
  // IPv6 has no secondary addresses: each is reached from itself.
  if (w.host == entity_ && f == family::inet6) return host::route{w.to, loopback_mtu, true, true};
  const ip_address& to = all.at(w.to);
  const bool routed = w.host != entity_ && w.host != world_.owner_of(w.to, entity_);
  const std::span<const ip_address> next =
      routed ? std::span<const ip_address>(world_.nodes_[w.host]->addresses_) : std::span(&to, 1);
  const auto source = spec::source_for(addresses_, next, f);
  if (!source) return errc::enetunreach;
  const wire::address_id mine = all.intern(addresses_[*source]);
  if (w.host == entity_) return host::route{mine, loopback_mtu, true, true};
  const bool direct = w.plain && w.delay == duration{};
  return host::route{mine, w.link->mtu, false, direct};
}

void node::emit(const wire::segment& s) {
  const way& w = way_to(s.tuple.remote);
  if (w.straight && world_.in_flight_.has_free()) [[likely]] {
    world_.schedule(world_.now() + w.delay, w.host, core::phase::arrival, *this,
                    world_.in_flight_.make(s));
  } else {
    emit_with_care(s);
  }
}
void node::emit_with_care(const wire::segment& s) { world_.send(*this, s.tuple.remote, s); }
void node::emit(const wire::datagram& d) { world_.send(*this, d.tuple.remote, d); }
void node::emit(const wire::icmp_error& e) { world_.send(*this, e.about.local, e); }

/// The packet stays where it is while it is processed: the slab's records do not move.
[[gnu::always_inline]] inline void world::deliver(std::uint32_t host, std::uint32_t record) {
  if (!just_carries_) [[unlikely]] {
    if (recorder_ != nullptr) recorder_->arrived(record);
    if (routed_ && passes_on(host, record)) return;
  }
  hosts_[host].receive(in_flight_[record]);
  in_flight_.free(record);
}

/// A router has been given what is not for itself.
bool world::passes_on(std::uint32_t router, std::uint32_t record) {
  const wire::address_id to = destination_of(in_flight_[record]);
  if (owner_of(to, router) == router || shared_.addresses.at(to).is_broadcast()) return false;
  forward(router, to, record);
  return true;
}

void world::forward(std::uint32_t router, wire::address_id to, std::uint32_t record) {
  const node::way way = nodes_[router]->way_to(to);
  std::optional<host::next_link> next;
  if (way.exists) next = host::next_link{way.link->mtu};
  if (!hosts_[router].forwards(in_flight_[record], hop_limit(record), next)) {
    drop(record);
    return;
  }
  --hop_limit(record);
  start_out(*nodes_[router], way, record);
}

std::uint8_t& world::hop_limit(std::uint32_t record) {
  if (record >= hop_limits_.size()) hop_limits_.resize(record + 1);
  return hop_limits_[record];
}

void world::drain() {
  shared_.in_soft_interrupt = true;
  while (!fifo_.empty()) {
    const pending_packet next = fifo_.pop();
    deliver(next.host, next.record);
  }
  shared_.in_soft_interrupt = false;
}

void world::dispatch(const core::event& e) {
  const std::uint32_t to = e.destination();
  switch (e.phase()) {
    case core::phase::arrival:
      shared_.in_soft_interrupt = true;
      deliver(to, e.record());
      break;
    case core::phase::timer:
      shared_.in_soft_interrupt = true;
      hosts_[to].on_timer_token();
      break;
    default:
      if (to == hosts_.size()) {
        coordinator_->on_alarm(e.record());
      } else {
        hosts_[to].on_alarm(e.record());
      }
      return;
  }
  shared_.in_soft_interrupt = false;
}

bool world::settle() {
  constexpr unsigned between_questions = 16;
  if (!fifo_.empty()) drain();
  core::ring<waiter*>& ring = shared_.ring;
  for (unsigned woken = 0; !ring.empty(); ++woken) {
    if (woken == between_questions) return false;
    waiter* const w = ring.pop();
    if (w == nullptr) continue;
    w->queued = false;
    w->pending = false;
    w->woken();
    if (!fifo_.empty()) drain();
  }
  return true;
}

bool world::settled(bool (*keep_going)(void*), void* context) {
  while (!settle())
    if (keep_going != nullptr && !keep_going(context)) return false;
  return true;
}

observe::backend::stop world::run_until(instant until, bool (*keep_going)(void*), void* context) {
  if (!settled(keep_going, context)) return stop::interrupted;
  if (std::exchange(all_finished_, false)) return stop::finished;
  while (true) {
    const core::event* const next = queue_.pop_by(ns(until));
    if (next == nullptr) {
      if (until == never) return stop::quiet;
      shared_.now = std::max(now(), until);
      return stop::reached;
    }
    shared_.now = at_ns(next->at());
    dispatch(*next);
    if (!settled(keep_going, context)) return stop::interrupted;
    if (++events_ < next_question_) continue;
    if (const auto said = questions(keep_going, context)) return *said;
  }
}

/// What need not be asked after every event.
std::optional<observe::backend::stop> world::questions(bool (*keep_going)(void*), void* context) {
  if (std::exchange(all_finished_, false)) return stop::finished;
  constexpr std::uint64_t between_questions = 4096;
  next_question_ = events_ / between_questions * between_questions + between_questions;
  if (options_.event_limit != 0) {
    if (events_ >= options_.event_limit) return stop::event_limit;
    next_question_ = std::min(next_question_, options_.event_limit);
  }
  const bool due = events_ % between_questions == 0;
  if (due && keep_going != nullptr && !keep_going(context)) return stop::interrupted;
  return std::nullopt;
}

}  // namespace fourtuple::engine
