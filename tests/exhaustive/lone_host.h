// One simulated kernel with no world around it: what it sends is kept, what it hears is made by
// hand, and its timers fire when the test says so.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/host/kernel.h"

namespace fourtuple::exhaustive {

/// Before its surroundings, which refer to it.
struct lone_commons {
  host::commons shared;
};

class lone_host : private lone_commons, public host::surroundings {
 public:
  lone_host();

  [[nodiscard]] host::sim_process& process() { return *process_; }
  /// What it has sent since clear().
  [[nodiscard]] const std::vector<wire::segment>& said() const { return said_; }
  void clear() { said_.clear(); }
  void hear(const wire::segment& s);
  /// The next timer that is due until then fires; false: none is, and it is then.
  bool timer_until(instant then);
  [[nodiscard]] bool waits_for_timer() const { return token_ != never; }

  [[nodiscard]] wire::address_id here() const { return here_; }
  [[nodiscard]] wire::address_id there() const { return there_; }
  /// The row of the only connection, socket or record; nothing where it is CLOSED.
  [[nodiscard]] std::optional<observe::socket_row> row() const;
  /// By nstat's name, since the start.
  [[nodiscard]] std::uint64_t counter(const std::string& name) const;

  // surroundings
  [[nodiscard]] result<host::route> find_route(wire::address_id destination) const override;
  void emit(const wire::segment& s) override { said_.push_back(s); }
  void emit(const wire::datagram&) override {}
  void emit(const wire::icmp_error&) override {}
  void schedule_timer_token(instant at) override { token_ = at; }
  void schedule_alarm(instant, std::uint32_t) override {}
  void process_finished(fourtuple::process&) override {}

 private:
  wire::address_id here_;
  wire::address_id there_;
  instant token_ = never;
  std::vector<wire::segment> said_;
  std::unique_ptr<host::kernel> kernel_;
  host::sim_process* process_ = nullptr;
};

}  // namespace fourtuple::exhaustive
