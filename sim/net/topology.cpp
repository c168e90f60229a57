#include "sim/net/topology.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/connected_components.hpp>

namespace fourtuple::net {

void topology::add_link(std::uint32_t a, std::uint32_t b, const link_shape& shape) {
  segment_ = false;
  const auto link = static_cast<std::uint32_t>(shapes_.size());
  shapes_.push_back(shape);
  near_[a].push_back({b, link});
  near_[b].push_back({a, link});
  longest_ = std::max(longest_, shape.latency);
}

void topology::freeze() {
  cluster_.assign(near_.size(), 0);
  if (segment_) return;
  using graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS>;
  graph without_delay(near_.size());
  for (std::uint32_t host = 0; host < near_.size(); ++host) {
    // Of two links between the same hosts the faster one counts.
    std::sort(near_[host].begin(), near_[host].end(), [this](const neighbour& a, const neighbour& b) {
      const auto faster = std::pair(shapes_[a.link].latency, a.link);
      return a.host != b.host ? a.host < b.host : faster < std::pair(shapes_[b.link].latency, b.link);
    });
    for (const neighbour& n : near_[host])
      if (shapes_[n.link].latency == duration{}) boost::add_edge(host, n.host, without_delay);
  }
  boost::connected_components(without_delay, cluster_.data());
}

const link_shape* topology::link(std::uint32_t from, std::uint32_t to) const {
  if (segment_) return &shapes_.front();
  const auto& near = near_[from];
  const auto found =
      std::lower_bound(near.begin(), near.end(), to,
                       [](const neighbour& n, std::uint32_t host) { return n.host < host; });
  if (found == near.end() || found->host != to) return nullptr;
  return &shapes_[found->link];
}

}  // namespace fourtuple::net
