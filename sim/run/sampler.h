// Looks at the world at equally spaced instants, so that a report can plot it. Where the end is not
// known the spacing doubles whenever there are too many samples. Looking changes nothing: the
// digest is the same with and without.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/observe/backend.h"
#include "sim/observe/outcome.h"

namespace fourtuple::run {

class sampler {
 public:
  using app_counts = std::function<std::vector<observe::series::app_point>()>;

  /// `end` nothing: not known.
  sampler(const observe::backend& world, std::vector<std::string> hosts,
          std::vector<std::string> apps, app_counts counts, std::optional<instant> end);

  [[nodiscard]] instant next() const { return next_; }
  /// At next(), or at the end.
  void take(instant now);
  [[nodiscard]] observe::series release() { return std::move(out_); }

 private:
  const observe::backend& world_;
  app_counts counts_;
  observe::series out_;
  duration step_;
  bool fixed_;
  instant next_;
};

}  // namespace fourtuple::run
