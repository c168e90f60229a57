// Whether a step answered what its `expect:` says, and the words where it did not.
#pragma once

#include <optional>
#include <string>

#include "sim/apps/script_state.h"
#include "sim/observe/script_metrics.h"
#include "sim/spec/script.h"

namespace fourtuple::apps {

struct verdict {
  bool pass = true;
  std::string why;
};

/// Tests result, data, address, events and error of a row. `values` fills in ${NAME} in data and
/// address. A skipped step passes only where `skipped` is what was expected.
[[nodiscard]] verdict judge(const spec::step_expectation& e, const observe::script_row& row,
                            const script_names& values);

}  // namespace fourtuple::apps
