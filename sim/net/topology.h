// Who can reach whom, and how late: the links of a scenario as a graph of hosts. Hosts joined by links
// without delay form a cluster, whose packets are processed inside the call that sent them.
#pragma once

#include <fourtuple/time.h>

#include <cstdint>
#include <vector>

#include "sim/net/link.h"

namespace fourtuple::net {

/// Built once, then only asked. Nodes are host numbers 0 .. hosts - 1.
class topology {
 public:
  /// Without links all hosts share one segment without delay.
  explicit topology(std::uint32_t hosts) : near_(hosts) {}

  void add_link(std::uint32_t a, std::uint32_t b, const link_shape& shape);
  /// Call after the last add_link().
  void freeze();

  /// The link between two different hosts; null where none joins them. Without links it is the
  /// segment they all share.
  [[nodiscard]] const link_shape* link(std::uint32_t from, std::uint32_t to) const;
  /// The longest one-way delay of any link.
  [[nodiscard]] duration longest() const { return longest_; }
  /// Hosts of one cluster have one number.
  [[nodiscard]] std::uint32_t cluster_of(std::uint32_t host) const { return cluster_[host]; }

 private:
  struct neighbour {
    std::uint32_t host;
    std::uint32_t link;  ///< of shapes_
  };
  bool segment_ = true;
  duration longest_{};
  std::vector<std::vector<neighbour>> near_;  ///< sorted by host
  std::vector<std::uint32_t> cluster_;
  std::vector<link_shape> shapes_ = {{}};  ///< the first is the segment's
};

}  // namespace fourtuple::net
