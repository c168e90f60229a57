// What makes one host different from another, from the checked scenario.
#pragma once

#include <fourtuple/firewall.h>

#include <cstdint>
#include <string>
#include <vector>

#include "sim/host/timers.h"
#include "sim/profile/profile.h"
#include "sim/profile/sysctl.h"
#include "sim/tcp/limits.h"
#include "sim/wire/four_tuple.h"

namespace fourtuple::host {

struct host_config {
  std::string name;
  const profile::host_profile* profile = nullptr;
  profile::sysctls sysctls;
  std::vector<wire::address_id> addresses;  ///< without loopback
  timer_settings timers;
  std::vector<firewall_rule> firewall;
  std::uint64_t seed = 1;
  std::uint32_t entity = 0;  ///< the host's number in the world: the streams of its randomness
};

/// The numbers that TCP decisions need, from profile and sysctls as they are now.
[[nodiscard]] tcp::limits limits_of(const profile::host_profile& p, const profile::sysctls& s,
                                    std::uint32_t hz);

}  // namespace fourtuple::host
