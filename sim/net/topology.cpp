#include "sim/net/topology.h"

#include <algorithm>
#include <array>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/connected_components.hpp>

namespace fourtuple::net {

topology::topology(const spec::scenario& s) : topology(static_cast<std::uint32_t>(s.host_count())) {
  const std::vector<spec::host_ref> order = spec::in_name_order(s);
  std::vector<std::vector<std::uint32_t>> numbers;
  for (const auto& h : s.hosts) numbers.emplace_back(h.members());
  for (std::uint32_t id = 0; id < order.size(); ++id) {
    numbers[order[id].host][order[id].member] = id;
    if (s.hosts[order[id].host].router) add_router(id);
  }
  const auto members = [&](const spec::host_selection& which) {
    const auto& all = numbers[which.host];
    return which.member ? std::vector{all[*which.member]} : all;
  };
  for (const spec::link& l : s.links) {
    first_shape_.push_back(shapes_.size());
    for (const std::uint32_t a : members(l.between[0]))
      for (const std::uint32_t b : members(l.between[1]))
        if (a != b) add_link(a, b, l);
  }
  first_shape_.push_back(shapes_.size());
  freeze();
}

void topology::add_link(std::uint32_t a, std::uint32_t b, const link_shape& shape) {
  segment_ = false;
  const auto link = static_cast<std::uint32_t>(shapes_.size());
  shapes_.push_back(shape);
  const distance far{shape.latency, 1};
  near_[a].push_back({b, link, far});
  near_[b].push_back({a, link, far});
}

void topology::set_link(std::uint32_t link_of_scenario, const link_change& change) {
  for (std::size_t i = first_shape_[link_of_scenario]; i < first_shape_[link_of_scenario + 1]; ++i)
    shapes_[i].apply(change);
}

void topology::freeze() {
  cluster_.assign(near_.size(), 0);
  if (segment_) return;
  for (std::uint32_t host = 0; host < near_.size(); ++host)
    if (router_[host]) paths_.add_router(host);
  using graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS>;
  graph without_delay(near_.size());
  for (std::uint32_t host = 0; host < near_.size(); ++host) {
    // Of two links between the same hosts the faster one counts.
    std::sort(near_[host].begin(), near_[host].end(), [](const neighbour& a, const neighbour& b) {
      return std::tie(a.host, a.far, a.link) < std::tie(b.host, b.far, b.link);
    });
    for (const neighbour& n : near_[host]) {
      if (n.far.latency == duration{}) boost::add_edge(host, n.host, without_delay);
      if (host < n.host && router_[host] && router_[n.host]) paths_.add_link(host, n.host, n.far);
    }
  }
  boost::connected_components(without_delay, cluster_.data());
}

const topology::neighbour* topology::direct(std::uint32_t from, std::uint32_t to) const {
  const auto& near = near_[from];
  const auto found =
      std::lower_bound(near.begin(), near.end(), to,
                       [](const neighbour& n, std::uint32_t host) { return n.host < host; });
  return found == near.end() || found->host != to ? nullptr : &*found;
}

std::optional<distance> topology::far(std::uint32_t router, std::uint32_t to) const {
  if (router_[to]) return paths_.between(router, to);
  std::optional<distance> best;
  for (const neighbour& last : near_[to]) {
    if (!router_[last.host]) continue;
    const auto way = paths_.between(router, last.host);
    if (way && (!best || *way + last.far < *best)) best = *way + last.far;
  }
  return best;
}

std::optional<topology::hop> topology::next_hop(std::uint32_t from, std::uint32_t to) const {
  if (segment_) return hop{to, &shapes_.front()};
  if (const neighbour* n = direct(from, to)) return over(*n);
  const neighbour* first = nullptr;
  distance best;
  for (const neighbour& n : near_[from]) {
    if (!router_[n.host]) continue;
    const auto rest = far(n.host, to);
    if (!rest || (first != nullptr && best <= n.far + *rest)) continue;
    first = &n;
    best = n.far + *rest;
  }
  return first == nullptr ? std::nullopt : std::optional(over(*first));
}

std::optional<topology::hop> topology::gateway(std::uint32_t from) const {
  if (router_[from]) return std::nullopt;
  const neighbour* first = nullptr;
  for (const neighbour& n : near_[from])
    if (router_[n.host] && (first == nullptr || n.far < first->far)) first = &n;
  return first == nullptr ? std::nullopt : std::optional(over(*first));
}

duration topology::longest_way() const {
  duration longest{};
  for (const auto& near : near_)
    for (const neighbour& n : near) longest = std::max(longest, n.far.latency);
  const std::vector<std::uint32_t> routers = paths_.routers();
  // The two farthest hosts at each router; -1: it has not so many.
  constexpr duration none{-1};
  std::vector<std::array<duration, 2>> leaves;
  for (const std::uint32_t r : routers) {
    std::array<duration, 2> most{none, none};
    for (const neighbour& n : near_[r]) {
      if (router_[n.host]) continue;
      if (n.far.latency > most[1]) most[1] = n.far.latency;
      if (most[1] > most[0]) std::swap(most[0], most[1]);
    }
    leaves.push_back(most);
  }
  for (std::size_t a = 0; a < routers.size(); ++a) {
    if (leaves[a][1] != none) longest = std::max(longest, leaves[a][0] + leaves[a][1]);
    for (std::size_t b = 0; b < routers.size(); ++b) {
      const auto way = paths_.between(routers[a], routers[b]);
      if (!way) continue;
      longest = std::max(longest, way->latency + std::max(duration{}, leaves[a][0]));
      if (a != b && leaves[a][0] != none && leaves[b][0] != none)
        longest = std::max(longest, leaves[a][0] + way->latency + leaves[b][0]);
    }
  }
  return longest;
}

}  // namespace fourtuple::net
