// What a crosscheck found, for people and for programs.
#pragma once

#include <string>
#include <vector>

#include "sim/crosscheck/crosscheck.h"
#include "sim/report/tested.h"

namespace fourtuple::crosscheck {

/// A line that says what became of the file, then each difference with both values and its place.
[[nodiscard]] std::string text(const result& r);
/// The map of FORMAT 7; with `errors` or `stopped` where there is no comparison.
[[nodiscard]] observe::value json(const result& r);
/// Each difference as a failure; where there is none, one test that passed.
[[nodiscard]] report::tested_file tested(const result& r);

}  // namespace fourtuple::crosscheck
