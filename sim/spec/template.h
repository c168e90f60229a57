// ${NAME} in texts.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fourtuple::spec {

/// Replaces every ${NAME} by what `lookup` answers; "$${" is a literal "${". Nothing where a name
/// is unknown to `lookup`; its name is then in `missing`.
[[nodiscard]] std::optional<std::string> expand(
    std::string_view text,
    const std::function<std::optional<std::string>(std::string_view)>& lookup,
    std::string& missing);

/// The names a text asks for, in order; `bad` is set where a "${" has no "}".
[[nodiscard]] std::vector<std::string> template_names(std::string_view text, bool& bad);
[[nodiscard]] bool is_template(std::string_view text);

}  // namespace fourtuple::spec
