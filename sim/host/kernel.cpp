#include "sim/host/kernel.h"

#include <algorithm>

#include "sim/core/random.h"

namespace fourtuple::host {

kernel::kernel(surroundings& world, host_config config)
    : world_(world),
      config_(std::move(config)),
      sysctls_(config_.sysctls),
      timers_(world, config_.timers),
      waits_(world),
      draws_(core::stream_key(config_.seed, config_.entity, core::purpose::ports)),
      filter_(world, config_, sysctls_, counters_),
      paths_(world),
      forwarder_(world, filter_, counters_, digest_),
      tcp_(parts()),
      udp_(parts()) {
  filter_.set(config_.firewall);
}

kernel::~kernel() {
  // A world ends with many connections open: to close each would send its FIN and cost more memory
  // than the run did.
  for (const auto& p : processes_) p->lose_power();
}

kernel_parts kernel::parts() {
  return {world_, config_, sysctls_, timers_, waits_, counters_, digest_, draws_, filter_, paths_};
}

sim_process& kernel::make_process(std::uint32_t uid, std::uint32_t nofile) {
  sim_process::identity who;
  who.pid = next_pid_++;
  who.uid = uid;
  who.nofile = nofile;
  const std::uint64_t key = core::stream_key(config_.seed, config_.entity, core::purpose::process);
  who.random_key = core::philox(key, who.pid, 0);
  processes_.push_back(std::make_unique<sim_process>(*this, who));
  return *processes_.back();
}

void kernel::end_process(sim_process& p) {
  const auto found = std::find_if(processes_.begin(), processes_.end(),
                                  [&](const auto& each) { return each.get() == &p; });
  FOURTUPLE_ASSERT(found != processes_.end(), "a process ended twice");
  const std::unique_ptr<sim_process> ending = std::move(*found);
  processes_.erase(found);
}

void kernel::receive_other(const wire::packet& p) {
  if (filter_.watches_input() && !filter_.lets_in(p)) {
    drop(p);
    return;
  }
  if (const auto* segment = std::get_if<wire::segment>(&p)) {
    tcp_.receive(*segment);
  } else if (const auto* d = std::get_if<wire::datagram>(&p)) {
    udp_.receive(*d);
  } else {
    const auto& e = std::get<wire::icmp_error>(p);
    const bool v6 = world_.addresses().family_of(e.from) == family::inet6;
    counters_.add(icmp_counter(e.kind, false, v6));
    if (e.protocol == wire::protocol::tcp) {
      tcp_.receive(e);
    } else {
      udp_.receive(e);
    }
  }
}

void kernel::drop(const wire::packet& p) {
  if (const auto* s = std::get_if<wire::segment>(&p)) world_.payloads().release(s->payload);
  if (const auto* d = std::get_if<wire::datagram>(&p)) world_.payloads().release(d->payload);
}

void kernel::on_timer_token() {
  timers_.on_token([this](timers::due d) { tcp_.on_timer(d.kind, d.index); });
  tcp_.rest_some();
}

std::optional<std::string> kernel::set_sysctl(std::string_view name, std::string_view value) {
  auto refused = profile::set_sysctl(sysctls_, *config_.profile, name, value);
  if (!refused) {
    tcp_.configure();
    udp_.configure();
  }
  return refused;
}

watched kernel::to_watch(description d) {
  switch (d.what()) {
    case description::kind::tcp:
      return tcp_.to_watch(d.index());
    case description::kind::udp:
      return udp_.to_watch(d.index());
    case description::kind::none:
      break;
  }
  return {};
}

std::uint64_t kernel::random_bits(std::uint64_t key, std::uint64_t count) const {
  return core::philox(key, count, 0);
}

void kernel::begin_counting(instant from) {
  counters_ = {};
  tcp_.begin_counting(from);
  udp_.begin_counting(from);
}

observe::host_metrics kernel::look() const {
  observe::host_metrics m;
  m.name = config_.name;
  m.nstat = counters_.moved();
  tcp_.look(m);
  udp_.look(m);
  return m;
}

std::vector<observe::socket_row> kernel::sockets() const {
  std::vector<std::pair<std::uint32_t, observe::socket_row>> tcp_rows;
  std::vector<std::pair<std::uint32_t, observe::socket_row>> udp_rows;
  tcp_.rows(tcp_rows);
  udp_.rows(udp_rows);
  const auto attach = [](auto& rows, const sim_process& p, descriptor fd, std::uint32_t index) {
    for (auto& [i, row] : rows)
      if (i == index && i != 0) row.holders.push_back({p.program(), p.pid(), fd});
  };
  // One pass over the descriptors per process; the rows are few or the caller is patient.
  std::vector<std::vector<std::pair<const sim_process*, descriptor>>> tcp_of;
  for (const auto& p : processes_) {
    for (descriptor fd = 3; fd < p->descriptors().end(); ++fd) {
      const description d = p->descriptors().find(fd);
      if (d.what() == description::kind::tcp) {
        if (d.index() >= tcp_of.size()) tcp_of.resize(d.index() + 1);
        tcp_of[d.index()].emplace_back(p.get(), fd);
      }
      if (d.what() == description::kind::udp) attach(udp_rows, *p, fd, d.index());
    }
  }
  std::vector<observe::socket_row> all;
  for (auto& [i, row] : tcp_rows) {
    if (i != 0 && i < tcp_of.size())
      for (const auto& [p, fd] : tcp_of[i]) row.holders.push_back({p->program(), p->pid(), fd});
    all.push_back(std::move(row));
  }
  for (auto& [i, row] : udp_rows) all.push_back(std::move(row));
  return all;
}

}  // namespace fourtuple::host
