// The one result tree (FORMAT 4): names and units exactly as the JSON has them. Built from what
// apps count and hosts answer, on either kernel, at the end of a run or in the middle of one.
// `expect`, reports and later verbs read it by path.
//
// A counted host's plain name adds counters and `now`, takes `peak` and `peak_at` of the largest
// member, range, capacity and limits of one member, the earliest first failure, and percentiles
// over all samples. Its members stand in the JSON up to `max_members`; a path reaches every one of
// them.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/observe/app_metrics.h"
#include "sim/observe/backend.h"
#include "sim/observe/host_metrics.h"
#include "sim/observe/value.h"
#include "sim/spec/spec.h"

namespace fourtuple::observe {

inline constexpr std::size_t max_members = 1000;

/// apps.NAME of one process, or of one on each member (in the order of members). Never empty.
[[nodiscard]] value app_value(std::span<const app_metrics* const> processes);
/// hosts.NAME of one member, or of a counted host's members. Never empty.
[[nodiscard]] value host_value(std::span<const host_metrics> members);

/// Follows a path. What is known but did not occur (an errno, a counter, a state) is 0; anything
/// else that is not there is a moment that never came: null. A map of errors is their sum.
[[nodiscard]] value lookup(const value& tree, std::span<const spec::path_segment> path);

/// What the tree is made from. All of it outlives the tree_view.
struct tree_sources {
  const spec::scenario* scenario = nullptr;
  const backend* world = nullptr;
  /// As scenario->apps; each with one entry per member that it runs on, in the order of members.
  std::vector<std::vector<const app_metrics*>> apps;
  value script = value::list();
  value run = value::map();  ///< events, wall_seconds, peak_rss_bytes: not part of the digest
};

/// The tree as it is now: made piece by piece as paths ask for it, each piece once.
class tree_view {
 public:
  explicit tree_view(const tree_sources& from) : from_(from) {}

  /// { apps, hosts, script }, members up to max_members.
  [[nodiscard]] value whole() const;
  /// By a path of the whole tree, any member included.
  [[nodiscard]] value at(const spec::metric_path& path);

 private:
  [[nodiscard]] value top(std::string_view name) const;
  [[nodiscard]] value app(std::size_t index, std::size_t members) const;
  [[nodiscard]] value host(const spec::host& h) const;
  [[nodiscard]] value app_by_name(std::string_view name, const spec::metric_path& path) const;
  [[nodiscard]] value host_by_name(std::string_view name) const;

  const tree_sources& from_;
  std::map<std::string, value, std::less<>> pieces_;  ///< "apps.load", "apps.load.on.fleet-7"
};

}  // namespace fourtuple::observe
