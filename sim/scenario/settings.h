// `--set path=value`: changes the tree of a file before it is checked, so that a value set is
// judged as one written.
#pragma once

#include "sim/scenario/config_error.h"
#include "sim/scenario/scenario.h"
#include "sim/scenario/tree.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fourtuple::scenario {

/// The path as in FORMAT section 2: the app's kind left out, list elements [0], names with dots in
/// brackets. A path that leads nowhere is an error with the nearest name, without a place.
void apply_setting(node& root, const setting& s, std::vector<config_error>& errors);

/// Where a path has led: a key of a table.
struct reached_key {
  std::string_view table;
  std::string_view key;
};
/// The same with a value of the file, which keeps its place. Nothing where that was an error.
std::optional<reached_key> apply_change(node& root, const std::string& path, const node& value,
                                        std::vector<config_error>& errors);

}  // namespace fourtuple::scenario
