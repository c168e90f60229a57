#include <fmt/format.h>

#include <memory>

#include "sim/report/summary.h"
#include "sim/spec/quantity.h"
#include "tools/cli/cli.h"

namespace fourtuple::cli {

CLI::Validator whole_number(std::int64_t least, std::int64_t most) {
  CLI::Validator out;
  return out.operation([=](std::string& text) {
    const auto n = spec::parse_whole(text, least, most);
    return n.value ? std::string() : n.error;
  });
}

void add_model_flags(CLI::App& verb, run_flags& f) {
  verb.add_option("--seed", f.seed, "Instead of the file's seed")
      ->type_name("N")
      ->check(whole_number(0, spec::largest_seed));
  verb.add_option("--set", f.sets, "Changes a value of the file; may be repeated")
      ->type_name("PATH=VALUE")
      ->take_all()
      ->allow_extra_args(false);
  verb.add_option("--wall-limit", f.wall_limit, "Stops after this much wall time (exit code 6)")
      ->type_name("TIME");
  verb.add_option("--event-limit", f.event_limit, "Stops after so many events (exit code 6)")
      ->type_name("N")
      ->check(whole_number(1, INT64_MAX));
  verb.add_flag("--no-color", f.no_color, "No colours (NO_COLOR does the same)");
}

void add_output_flags(CLI::App& verb, run_flags& f, const std::string& json,
                      const std::string& quiet) {
  verb.add_option("--json", f.json, json + "; - is standard output, and nothing else there")
      ->type_name("FILE");
  verb.add_option("--junit", f.junit, "Results as JUnit XML")->type_name("FILE");
  verb.add_flag("--github", f.github, "Failures as GitHub annotations");
  verb.add_flag("--quiet", f.quiet, quiet);
  verb.add_option("--jobs", f.jobs, "Files at a time")->type_name("N")->check(CLI::Range(1, 256));
}

run::run_options options_of(const run_flags& f) {
  run::run_options out;
  out.metrics_every = series_spacing(f);
  out.event_limit = f.event_limit;
  if (!f.wall_limit.empty()) {
    const duration limit = parse_duration("--wall-limit", f.wall_limit);
    if (limit <= duration::zero()) throw usage_error{"--wall-limit is more than 0"};
    out.wall_limit_ns = ns(limit);
  }
  out.wall_clock = wall_clock_ns;
  out.peak_rss = peak_rss_bytes;
  out.interrupted = &interrupted();
  return out;
}

observe::outcome run_file(const std::string& path, const run_flags& f,
                          const run::run_options& options) {
  observe::outcome out;
  out.file = path;
  const auto sets = parse_settings(f.sets);
  auto loaded = [&] {
    const reading_input reading(path);
    return scenario::load_file(path, sets);
  }();
  if (!loaded) {
    out.result = verdict::bad_input;
    for (const auto& e : loaded.errors) out.errors.push_back(e.text());
    return out;
  }
  if (f.seed) loaded.scenario->seed = *f.seed;
  if (options.sockets_at && loaded.scenario->duration &&
      *options.sockets_at > instant{*loaded.scenario->duration}) {
    out.result = verdict::bad_input;
    out.errors.push_back(fmt::format("{}: --at is after the end of the run, {}", path,
                                     report::time_text(ns(*loaded.scenario->duration))));
    return out;
  }
  check_rows(*loaded.scenario, options);
  auto spec = std::make_shared<const spec::scenario>(std::move(*loaded.scenario));
  return run::run_scenario(std::move(spec), options, run::simulated());
}

void check_member(const spec::scenario& s, std::string_view what, const std::string& host) {
  if (spec::find_host(s, host)) return;
  std::vector<std::string> known;
  for (const auto& h : s.hosts) known.push_back(h.name);
  throw usage_error{
      fmt::format("{} {}: the file has no such host{}", what, host, nearest(host, known))};
}

void complain_about(const observe::outcome& o) {
  std::string lines;
  for (const auto& e : o.errors) lines += e + '\n';
  write_error(lines);
  if (!o.stopped.empty()) {
    complain(fmt::format("{}: {}: {}", o.file, report::words(o.result), o.stopped));
  }
}

}  // namespace fourtuple::cli
