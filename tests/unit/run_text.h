// A file's text, loaded and run on the simulated kernel.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "sim/run/run.h"
#include "sim/scenario/scenario.h"
#include "tests/support/catch.h"

namespace fourtuple {

/// What came of it; its packets go to `log`, if there is one. The test fails where the text does
/// not load.
inline observe::outcome run_text(const std::string& text, observe::packet_log* log = nullptr) {
  auto loaded = scenario::load("test.yaml", text);
  for (const auto& e : loaded.errors) FAIL(e.text());
  run::run_options options;
  options.packets = log;
  return run::run_scenario(std::make_shared<const spec::scenario>(std::move(*loaded.scenario)),
                           options, run::simulated());
}

}  // namespace fourtuple
