#include "tests/exhaustive/lone_host.h"

#include <utility>

namespace fourtuple::exhaustive {

lone_host::lone_host() : host::surroundings(lone_commons::shared) {
  here_ = addresses().intern(ip_address::v4(10, 0, 0, 1));
  there_ = addresses().intern(ip_address::v4(10, 0, 0, 2));
  host::host_config c;
  c.name = "host";
  c.profile = profile::find_profile("linux-6.18").profile;
  c.sysctls = profile::boot_sysctls(*c.profile);
  c.addresses = {here_};
  c.timers.ideal = true;
  kernel_ = std::make_unique<host::kernel>(*this, std::move(c));
  process_ = &kernel_->make_process(0, 1024);
}

void lone_host::hear(const wire::segment& s) {
  lone_commons::shared.in_soft_interrupt = true;
  kernel_->receive(s);
  lone_commons::shared.in_soft_interrupt = false;
}

bool lone_host::timer_until(instant then) {
  host::commons& world = lone_commons::shared;
  if (token_ > then) {
    world.now = then;
    return false;
  }
  world.now = std::exchange(token_, never);
  world.in_soft_interrupt = true;
  kernel_->on_timer_token();
  world.in_soft_interrupt = false;
  return true;
}

std::optional<observe::socket_row> lone_host::row() const {
  std::optional<observe::socket_row> listener;
  for (observe::socket_row& r : kernel_->sockets()) {
    if (r.state == "CLOSED") continue;
    if (r.state != "LISTEN") return std::move(r);
    listener = std::move(r);
  }
  return listener;
}

std::uint64_t lone_host::counter(const std::string& name) const {
  return kernel_->look().nstat[name];
}

result<host::route> lone_host::find_route(wire::address_id destination) const {
  if (destination != there_) return errc::enetunreach;
  return host::route{here_, 1500, false};
}

}  // namespace fourtuple::exhaustive
