#include "sim/net/topology.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/connected_components.hpp>

namespace fourtuple::net {

void topology::add_link(std::uint32_t a, std::uint32_t b, duration latency) {
  segment_ = false;
  near_[a].push_back({b, latency});
  near_[b].push_back({a, latency});
  longest_ = std::max(longest_, latency);
}

void topology::freeze() {
  cluster_.assign(near_.size(), 0);
  if (segment_) return;
  using graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS>;
  graph without_delay(near_.size());
  for (std::uint32_t host = 0; host < near_.size(); ++host) {
    // Of two links between the same hosts the faster one counts.
    std::sort(near_[host].begin(), near_[host].end(), [](const neighbour& a, const neighbour& b) {
      return a.host != b.host ? a.host < b.host : a.latency < b.latency;
    });
    for (const neighbour& n : near_[host])
      if (n.latency == duration{}) boost::add_edge(host, n.host, without_delay);
  }
  boost::connected_components(without_delay, cluster_.data());
}

std::optional<duration> topology::latency(std::uint32_t from, std::uint32_t to) const {
  if (segment_) return duration{};
  const auto& near = near_[from];
  const auto found =
      std::lower_bound(near.begin(), near.end(), to,
                       [](const neighbour& n, std::uint32_t host) { return n.host < host; });
  if (found == near.end() || found->host != to) return std::nullopt;
  return found->latency;
}

}  // namespace fourtuple::net
