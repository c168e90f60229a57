#include "sim/run/sampler.h"

#include <algorithm>

namespace fourtuple::run {

namespace {

constexpr std::int64_t wanted = 90;
constexpr std::size_t too_many = 180;
constexpr duration first_step{1'000'000};  // where the end is not known: 1 ms, doubling

instant later(instant t, duration d) { return t > never - d ? never : t + d; }

}  // namespace

sampler::sampler(const observe::backend& world, std::vector<std::string> hosts,
                 std::vector<std::string> apps, app_counts counts, std::optional<instant> end)
    : world_(world),
      counts_(std::move(counts)),
      step_(end ? std::max(duration{1}, (*end - instant{}) / wanted) : first_step),
      fixed_(end.has_value()),
      next_(later(instant{}, step_)) {
  out_.hosts = std::move(hosts);
  out_.apps = std::move(apps);
}

void sampler::take(instant now) {
  if (!out_.samples.empty() && out_.samples.back().at == now) out_.samples.pop_back();
  observe::series::sample s;
  s.at = now;
  for (const auto& host : out_.hosts) {
    const auto level = world_.levels(host);
    s.hosts.push_back({level.ports, level.time_wait});
  }
  s.apps = counts_();
  out_.samples.push_back(std::move(s));
  if (!fixed_ && out_.samples.size() >= too_many) {
    // Every other one stays, the latest too.
    auto& all = out_.samples;
    for (std::size_t i = 0; 2 * i + 1 < all.size(); ++i) all[i] = std::move(all[2 * i + 1]);
    all.resize(all.size() / 2);
    step_ = step_ > duration::max() / 2 ? duration::max() : step_ * 2;
  }
  while (next_ <= now && next_ != never) next_ = later(next_, step_);
}

}  // namespace fourtuple::run
