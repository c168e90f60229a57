#include "sim/net/router_paths.h"

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/dijkstra_shortest_paths.hpp>

namespace fourtuple::net {
namespace {

constexpr distance out_of_reach{duration::max(), 0};

struct sum {
  distance operator()(const distance& a, const distance& b) const {
    return a == out_of_reach || b == out_of_reach ? out_of_reach : a + b;
  }
};

}  // namespace

void router_paths::add_router(std::uint32_t host) {
  index_.emplace(host, static_cast<std::uint32_t>(index_.size()));
}

void router_paths::add_link(std::uint32_t a, std::uint32_t b, const distance& d) {
  edges_.push_back({index_.at(a), index_.at(b), d});
}

std::vector<std::optional<distance>> router_paths::from(std::uint32_t index) const {
  using graph =
      boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS, boost::no_property,
                            boost::property<boost::edge_weight_t, distance>>;
  graph g(index_.size());
  for (const edge& e : edges_) boost::add_edge(e.a, e.b, e.d, g);
  std::vector<distance> all(index_.size());
  boost::dijkstra_shortest_paths(g, index,
                                 boost::distance_map(all.data())
                                     .distance_combine(sum{})
                                     .distance_compare(std::less<distance>())
                                     .distance_inf(out_of_reach)
                                     .distance_zero(distance{}));
  std::vector<std::optional<distance>> out(all.size());
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i] != out_of_reach) out[i] = all[i];
  return out;
}

std::optional<distance> router_paths::between(std::uint32_t from, std::uint32_t to) const {
  found_.resize(index_.size());
  const std::uint32_t a = index_.at(from);
  if (found_[a].empty()) found_[a] = this->from(a);
  return found_[a][index_.at(to)];
}

std::vector<std::uint32_t> router_paths::routers() const {
  std::vector<std::uint32_t> all;
  for (const auto& [host, place] : index_) all.push_back(host);
  return all;
}

}  // namespace fourtuple::net
