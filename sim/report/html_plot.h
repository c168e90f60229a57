// Numbers over virtual time as a figure: an inline SVG without text, so that it may be stretched to
// any width, labels in HTML around it, and all its numbers in a table below.
#pragma once

#include <fourtuple/time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/report/text.h"

namespace fourtuple::report::html {

struct curve {
  std::string name;  ///< "in use"
  /// Which colour and stroke: "used", "waiting", "good", "bad"; see html_style.cpp.
  std::string look;
  std::vector<double> values;  ///< as plot::at
  bool filled = false;
};

struct plot {
  std::string id;
  std::string title;
  std::string description;  ///< for those who cannot see it
  std::vector<instant> at;
  std::vector<curve> curves;
  std::optional<double> limit;  ///< a line across, where it is near enough to be seen
  std::string limit_text;
  std::optional<instant> mark;  ///< a line from top to bottom
  std::string mark_text;
  table numbers{""};
  bool small = false;  ///< one of many: lower, without a table of its own
};

[[nodiscard]] std::string figure(const plot& p);

/// The least of 1, 2, 2.5, 5, 10, ... times a power of ten that gives at most `most` steps to
/// `top`.
[[nodiscard]] double step_of(double top, int most);

}  // namespace fourtuple::report::html
