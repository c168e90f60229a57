// Looks at the world at the instants of a spacing, so that a report can plot it or write it down.
// Looking changes nothing: the digest is the same with and without.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/observe/backend.h"
#include "sim/observe/outcome.h"
#include "sim/run/spacing.h"

namespace fourtuple::run {

/// Ports and failures, at ~90 instants: what every run is watched by.
class sampler {
 public:
  using app_counts = std::function<std::vector<observe::series::app_point>()>;

  /// `end` nothing: not known.
  sampler(const observe::backend& world, std::vector<std::string> hosts,
          std::vector<std::string> apps, app_counts counts, std::optional<instant> end);

  [[nodiscard]] instant next() const { return when_.next(); }
  /// At next(), or at the end.
  void take(instant now);
  [[nodiscard]] observe::series release() { return std::move(out_); }

 private:
  const observe::backend& world_;
  app_counts counts_;
  observe::series out_;
  spacing when_;
};

/// The metrics of apps and hosts, where somebody asked for them.
class metric_sampler {
 public:
  /// `most`: so many rows at most, and the last one.
  metric_sampler(const observe::tree_sources& from, spacing when, std::uint64_t most)
      : reader_(from, out_), when_(when), most_(most) {}
  metric_sampler(const metric_sampler&) = delete;
  metric_sampler& operator=(const metric_sampler&) = delete;

  [[nodiscard]] instant next() const { return when_.next(); }
  void take(instant now);
  [[nodiscard]] observe::metric_series release() { return std::move(out_); }

 private:
  observe::metric_series out_;
  observe::metric_reader reader_;
  spacing when_;
  std::uint64_t most_;
};

}  // namespace fourtuple::run
