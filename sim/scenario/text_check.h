// Looks at the bytes of a file before the YAML parser sees them, so that what is no text at all, or
// built to exhaust a parser, is refused in words.
#pragma once

#include "sim/spec/units.h"

#include <optional>
#include <string>
#include <string_view>

namespace fourtuple::scenario {

struct text_fault {
  spec::position where;
  std::string message;
};

/// Size, NUL and control bytes, UTF-8, open brackets. Nothing where the text may be parsed.
[[nodiscard]] std::optional<text_fault> check_text(std::string_view text);

}  // namespace fourtuple::scenario
