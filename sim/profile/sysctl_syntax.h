// How values of sysctls are written under /proc/sys: numbers, ranges, port lists. Decimal only: the
// kernel takes 0x8000 too, but a file that says so is more likely wrong than meant.
#pragma once

#include "sim/profile/sysctl.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fourtuple::profile {

/// A whole decimal number, blanks around it allowed; nothing otherwise.
[[nodiscard]] std::optional<std::int64_t> read_whole(std::string_view text);
/// "32768 60999" or with a tab, each 1 .. 65535; which is the larger is not looked at.
[[nodiscard]] std::optional<port_range> read_range(std::string_view text);
/// "8080,9000-9010", no blanks inside (proc_do_large_bitmap); empty is the empty set.
[[nodiscard]] std::optional<port_set> read_port_list(std::string_view text);
[[nodiscard]] std::string write_port_list(const port_set& ports);
/// "4096 131072 6291456", each at least 1.
[[nodiscard]] std::optional<std::array<std::int32_t, 3>> read_three(std::string_view text);

}  // namespace fourtuple::profile
