// When to look at a world: equally spaced instants. Where a plot is to be drawn and the end is not
// known, the spacing doubles whenever there are too many samples.
#pragma once

#include <fourtuple/time.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace fourtuple::run {

class spacing {
 public:
  [[nodiscard]] static spacing every(duration step) { return {step, true}; }
  /// ~90 instants to the end, at least `least` apart; `end` nothing: not known.
  [[nodiscard]] static spacing for_a_plot(std::optional<instant> end, duration least) {
    if (!end) return {std::max(first_step, least), false};
    return {std::max(least, (*end - instant{}) / wanted), true};
  }

  /// `never`: no more.
  [[nodiscard]] instant next() const { return next_; }
  /// Everything up to and including `now` has been looked at.
  void passed(instant now) {
    if (next_ > now || next_ == never) return;
    next_ = later(now - (now - next_) % step_, step_);
  }
  void stop() { next_ = never; }

  /// Of too many samples every other one stays, the latest too, and the spacing doubles.
  template <class Sample>
  void thin(std::vector<Sample>& all) {
    if (fixed_ || all.size() < too_many) return;
    for (std::size_t i = 0; 2 * i + 1 < all.size(); ++i) all[i] = std::move(all[2 * i + 1]);
    all.resize(all.size() / 2);
    step_ = step_ > duration::max() / 2 ? duration::max() : step_ * 2;
  }

 private:
  static constexpr std::int64_t wanted = 90;
  static constexpr std::size_t too_many = 180;
  static constexpr duration first_step{1'000'000};  // 1 ms, doubling

  spacing(duration step, bool fixed) : step_(step), fixed_(fixed), next_(later({}, step)) {}
  static instant later(instant t, duration d) { return t > never - d ? never : t + d; }

  duration step_;
  bool fixed_;
  instant next_;
};

}  // namespace fourtuple::run
