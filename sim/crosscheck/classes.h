// What is compared between the kernels, and how: every path of the result tree (FORMAT 4) has a
// class.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fourtuple::crosscheck {

enum class comparison : std::uint8_t {
  exact,        ///< the same value
  by_property,  ///< a port or address that the kernel chose: the same kind of value
  by_time,      ///< within the file's tolerance
  by_amount,    ///< a count of chance events: within the tolerance and three standard deviations
  not_compared,
};

struct rule {
  comparison how = comparison::not_compared;
  std::string_view why;  ///< where it is not compared
};

/// What a file's links do to packets, and whose they are.
enum class network : std::uint8_t {
  sure,    ///< delay them at most
  chancy,  ///< lose, reorder or queue some: one packet more shifts all that follows
  shared,  ///< loopback, which every program of the machine uses
};

/// Of a leaf of the tree: "apps.load.connected", "hosts.client.nstat.TcpExtTW", "script.3.result"
/// (elements of lists by their number). The first row of the table that matches counts.
[[nodiscard]] rule rule_for(std::string_view path, network links);

/// "exact", "by property", "by time", "by amount", "not compared".
[[nodiscard]] std::string_view name(comparison c);

}  // namespace fourtuple::crosscheck
