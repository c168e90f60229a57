// Text as HTML: nothing that comes from a file, a name or a kernel reaches the page but through
// here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "sim/report/text.h"

namespace fourtuple::report::html {

/// As the content of an element or of an attribute in quotes: < > & " ' are escaped, control
/// characters become spaces, bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string escaped(std::string_view text);

/// <p class="remark">text</p>: `tag` with its attributes, `text` to be escaped.
[[nodiscard]] std::string element(std::string_view tag, std::string_view text);
/// The same around what is HTML already.
[[nodiscard]] std::string around(std::string_view tag, std::string_view markup);

/// A table whose first row is its heading and whose first column names the rows, in a frame of its
/// own that scrolls where the page is too narrow. `caption` may be empty; `label` names the frame.
[[nodiscard]] std::string table_of(const table& rows, std::string_view caption,
                                   std::string_view label);

}  // namespace fourtuple::report::html
