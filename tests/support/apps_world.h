// Scenarios put together by hand and run on the simulated kernel, for tests of applications and
// scripts.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "sim/apps/script.h"
#include "sim/apps/start.h"
#include "sim/engine/world.h"

namespace fourtuple::test {

using namespace std::chrono_literals;

inline const ip_address client_address = ip_address::v4(10, 0, 0, 1);
inline const ip_address server_address = ip_address::v4(10, 0, 0, 2);
inline endpoint server_at(std::uint16_t port) { return {server_address, port}; }

inline spec::host make_host(std::string name, ip_address address) {
  spec::host h;
  h.name = std::move(name);
  h.profile = profile::find_profile("linux-6.18").profile;
  h.sysctls = profile::boot_sysctls(*h.profile);
  h.addresses.push_back({address, 1, {}});
  h.user = {0, "root"};
  return h;
}

/// client 10.0.0.1 and server 10.0.0.2; a latency of 0 is veth.
inline spec::scenario two_hosts(duration latency = 1ms) {
  spec::scenario s;
  s.hosts = {make_host("client", client_address), make_host("server", server_address)};
  spec::link l;
  l.between[0].host = 0;
  l.between[1].host = 1;
  l.latency = latency;
  s.links.push_back(l);
  return s;
}

inline spec::app& add(spec::scenario& s, std::string name, std::uint32_t host, spec::app_kind k) {
  spec::app a;
  a.name = std::move(name);
  a.host.host = host;
  a.kind = std::move(k);
  a.user = {0, "root"};
  s.apps.push_back(std::move(a));
  return s.apps.back();
}

inline spec::echo_server server_on(std::uint16_t port) {
  spec::echo_server k;
  k.listen = {ip_address::any(family::inet), port};
  return k;
}

inline spec::load load_to(std::uint16_t port) {
  spec::load k;
  k.to = {server_at(port)};
  return k;
}

inline spec::rate per_second(std::uint64_t n) { return {n, 1'000'000'000}; }

/// A scenario in its world, with what its applications and script count.
class running {
 public:
  enum class ends : bool { never, with_its_apps };

  explicit running(spec::scenario s, ends when = ends::with_its_apps, duration pace = 3ms)
      : scenario_(std::make_unique<spec::scenario>(std::move(s))),
        world_(engine::make_world(*scenario_)) {
    for (const auto& a : scenario_->apps) {
      metrics_.push_back(std::make_unique<observe::app_metrics>());
      process& p = world_->make_process(scenario_->hosts[a.host.host].name, {a.user.uid, a.nofile});
      world_->describe_process(p, a.name, when == ends::with_its_apps && apps::must_finish(a));
      apps::start(a, apps::look_around(*scenario_, a), os(p), *metrics_.back());
    }
    if (scenario_->script.empty()) return;
    world_->describe_process(world_->coordinator(), "script", when == ends::with_its_apps);
    apps::script_options options;
    options.pace = pace;
    apps::start_script(*scenario_, *world_, script_, options);
  }

  observe::backend::stop until(duration t) {
    return world_->run_until(instant{t}, nullptr, nullptr);
  }
  observe::backend::stop to_the_end() { return until(1h); }

  [[nodiscard]] const observe::app_metrics& app(std::size_t i) const { return *metrics_[i]; }
  [[nodiscard]] const std::vector<observe::script_row>& rows() const { return script_.rows; }
  [[nodiscard]] const observe::script_metrics& script() const { return script_; }
  [[nodiscard]] observe::backend& world() { return *world_; }
  [[nodiscard]] instant now() const { return world_->now(); }

 private:
  std::unique_ptr<spec::scenario> scenario_;
  std::vector<std::unique_ptr<observe::app_metrics>> metrics_;
  observe::script_metrics script_;
  std::unique_ptr<observe::backend> world_;
};

inline std::uint64_t errors(const observe::app_metrics& m, errc e) {
  return m.errors.by_errno[static_cast<std::size_t>(e)];
}

}  // namespace fourtuple::test
