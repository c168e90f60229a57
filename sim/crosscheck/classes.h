// What is compared between the kernels, and how: every path of the result tree (FORMAT 4) has a
// class.
#pragma once

#include <string>
#include <string_view>

namespace fourtuple::crosscheck {

enum class comparison : std::uint8_t {
  exact,        ///< the same value
  by_property,  ///< a port or address that the kernel chose: the same kind of value
  by_time,      ///< within the file's tolerance
  not_compared,
};

struct rule {
  comparison how = comparison::not_compared;
  std::string_view why;  ///< where it is not compared
};

/// Of a leaf of the tree: "apps.load.connected", "hosts.client.nstat.TcpExtTW", "script.3.result"
/// (elements of lists by their number). The first row of the table that matches counts.
[[nodiscard]] rule rule_for(std::string_view path);

/// "exact", "by property", "by time", "not compared".
[[nodiscard]] std::string_view name(comparison c);

}  // namespace fourtuple::crosscheck
