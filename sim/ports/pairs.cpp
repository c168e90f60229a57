#include "sim/ports/pairs.h"

#include <algorithm>

namespace fourtuple::ports {

void pair::ripens(std::uint16_t port, std::int64_t at) {
  if (head_ * 2 > queue_.size()) {
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
  // TIME-WAITs come in the order of their stamps, but for those that were FIN-WAIT-2 before or
  // whose last segment is an older one: the search ends at once for all the others.
  auto place = queue_.end();
  while (place != queue_.begin() + static_cast<std::ptrdiff_t>(head_) && (place - 1)->at > at)
    --place;
  queue_.insert(place, {at, port});
}

void pair::advance(const kernel_time& now, const rules& r, const tuple_table& tuples,
                   const records& known) {
  const std::int64_t clock = reuse_clock(now, r);
  for (; head_ < queue_.size() && queue_[head_].at <= clock; ++head_) {
    // The TIME-WAIT may have ended or begun anew since: only what it is today counts.
    wire::four_tuple t = key_;
    t.local_port = queue_[head_].port;
    const entry e =
        tuples.find(t, [&](entry x) -> const wire::four_tuple& { return known.tuple_of(x); });
    if (e.type() == kind::time_wait && reusable(known.time_wait(e.index()), r, loopback_, now))
      taken_.erase(t.local_port);
  }
}

pair* pairs::find(const wire::four_tuple& t) const {
  if (sorted_.empty()) return nullptr;
  wire::four_tuple key = t;
  key.local_port = 0;
  if (last_ != nullptr && last_->key() == key) return last_;
  const std::size_t i = lower_bound(key);
  if (i == sorted_.size() || sorted_[i]->key() != key) return nullptr;
  return last_ = sorted_[i].get();
}

pair& pairs::insert(const wire::four_tuple& t, bool loopback) {
  // Those that never got a tuple (their scan was long because every port was bound) go now.
  std::erase_if(sorted_, [](const auto& p) { return p->empty(); });
  auto fresh = std::make_unique<pair>(t, loopback);
  last_ = fresh.get();
  const std::size_t i = lower_bound(fresh->key());
  sorted_.insert(sorted_.begin() + static_cast<std::ptrdiff_t>(i), std::move(fresh));
  return *last_;
}

void pairs::erase(const pair& p) {
  const std::size_t i = lower_bound(p.key());
  last_ = nullptr;
  sorted_.erase(sorted_.begin() + static_cast<std::ptrdiff_t>(i));
}

void pairs::clear() {
  last_ = nullptr;
  sorted_.clear();
}

std::size_t pairs::lower_bound(const wire::four_tuple& key) const {
  const auto i =
      std::lower_bound(sorted_.begin(), sorted_.end(), key,
                       [](const auto& p, const wire::four_tuple& k) { return p->key() < k; });
  return static_cast<std::size_t>(i - sorted_.begin());
}

}  // namespace fourtuple::ports
