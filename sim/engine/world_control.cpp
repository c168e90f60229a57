// What a run does with the world from outside: processes, changes, looking.
#include <algorithm>
#include <cinttypes>
#include <cstdio>

#include "sim/engine/coordinator.h"
#include "sim/engine/world_impl.h"

namespace fourtuple::engine {

process& world::make_process(std::string_view host, const process_options& how) {
  return hosts_[id_of(host)].make_process(how.uid, how.nofile);
}

void world::end_process(process& p) {
  auto& ending = static_cast<host::sim_process&>(p);
  process* const gone = &p;
  ending.owner().end_process(ending);
  note_finished(gone);
}

void world::note_finished(const process* p) {
  if (std::erase(unfinished_, p) == 0 || !unfinished_.empty()) return;
  all_finished_ = true;
  next_question_ = 0;
}

std::uint64_t world::count(std::string_view host, std::string_view state) const {
  const host::tcp_stack& tcp = std::as_const(hosts_[id_of(host)]).tcp();
  for (std::size_t s = 0; s < tcp::state_count; ++s)
    if (tcp::name(static_cast<tcp::state>(s)) == state)
      return tcp.count(static_cast<tcp::state>(s));
  return 0;
}

bool world::set_sysctl(std::string_view host, std::string_view name, std::string_view value,
                       std::string& message) {
  const auto refused = hosts_[id_of(host)].set_sysctl(name, value);
  if (refused) message = *refused;
  return !refused;
}

bool world::set_firewall(std::string_view host, std::span<const firewall_rule> rules,
                         std::string&) {
  hosts_[id_of(host)].set_firewall(rules);
  return true;
}

/// They remember what links were like, and whether somebody looks at packets.
void world::forget_ways() {
  for (const auto& n : nodes_) n->last_ = {};
}

bool world::set_link(std::uint32_t link, const link_change& change, std::string&) {
  net_.set_link(link, change);
  forget_ways();
  return true;
}

process& world::coordinator() { return *coordinator_; }

std::string world::digest() const {
  core::digest all;
  for (const auto& h : hosts_) all.add(h.digest());
  char text[17];
  std::snprintf(text, sizeof text, "%016" PRIx64, all.value());
  return text;
}

std::vector<std::string> world::host_names() const {
  std::vector<std::string> names;
  for (const auto& h : hosts_) names.push_back(h.name());
  return names;
}

observe::host_metrics world::look(std::string_view host) const {
  return hosts_[id_of(host)].look();
}

observe::port_levels world::levels(std::string_view host) const {
  return std::as_const(hosts_[id_of(host)]).tcp().levels();
}

std::vector<observe::socket_row> world::sockets(std::string_view host) const {
  return hosts_[id_of(host)].sockets();
}

void world::begin_counting(instant from) {
  for (auto& h : hosts_) h.begin_counting(from);
}

bool world::capture(observe::packet_log* log) {
  recorder_.reset();
  if (log != nullptr) recorder_ = std::make_unique<packet_recorder>(shared_, host_names(), *log);
  just_carries_ = !routed_ && recorder_ == nullptr;
  forget_ways();
  return true;
}

void world::describe_process(process& p, std::string_view program, bool must_finish) {
  if (&p != coordinator_.get()) static_cast<host::sim_process&>(p).set_program(program);
  if (must_finish) unfinished_.push_back(&p);
}

}  // namespace fourtuple::engine
