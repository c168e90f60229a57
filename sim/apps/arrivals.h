// When the requests of an open loop begin: arrival k (from 1) as nanoseconds after the load's
// start, exactly, in integers. The k-th arrival is where the integral of the rate reaches k - 1,
// or, for poisson arrivals, the sum of k exponential gaps of mean 1; so a constant rate gives
// floor((k - 1) * per / count), and a ramp's first request is at its start.
#pragma once

#include <fourtuple/time.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/spec/app.h"

namespace fourtuple::apps {

class arrivals {
 public:
  __extension__ typedef __int128 wide;

  arrivals() = default;
  /// A rate that jumps at the times of `changes`; the integral goes on.
  [[nodiscard]] static arrivals constant(spec::rate r, std::vector<spec::rate_change> changes = {});
  /// Piecewise linear, from 0 at first; as k6's ramping-arrival-rate. A stage of no length is a
  /// jump.
  [[nodiscard]] static arrivals ramps(const std::vector<spec::stage>& stages);

  /// The next arrival of an even stream; nothing where no more will come.
  [[nodiscard]] std::optional<duration> next() {
    if (time_ > same_until_) return next_by_division();
    const duration t{time_};
    step();
    return t;
  }
  /// The next arrival of a Poisson stream of the same rate. `bits`: 64 random ones.
  [[nodiscard]] std::optional<duration> next_poisson(std::uint64_t bits);

 private:
  /// A stage in whole units: a and b happenings per `unit_` ns at its ends.
  struct ramp {
    std::int64_t length = 0;
    wide from = 0;
    wide to = 0;
  };

  [[nodiscard]] std::optional<duration> at(wide position);
  [[nodiscard]] std::optional<duration> at_rate(wide position);
  [[nodiscard]] std::optional<duration> in_ramps(wide position);
  [[gnu::noinline]] std::optional<duration> next_by_division();
  void take_course(duration first);
  /// As long as the rate is the same each arrival follows the one before after a fixed time, which
  /// is a whole number of ns and a rest.
  void step() {
    position_ += wide{1} << fraction_bits;
    time_ += gap_;
    rest_ += gap_rest_;
    if (rest_ < unit_rest_) return;
    rest_ -= unit_rest_;
    ++time_;
  }

  static constexpr unsigned fraction_bits = 32;

  spec::rate rate_{};
  std::vector<spec::rate_change> changes_;
  std::size_t next_change_ = 0;
  std::int64_t rate_since_ = 0;  ///< ns: when this rate began
  wide passed_ = 0;              ///< happenings until then, << fraction_bits
  std::vector<ramp> ramps_;
  wide position_ = 0;  ///< of the next arrival of an even stream, of the last of another,
                       ///< in happenings << fraction_bits

  // An even stream at a rate: the next arrival, and what lies between two.
  std::int64_t time_ = 0;
  std::int64_t same_until_ = -1;  ///< of time_; beyond it another rate applies, or none
  std::int64_t gap_ = 0;
  wide rest_ = 0;  ///< of an ns that has passed at time_, in 1 / unit_rest_
  wide gap_rest_ = 0;
  wide unit_rest_ = 1;

  wide unit_ = 1;
  std::size_t stage_ = 0;
  std::int64_t stage_start_ = 0;
  std::int64_t within_ = 0;  ///< of the last arrival, in its stage
  wide before_ = 0;          ///< happenings of the earlier stages, in 1 / (2 * unit_)
};

}  // namespace fourtuple::apps
