#include "sim/run/sampler.h"

#include <algorithm>
#include <chrono>

namespace fourtuple::run {

namespace {

/// Only the simulated world has a digest. The real one is asked for its socket tables, which takes
/// milliseconds (its hash has a bucket for every 100 kB of memory) that the programs of a run lack.
spacing when_to_look(const observe::backend& world, std::optional<instant> end) {
  constexpr duration least = std::chrono::milliseconds{200};
  constexpr std::int64_t wanted = 90;
  if (!world.digest().empty()) return spacing::for_a_plot(end);
  return spacing::every(end ? std::max(least, (*end - instant{}) / wanted) : least);
}

}  // namespace

sampler::sampler(const observe::backend& world, std::vector<std::string> hosts,
                 std::vector<std::string> apps, app_counts counts, std::optional<instant> end)
    : world_(world), counts_(std::move(counts)), when_(when_to_look(world, end)) {
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
  when_.thin(out_.samples);
  when_.passed(now);
}

void metric_sampler::take(instant now) {
  if (!out_.rows.empty() && out_.rows.back().at == now) out_.rows.pop_back();
  reader_.read(now);
  when_.thin(out_.rows);
  when_.passed(now);
  if (out_.rows.size() < most_ || out_.cut) return;
  when_.stop();
  out_.cut = true;
}

}  // namespace fourtuple::run
