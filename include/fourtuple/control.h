// What a coordinator outside all hosts may do beside socket calls, on both kernels alike: make and
// end processes, look at hosts, change their settings. Applications never see it.
#pragma once

#include <fourtuple/firewall.h>
#include <fourtuple/link.h>
#include <fourtuple/process.h>
#include <fourtuple/result.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fourtuple {

/// {uid, nofile} of a new process.
struct process_options {
  std::uint32_t uid = 1000;
  std::uint32_t nofile = 1024;
};

class control {
 public:
  virtual ~control() = default;

  /// A process on the host of that member name (fleet-1). Lives until end_process or the run's end.
  virtual process& make_process(std::string_view host, const process_options& how) = 0;
  /// Process exit: its tasks are destroyed, its descriptors closed in order. `p` is gone
  /// afterwards.
  virtual void end_process(process& p) = 0;
  /// TCP sockets of the host in that state, RFC 9293 name; TIME-WAIT records and orphans included.
  [[nodiscard]] virtual std::uint64_t count(std::string_view host,
                                            std::string_view state) const = 0;
  /// Writes a sysctl by its real name; false with a message where the kernel would refuse.
  virtual bool set_sysctl(std::string_view host, std::string_view name, std::string_view value,
                          std::string& message) = 0;
  /// Replaces all rules of the host's packet filter; false with a message where this kernel cannot.
  virtual bool set_firewall(std::string_view host, std::span<const firewall_rule> rules,
                            std::string& message) = 0;
  /// Changes a link of the scenario, by its index there; false with a message where this network
  /// cannot. What is under way arrives as it would have.
  virtual bool set_link(std::uint32_t link, const link_change& change, std::string& message) = 0;
  /// A process of no host: waits, time and random for the coordinator itself; socket() is refused
  /// (EOPNOTSUPP).
  virtual process& coordinator() = 0;
};

}  // namespace fourtuple
