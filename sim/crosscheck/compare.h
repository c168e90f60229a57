// Two result trees of one file, compared path by path.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/crosscheck/classes.h"
#include "sim/observe/value.h"

namespace fourtuple::crosscheck {

struct difference {
  std::string path;       ///< "hosts.client.nstat.TcpExtTW", "script[3].result"
  std::string simulated;  ///< as JSON
  std::string kernel;
  comparison how = comparison::exact;
  std::string ladders = {};  ///< packets: both conversations in two columns
  friend bool operator==(const difference&, const difference&) = default;
};

struct left_out {
  std::string path;
  std::string why;
};

struct comparison_result {
  std::uint64_t compared = 0;
  std::vector<difference> differences;
  std::vector<left_out> not_compared;
};

/// Paths are those of the simulated tree: what only the kernel counts is no difference. Times may
/// differ by `tolerance_ppm` millionths of the larger one, and by 50 ms: a program's own slowness.
[[nodiscard]] comparison_result compare(const observe::value& simulated,
                                        const observe::value& kernel, std::int64_t tolerance_ppm,
                                        network links = network::sure);

}  // namespace fourtuple::crosscheck
