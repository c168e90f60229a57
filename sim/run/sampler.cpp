#include "sim/run/sampler.h"

namespace fourtuple::run {

sampler::sampler(const observe::backend& world, std::vector<std::string> hosts,
                 std::vector<std::string> apps, app_counts counts, std::optional<instant> end)
    : world_(world),
      counts_(std::move(counts)),
      when_(spacing::for_a_plot(end, world.between_looks())) {
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
