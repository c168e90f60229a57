#include "sim/apps/arrivals.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "sim/core/random.h"

namespace fourtuple::apps {
namespace {

using wide = arrivals::wide;

constexpr std::int64_t longest = std::numeric_limits<std::int64_t>::max() / 2;

wide common_unit(const std::vector<spec::stage>& stages) {
  // Rates are decimals per second, minute or hour: their periods share factors, and the least
  // common multiple stays small. Where it does not, 10^12 ns is fine enough to be within 1 ns in an
  // hour.
  constexpr std::uint64_t most = 10'000'000'000'000;
  std::uint64_t unit = 1;
  for (const auto& each : stages) {
    const std::uint64_t step = each.to.per / std::gcd(unit, each.to.per);
    if (step > most / unit) return 1'000'000'000'000;
    unit *= step;
  }
  return static_cast<wide>(unit);
}

/// Happenings in the first t ns of a ramp, times 2 * unit * length.
wide passed(std::int64_t length, wide from, wide to, std::int64_t t) {
  return 2 * from * length * t + (to - from) * t * t;
}

}  // namespace

arrivals arrivals::constant(spec::rate r, std::vector<spec::rate_change> changes) {
  arrivals a;
  a.rate_ = r;
  a.changes_ = std::move(changes);
  return a;
}

arrivals arrivals::ramps(const std::vector<spec::stage>& stages) {
  arrivals a;
  a.unit_ = common_unit(stages);
  wide from = 0;
  for (const auto& each : stages) {
    const wide to = static_cast<wide>(each.to.count) * a.unit_ / static_cast<wide>(each.to.per);
    if (each.length.count() > 0) a.ramps_.push_back({each.length.count(), from, to});
    from = to;
  }
  return a;
}

std::optional<duration> arrivals::next_by_division() {
  const auto t = at(position_);
  if (!t) return t;
  if (rate_.count != 0) take_course(*t);
  step();
  return t;
}

/// `first` is at position_, by the rate of now.
void arrivals::take_course(duration first) {
  const auto per = static_cast<wide>(rate_.per);
  unit_rest_ = static_cast<wide>(rate_.count) << fraction_bits;
  time_ = first.count();
  rest_ = (position_ - passed_) * per % unit_rest_;
  constexpr auto beyond = static_cast<std::uint64_t>(longest) + 1;
  gap_ = static_cast<std::int64_t>(std::min(rate_.per / rate_.count, beyond));
  gap_rest_ = static_cast<wide>(rate_.per % rate_.count) << fraction_bits;
  same_until_ = longest;
  if (next_change_ < changes_.size())
    same_until_ = std::min(same_until_, changes_[next_change_].at.count());
}

std::optional<duration> arrivals::next_poisson(std::uint64_t bits) {
  position_ += core::exponential_ns(bits, std::int64_t{1} << fraction_bits);
  return at(position_);
}

std::optional<duration> arrivals::at(wide position) {
  return rate_.count == 0 ? in_ramps(position) : at_rate(position);
}

std::optional<duration> arrivals::at_rate(wide position) {
  for (;;) {
    const auto per = static_cast<wide>(rate_.per);
    const wide count = static_cast<wide>(rate_.count) << fraction_bits;
    const wide t = rate_since_ + (position - passed_) * per / count;
    const bool changed =
        next_change_ < changes_.size() && static_cast<wide>(changes_[next_change_].at.count()) < t;
    if (!changed) {
      if (t > longest) return std::nullopt;
      return duration{static_cast<std::int64_t>(t)};
    }
    const spec::rate_change& change = changes_[next_change_++];
    passed_ += (change.at.count() - rate_since_) * count / per;
    rate_since_ = change.at.count();
    rate_ = change.to;
  }
}

/// The last ns of the stage at which no more than `position` happenings have passed.
std::optional<duration> arrivals::in_ramps(wide position) {
  const wide wanted = (position * 2 * unit_) >> fraction_bits;
  for (; stage_ < ramps_.size(); ++stage_, within_ = 0) {
    const auto& [length, from, to] = ramps_[stage_];
    const wide need = (wanted - before_) * length;
    if (passed(length, from, to, length) > need) {
      std::int64_t low = within_;
      std::int64_t high = length;  // passed(low) <= need < passed(high)
      for (std::int64_t step = 1024; low + step < high; step *= 2) {
        if (passed(length, from, to, low + step) > need) {
          high = low + step;
        } else {
          low += step;
        }
      }
      while (high - low > 1) {
        const std::int64_t middle = low + (high - low) / 2;
        (passed(length, from, to, middle) > need ? high : low) = middle;
      }
      within_ = low;
      return duration{stage_start_ + low};
    }
    before_ += (from + to) * length;
    stage_start_ += length;
  }
  return std::nullopt;
}

}  // namespace fourtuple::apps
