#include "sim/ports/rules.h"

#include <chrono>

namespace fourtuple::ports {

rules rules_of(const profile::host_profile& p, const profile::sysctls& s) {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  return {.connect = p.ports.connect,
          .bind = p.ports.bind,
          .range = s.ip_local_port_range,
          .reserved = s.ip_local_reserved_ports,
          .perturb_entries = p.ports.perturb_entries,
          .noise_steps = p.ports.noise_steps,
          .local_range_step = p.ports.local_range_step,
          .has_local_range = p.ports.has_local_port_range_option,
          .recompute_bucket = p.ports.bucket_recompute,
          .first_owner_sets_reuse = p.ports.first_owner_sets_reuse,
          .autobind_reuse = s.ip_autobind_reuse,
          .tw_reuse = s.tcp_tw_reuse,
          .reuse_clock = p.time_wait.reuse_clock,
          .tw_reuse_delay_ms = duration_cast<milliseconds>(s.tcp_tw_reuse_delay).count()};
}

port_bitmap reserved_ports(const rules& r) {
  port_bitmap all;
  for (const port_range& own : r.reserved.ranges())
    for (std::uint32_t p = own.low; p <= own.high; ++p) all.insert(static_cast<std::uint16_t>(p));
  return all;
}

effective_range range_for(const rules& r, port_range socket_option) {
  std::uint32_t low = r.range.low;
  std::uint32_t high = r.range.high;
  const bool local = r.has_local_range && socket_option != port_range{0, 0};
  if (local) {
    const std::uint32_t own_low = socket_option.low;
    const std::uint32_t own_high = socket_option.high;
    if (low <= own_low && own_low <= high) low = own_low;
    if (low <= own_high && own_high <= high) high = own_high;
  }
  return {low, high + 1, local};
}

}  // namespace fourtuple::ports
