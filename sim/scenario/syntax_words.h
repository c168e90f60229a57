// What the YAML parser objects to, in words for who wrote the file, and where the mistake itself
// stands: the parser often notices lines later.
#pragma once

#include "sim/spec/units.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace fourtuple::scenario {

/// Where the parser stopped.
struct syntax_stop {
  spec::position at;
  std::string says;       ///< yaml-cpp's own message
  spec::position opened;  ///< where the innermost list or mapping that is still open began; 0: none
};

struct syntax_fault {
  spec::position where;
  std::string message;
  /// A condition's > or ! without quotes: where in the text. With blanks in its place the rest of
  /// the file can be read.
  std::optional<std::size_t> bare_operator;
};

[[nodiscard]] syntax_fault explain_syntax(std::string_view text, const syntax_stop& stop);

}  // namespace fourtuple::scenario
