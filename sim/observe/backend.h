// A world that scenarios run in: control, time that passes, and things to look at. Implemented by
// sim/engine (simulated) and sim/real (the real kernel).
#pragma once

#include <fourtuple/control.h>
#include <fourtuple/time.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "sim/observe/host_metrics.h"
#include "sim/observe/packet_log.h"

namespace fourtuple::observe {

/// This machine cannot do what was asked; one sentence that says what is missing. Exit code 3.
class unable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class backend : public control {
 public:
  /// Why run_until() came back.
  enum class stop : std::uint8_t {
    reached,      ///< the instant asked for
    finished,     ///< the last process that must finish has just done so; told once
    quiet,        ///< nothing will ever happen again
    event_limit,  ///< the bound on events
    interrupted,  ///< `keep_going` said no
  };

  /// Lets time pass up to and including `until`. `keep_going` is asked every few thousand events
  /// and may print progress; a null one means go on.
  virtual stop run_until(instant until, bool (*keep_going)(void*), void* context) = 0;

  [[nodiscard]] virtual instant now() const = 0;
  [[nodiscard]] virtual std::uint64_t events() const = 0;
  /// When something happens next; `never`: nothing will. A world that cannot know says now().
  [[nodiscard]] virtual instant next_event() { return now(); }
  /// Hex digest of everything that happened so far (DESIGN 4.7); empty on the real kernel.
  [[nodiscard]] virtual std::string digest() const = 0;

  /// Members in the order of host ids, under their own names.
  [[nodiscard]] virtual std::vector<std::string> host_names() const = 0;
  [[nodiscard]] virtual host_metrics look(std::string_view host) const = 0;
  /// The two levels that a plot needs, asked often: cheaper than look().
  [[nodiscard]] virtual port_levels levels(std::string_view host) const {
    const host_metrics m = look(host);
    return {m.tcp.ports.now, m.time_wait.now};
  }
  /// Looks that nobody asked for are at least so far apart: what a look takes, the programs of a real
  /// run lack.
  [[nodiscard]] virtual duration between_looks() const { return duration{1}; }
  [[nodiscard]] virtual std::vector<socket_row> sockets(std::string_view host) const = 0;

  /// Ends a warm-up, just before `from`: the counters of all hosts begin anew, peaks are those from
  /// then on.
  virtual void begin_counting(instant from) = 0;

  /// Records packets into `log` from now on; null: no more. It must outlive the recording. A world
  /// that cannot answers false.
  virtual bool capture(packet_log* log) {
    static_cast<void>(log);
    return false;
  }

  /// What the file asks of a host and this world cannot give, as "hosts.client.sysctls.NAME".
  [[nodiscard]] virtual std::vector<std::string> not_given() const { return {}; }

  /// The process is called that in socket rows ("api"); processes that must call finished() before
  /// the run may end are declared here too.
  virtual void describe_process(process& p, std::string_view program, bool must_finish) = 0;
};

}  // namespace fourtuple::observe
