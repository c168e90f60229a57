// Names of real sysctls that are not modelled yet.
#pragma once

#include <span>
#include <string_view>

namespace fourtuple::profile {

[[nodiscard]] std::span<const std::string_view> unmodelled_sysctls();
[[nodiscard]] bool is_unmodelled_sysctl(std::string_view name);

}  // namespace fourtuple::profile
