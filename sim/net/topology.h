// Who can reach whom, and how late: the links of a scenario as a graph of hosts. Hosts joined by
// links without delay form a cluster, whose packets are processed inside the call that sent them.
#pragma once

#include <fourtuple/time.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/net/link.h"
#include "sim/net/router_paths.h"
#include "sim/spec/spec.h"

namespace fourtuple::net {

/// Built once, then only asked. Nodes are host numbers 0 .. hosts - 1.
class topology {
 public:
  /// Without links all hosts share one segment without delay.
  explicit topology(std::uint32_t hosts) : near_(hosts), router_(hosts) {}
  /// Of a scenario; hosts are numbered by their names (spec::in_name_order).
  explicit topology(const spec::scenario& s);

  void add_link(std::uint32_t a, std::uint32_t b, const link_shape& shape);
  /// The host forwards what is not for itself.
  void add_router(std::uint32_t host) { router_[host] = true; }
  /// Changes what a link of the scenario is like, from the next packet on. Routes stay: they are
  /// static.
  void set_link(std::uint32_t link_of_scenario, const link_change& change);
  /// Call after the last add.
  void freeze();

  /// The first step of a way, and the link that it takes.
  struct hop {
    std::uint32_t host = 0;
    const link_shape* link = nullptr;
  };
  /// Towards another host: over the link that joins them, else through routers by the smallest sum
  /// of latencies, then the fewest links, then the first host by number. Nothing where no way leads
  /// there.
  [[nodiscard]] std::optional<hop> next_hop(std::uint32_t from, std::uint32_t to) const;
  /// Where a host sends what it has no better way for: its nearest router. Routers have none.
  [[nodiscard]] std::optional<hop> gateway(std::uint32_t from) const;

  /// No two hosts that reach each other are farther apart than that, one way. Where a host has
  /// several routers none may be so far.
  [[nodiscard]] duration longest_way() const;
  /// Hosts of one cluster have one number.
  [[nodiscard]] std::uint32_t cluster_of(std::uint32_t host) const { return cluster_[host]; }

 private:
  struct neighbour {
    std::uint32_t host;
    std::uint32_t link;  ///< of shapes_
    distance far;        ///< as the file has it: routes are static
  };
  [[nodiscard]] const neighbour* direct(std::uint32_t from, std::uint32_t to) const;
  /// From a router, which may be the destination itself.
  [[nodiscard]] std::optional<distance> far(std::uint32_t router, std::uint32_t to) const;
  [[nodiscard]] hop over(const neighbour& n) const { return {n.host, &shapes_[n.link]}; }

  bool segment_ = true;
  std::vector<std::vector<neighbour>> near_;  ///< sorted by host
  std::vector<bool> router_;
  std::vector<std::uint32_t> cluster_;
  std::vector<link_shape> shapes_ = {{}};  ///< the first is the segment's
  std::vector<std::size_t> first_shape_;   ///< of each link of the scenario, then the end
  router_paths paths_;
};

}  // namespace fourtuple::net
