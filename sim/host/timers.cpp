#include "sim/host/timers.h"

#include <algorithm>

namespace fourtuple::host {
namespace {

__extension__ using wide = __int128;
constexpr std::int64_t second = 1'000'000'000;

}  // namespace

timers::timers(surroundings& world, const timer_settings& how)
    : world_(world),
      how_(how),
      wheel_(jiffy_at(instant{})),
      clock_{instant{}, jiffy_at(instant{})},
      exact_(1) {}

void timers::read_clock(instant now) const {
  const bool same_jiffy = now < next_jiffy_ && now >= clock_.now;
  clock_ = {now, same_jiffy ? clock_.jiffy : jiffy_at(now)};
  if (!same_jiffy) next_jiffy_ = instant_of(clock_.jiffy + 1);
  const instant next_ms = at_ns((ns(now) / 1'000'000 + 1) * 1'000'000);
  clock_changes_ = std::min(next_ms, next_jiffy_);
}

std::uint64_t timers::jiffy_at(instant t) const {
  const auto up = static_cast<std::uint64_t>(ns(t) + ns(how_.boot));
  constexpr auto unit = static_cast<std::uint64_t>(second);
  return up / unit * how_.hz + up % unit * how_.hz / unit;
}

instant timers::instant_of(std::uint64_t jiffy) const {
  // Whole seconds and the rest, so that 64 bits are enough.
  const std::uint64_t rest = jiffy % how_.hz * static_cast<std::uint64_t>(second);
  const std::uint64_t up =
      jiffy / how_.hz * static_cast<std::uint64_t>(second) + (rest + how_.hz - 1) / how_.hz;
  return at_ns(static_cast<std::int64_t>(up) - ns(how_.boot));
}

std::uint32_t timers::rearm(std::uint32_t id, timer_kind kind, std::uint32_t index,
                            std::uint64_t delay) {
  const std::uint64_t cookie =
      (std::uint64_t{1} << 40) | (static_cast<std::uint64_t>(kind) << 32) | index;
  if (how_.ideal) [[unlikely]] {
    if (id != 0) cancel_exactly(id);
    return arm_exactly(delay, cookie);
  }
  id = wheel_.rearm(id, jiffy(), delay, cookie);
  if (wheel_.next_expiry() < token_jiffy_) [[unlikely]]
    schedule();
  return id;
}

std::uint32_t timers::arm_exactly(std::uint64_t delay, std::uint64_t cookie) {
  const auto exactly = static_cast<std::int64_t>(static_cast<wide>(delay) * second / how_.hz);
  const instant at = world_.now() + duration{exactly > 0 ? exactly : 1};
  std::uint32_t id = 0;
  if (free_exact_.empty()) {
    exact_.push_back({at, cookie});
    id = static_cast<std::uint32_t>(exact_.size() - 1);
  } else {
    id = free_exact_.back();
    free_exact_.pop_back();
    exact_[id] = {at, cookie};
  }
  order_.emplace(at, id);
  schedule();
  return id;
}

void timers::cancel_exactly(std::uint32_t id) {
  if (order_.erase({exact_[id].at, id}) != 0) {
    free_exact_.push_back(id);
  } else {
    exact_[id].cookie = 0;  // collected, its turn has not come
  }
}

instant timers::expiry(std::uint32_t id) const {
  return how_.ideal ? exact_[id].at : instant_of(wheel_.expiry(id));
}

instant timers::next() const {
  if (how_.ideal) return order_.empty() ? never : order_.begin()->first;
  const std::uint64_t jiffy = wheel_.next_expiry();
  return jiffy == core::timer_wheel::none ? never : instant_of(jiffy);
}

void timers::schedule() {
  const instant at = next();
  if (at >= token_) return;
  token_ = at;
  if (!how_.ideal) token_jiffy_ = wheel_.next_expiry();
  world_.schedule_timer_token(at);
}

void timers::collect() {
  if (world_.now() >= token_) {
    token_ = never;
    token_jiffy_ = core::timer_wheel::none;
  }
  if (!how_.ideal) {
    wheel_.collect(jiffy(), batch_);
    return;
  }
  while (!order_.empty() && order_.begin()->first <= world_.now()) {
    batch_.push_back(order_.begin()->second);
    order_.erase(order_.begin());
  }
}

std::uint64_t timers::take(std::uint32_t id) {
  if (!how_.ideal) return wheel_.take(id);
  free_exact_.push_back(id);
  return exact_[id].cookie;
}

}  // namespace fourtuple::host
