// Runs one checked scenario on one world, start to verdict: processes for the apps, time in pieces
// (expect_at, samples for plots), the tree, the expectations, the exit code. Prints nothing and
// reads no clock: wall time and memory are asked of the caller.
#pragma once

#include <fourtuple/os.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "sim/observe/backend.h"
#include "sim/observe/outcome.h"
#include "sim/observe/script_metrics.h"
#include "sim/spec/spec.h"

namespace fourtuple::run {

struct progress {
  instant now{};
  std::optional<instant> end;  ///< nothing: not known
  std::uint64_t events = 0;
  std::int64_t wall_ns = 0;  ///< since the run began
};

struct run_options {
  std::uint64_t event_limit = 0;                     ///< 0: none
  std::int64_t wall_limit_ns = 0;                    ///< 0: none; needs wall_clock
  std::function<std::int64_t()> wall_clock;          ///< ns since any moment
  std::function<std::uint64_t()> peak_rss;           ///< bytes
  std::function<void(const progress&)> on_progress;  ///< every few thousand events
  const std::atomic<bool>* interrupted = nullptr;    ///< looked at as often
  /// Only up to this instant; the outcome then has socket tables and no expectations.
  std::optional<instant> sockets_at;
  /// How long it goes on after its end, for what is on its way then to arrive. Where that end is a
  /// duration, the apps begin nothing new meanwhile (closing_process); a file with a script, whose
  /// steps have their own times, has no such end. The results are those after it.
  duration linger{};
  /// The metrics of apps and hosts are written down this often; more than 0.
  std::optional<duration> metrics_every;
  bool plots = false;                      ///< they are written down at ~90 instants too
  observe::packet_log* packets = nullptr;  ///< filled with packets and calls; null: nobody looks
};

/// What a run is put together from. Tests give other ones.
struct parts {
  std::function<std::unique_ptr<observe::backend>(const spec::scenario&, std::uint64_t event_limit)>
      make_world;
  std::function<void(const spec::scenario&, const spec::app&, os, observe::app_metrics&)> start_app;
  std::function<bool(const spec::app&)> must_finish;
  /// Called only where the file has a script.
  std::function<void(const spec::scenario&, observe::backend&, observe::script_metrics&)>
      start_script;
};

/// On the simulated kernel.
[[nodiscard]] parts simulated();
/// On the real one, each host a network namespace.
[[nodiscard]] parts on_the_kernel();
/// On this machine's loopback, once `ports` are free.
[[nodiscard]] parts on_the_loopback(std::set<std::uint16_t> ports,
                                    const std::atomic<bool>* interrupted);

/// Never throws for what the world does: our own mistakes become verdict internal_error, lack of
/// memory not_possible_here; both with what is known so far.
[[nodiscard]] observe::outcome run_scenario(std::shared_ptr<const spec::scenario> s,
                                            const run_options& options, const parts& p);

/// The most severe: 4, 130, 2, 3, 6, 5, 1, 0. as_expected for none.
[[nodiscard]] observe::verdict most_severe(std::span<const observe::outcome> all);

}  // namespace fourtuple::run
