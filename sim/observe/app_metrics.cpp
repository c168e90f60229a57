#include "sim/observe/app_metrics.h"

#include <algorithm>
#include <numeric>

namespace fourtuple::observe {

std::string fault::text() const {
  switch (kind) {
    case word::timeout:
      return "timeout";
    case word::eof:
      return "eof";
    case word::errno_name:
      break;
  }
  return std::string(name(error));
}

void duration_samples::turn_to(duration d) { last_ = &*samples_.try_emplace(d, 0).first; }

void duration_samples::merge(const duration_samples& other) {
  for (const auto& [value, n] : other.samples_) samples_[value] += n;
  count_ += other.count_;
  last_ = nullptr;
}

std::optional<duration> duration_samples::percentile(unsigned percent) const {
  if (count_ == 0) return std::nullopt;
  const std::uint64_t wanted = (count_ * percent + 99) / 100;
  const std::uint64_t rank = wanted == 0 ? 1 : wanted;
  std::uint64_t seen = 0;
  for (const auto& [value, n] : samples_) {
    seen += n;
    if (seen >= rank) return value;
  }
  return samples_.rbegin()->first;
}

void tuple_set::turn_to(const ip_address& local, const endpoint& remote) {
  const auto place = used_.try_emplace(key{local, remote}).first;
  if (!place->second) place->second = std::make_unique<ports>();
  last_key_ = &place->first;
  last_ = place->second.get();
}

void tuple_set::merge(const tuple_set& other) {
  for (const auto& [where, bits] : other.used_) {
    auto& mine = used_[where];
    if (!mine) mine = std::make_unique<ports>();
    const auto before = mine->count();
    *mine |= *bits;
    size_ += mine->count() - before;
  }
}

std::string_view name(scanned_port::verdict v) {
  static constexpr std::array<std::string_view, 5> names = {"", "open", "closed", "filtered",
                                                            "error"};
  return names[static_cast<std::size_t>(v)];
}

void app_metrics::begin_counting(instant now) {
  errors_before = errors_ever();
  requests_before = requests;
  attempted_before = attempted;
  accepted_before = accepted;
  for (auto* each : {&connected, &completed, &failed, &bytes_in, &bytes_out, &accepted, &waited,
                     &opened, &reused, &resets_on_reuse})
    *each = 0;
  errors = {};
  if (upstream_errors) *upstream_errors = {};
  first_failure.reset();
  other_firsts.clear();
  connect_time = {};
  tuples = {};
  active.restart(now);
}

void error_counts::add(fault what) {
  switch (what.kind) {
    case fault::word::timeout:
      ++timeouts;
      break;
    case fault::word::eof:
      ++eofs;
      break;
    case fault::word::errno_name:
      ++by_errno[static_cast<std::size_t>(what.error)];
      break;
  }
}

std::uint64_t error_counts::sum() const {
  return std::accumulate(by_errno.begin(), by_errno.end(), timeouts + eofs);
}

void app_metrics::count(fault what) { errors.add(what); }

void app_metrics::fail(instant at, fault what, std::string_view call, std::uint64_t attempt) {
  count(what);
  const auto same = [&](const auto& known) { return known.what == what; };
  if (first_failure && same(*first_failure)) return;
  if (std::any_of(other_firsts.begin(), other_firsts.end(), same)) return;
  observe::first_failure first{at, what, std::string(call), attempt};
  if (!first_failure) {
    first_failure = std::move(first);
  } else {
    other_firsts.push_back(std::move(first));
  }
}

}  // namespace fourtuple::observe
