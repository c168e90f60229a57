// One file on both kernels, and what differs (FORMAT 7).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/crosscheck/compare.h"
#include "sim/observe/outcome.h"
#include "sim/observe/packet_log.h"
#include "sim/run/run.h"

namespace fourtuple::crosscheck {

struct result {
  std::string file;
  std::shared_ptr<const spec::scenario> scenario;  ///< null where the file was refused
  observe::verdict verdict = observe::verdict::as_expected;
  std::vector<std::string> errors;  ///< what is wrong with the file
  std::string stopped;              ///< why there is no comparison: skipped, not possible here, ...
  bool skipped = false;
  std::string backend;
  std::uint64_t compared = 0;
  std::vector<difference> differences;  ///< in two of three runs at least
  std::vector<difference> unstable;     ///< in one of three
  std::vector<left_out> not_compared;
  std::vector<std::string> not_given;  ///< what the file asks for and the kernel has not
  observe::value simulated;            ///< result trees
  observe::value kernel;
  observe::metric_series simulated_metrics;  ///< where options.metrics_every asks for them
  observe::packet_log simulated_packets;     ///< and calls; of the last run
  observe::packet_log kernel_packets;
};

/// The sides a file runs on. Tests plant faults in one of them.
struct sides {
  run::parts simulated;
  run::parts kernel;
  spec::real_place place = spec::real_place::namespaces;  ///< of the kernel's side
};

/// A difference counts when it repeats: where the first real run differs there are two more.
/// `told` hears of each real run before it begins, and how long it will take at least: as long as
/// the simulated run took of virtual time. `most_runs` 1: what differs once counts, for those who
/// ask again themselves.
[[nodiscard]] result crosscheck(std::shared_ptr<const spec::scenario> s,
                                const run::run_options& options, const sides& both,
                                const std::function<void(int run, duration wait)>& told,
                                int most_runs = 3);

}  // namespace fourtuple::crosscheck
