// One simulated host: its kernel with a TCP and a UDP half, timers, and the processes that call it.
#pragma once

#include <fourtuple/process.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/host/forwarder.h"
#include "sim/host/host_config.h"
#include "sim/host/packet_filter.h"
#include "sim/host/sim_process.h"
#include "sim/host/tcp_stack.h"
#include "sim/host/udp_stack.h"

namespace fourtuple::host {

class kernel {
 public:
  kernel(surroundings& world, host_config config);
  /// The host goes down: its processes say no goodbye.
  ~kernel();
  kernel(const kernel&) = delete;
  kernel& operator=(const kernel&) = delete;

  sim_process& make_process(std::uint32_t uid, std::uint32_t nofile);
  void end_process(sim_process& p);

  // ---- events
  void receive(const wire::packet& p) {
    const auto* const s = std::get_if<wire::segment>(&p);
    if (s != nullptr && !filter_.watches_input()) [[likely]] {
      tcp_.receive(*s);
    } else {
      receive_other(p);
    }
  }
  /// Of a router: whether a packet that is not for itself goes on (forwarder::passes()).
  [[nodiscard]] bool forwards(const wire::packet& p, std::uint8_t ttl,
                              const std::optional<next_link>& next) {
    return forwarder_.passes(p, ttl, next);
  }
  /// IPv6 packets from ::1 came over a link: a whole one, or the fragments of one.
  void refuse_from_loopback(std::uint32_t packets) {
    counters_.add(host_counter::Ip6InHdrErrors, packets);
  }
  [[gnu::noinline]] void on_timer_token();
  void on_alarm(std::uint32_t index) { waits_.on_alarm(index); }

  // ---- control
  /// Nothing, or why the kernel refuses.
  std::optional<std::string> set_sysctl(std::string_view name, std::string_view value);
  void set_firewall(std::span<const firewall_rule> rules) { filter_.set(rules); }
  /// Counters and peaks begin anew.
  void begin_counting(instant from);
  [[nodiscard]] observe::host_metrics look() const;
  [[nodiscard]] std::vector<observe::socket_row> sockets() const;
  [[nodiscard]] const tcp_stack& tcp() const { return tcp_; }
  [[nodiscard]] std::uint64_t digest() const { return digest_.value(); }
  /// The hop limit of what it sends.
  [[nodiscard]] std::uint8_t hop_limit(family f) const {
    constexpr std::uint8_t ipv6_default = 64;
    return f == family::inet ? sysctls_.ip_default_ttl : ipv6_default;
  }
  [[nodiscard]] const std::string& name() const { return config_.name; }

  // ---- for the processes
  [[nodiscard]] tcp_stack& tcp() { return tcp_; }
  [[nodiscard]] udp_stack& udp() { return udp_; }
  [[nodiscard]] surroundings& world() { return world_; }
  [[nodiscard]] waits& waiting() { return waits_; }
  [[nodiscard]] watched to_watch(description d);
  [[nodiscard]] std::uint64_t random_bits(std::uint64_t key, std::uint64_t count) const;

 private:
  [[nodiscard]] kernel_parts parts();
  /// What is filtered, and what is no segment.
  [[gnu::noinline]] void receive_other(const wire::packet& p);
  void drop(const wire::packet& p);

  surroundings& world_;
  host_config config_;
  profile::sysctls sysctls_;
  timers timers_;
  waits waits_;
  nstat counters_;
  core::digest digest_;
  ports::draws draws_;
  packet_filter filter_;
  path_mtu paths_;
  forwarder forwarder_;
  tcp_stack tcp_;
  udp_stack udp_;
  std::vector<std::unique_ptr<sim_process>> processes_;
  std::uint32_t next_pid_ = 1000;
};

}  // namespace fourtuple::host
