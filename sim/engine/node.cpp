#include "sim/engine/world_impl.h"

namespace fourtuple::engine {

node::node(world& w, std::uint32_t entity)
    : surroundings(w.shared_), world_(w), entity_(entity) {}

void node::schedule_timer_token(instant at) {
  world_.schedule(at, entity_, core::phase::timer, *this, 0);
}
void node::schedule_alarm(instant at, std::uint32_t index) {
  world_.schedule(at, entity_, core::phase::application, *this, index);
}

void node::process_finished(process& p) {
  if (std::erase(world_.unfinished_, &p) != 0 && world_.unfinished_.empty())
    world_.all_finished_ = true;
}

result<host::route> node::find_route(wire::address_id destination) const {
  constexpr std::uint32_t loopback_mtu = 65536;
  wire::address_table& all = addresses();
  const family f = all.family_of(destination);
  if (all.is_loopback(destination))
    return host::route{all.intern(ip_address::loopback(f)), loopback_mtu, true};
  const std::uint32_t there = world_.owner_of(destination, entity_);
  if (there == world::nobody) return errc::enetunreach;
  if (there == entity_) return host::route{destination, loopback_mtu, true};
  if (!world_.net_.latency(entity_, there)) return errc::enetunreach;
  for (const wire::address_id mine : addresses_)
    if (all.family_of(mine) == f) return host::route{mine, 1500, false};
  return errc::enetunreach;
}

}  // namespace fourtuple::engine
