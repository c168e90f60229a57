// Who can reach whom, and how late: the links of a scenario as a graph of hosts. Hosts joined by links
// without delay form a cluster, whose packets are processed inside the call that sent them.
#pragma once

#include <fourtuple/time.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace fourtuple::net {

/// Built once, then only asked. Nodes are host numbers 0 .. hosts - 1.
class topology {
 public:
  /// Without links all hosts share one segment without delay.
  explicit topology(std::uint32_t hosts) : near_(hosts) {}

  void add_link(std::uint32_t a, std::uint32_t b, duration latency);
  /// Call after the last add_link().
  void freeze();

  /// One-way delay between two different hosts; nothing where no link joins them.
  [[nodiscard]] std::optional<duration> latency(std::uint32_t from, std::uint32_t to) const;
  /// The longest one-way delay of any link.
  [[nodiscard]] duration longest() const { return longest_; }
  /// Hosts of one cluster have one number.
  [[nodiscard]] std::uint32_t cluster_of(std::uint32_t host) const { return cluster_[host]; }

 private:
  struct neighbour {
    std::uint32_t host;
    duration latency;
  };
  bool segment_ = true;
  duration longest_{};
  std::vector<std::vector<neighbour>> near_;  ///< sorted by host
  std::vector<std::uint32_t> cluster_;
};

}  // namespace fourtuple::net
