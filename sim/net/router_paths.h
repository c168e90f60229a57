// How far routers are from each other. Only routers forward, so every way between hosts is a link,
// or a link to a router, a path between routers and a link from one: no table of all pairs of hosts
// is needed.
#pragma once

#include <fourtuple/time.h>

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace fourtuple::net {

/// What a way costs: time first, then the number of links.
struct distance {
  duration latency{};
  std::uint32_t links = 0;
  friend auto operator<=>(const distance&, const distance&) = default;
  friend distance operator+(const distance& a, const distance& b) {
    return {a.latency + b.latency, a.links + b.links};
  }
};

/// Routers by their host number. Distances from one are found when it is first asked for.
class router_paths {
 public:
  void add_router(std::uint32_t host);
  /// A link between two routers, both of which were added.
  void add_link(std::uint32_t a, std::uint32_t b, const distance& d);

  [[nodiscard]] std::optional<distance> between(std::uint32_t from, std::uint32_t to) const;
  [[nodiscard]] std::vector<std::uint32_t> routers() const;

 private:
  struct edge {
    std::uint32_t a;
    std::uint32_t b;
    distance d;
  };
  [[nodiscard]] std::vector<std::optional<distance>> from(std::uint32_t index) const;

  std::map<std::uint32_t, std::uint32_t> index_;  ///< host -> place below
  std::vector<edge> edges_;
  mutable std::vector<std::vector<std::optional<distance>>> found_;  ///< empty: not asked for yet
};

}  // namespace fourtuple::net
