// --series and --every, of every running verb.
#include "sim/report/series_csv.h"

#include <fmt/format.h>

#include "sim/report/text.h"
#include "tools/cli/cli.h"

namespace fourtuple::cli {

void add_series_flags(CLI::App& verb, run_flags& f, const std::string& remark) {
  verb.add_option("--series", f.series,
                  "Metrics of apps and hosts over virtual time, as CSV" + remark)
      ->type_name("FILE.csv");
  verb.add_option("--every", f.every, "A row of the series so often, and one at the end (1s)")
      ->type_name("TIME");
}

std::optional<duration> series_spacing(const run_flags& f) {
  if (f.series.empty()) {
    if (!f.every.empty()) throw usage_error{"--every is for --series FILE.csv"};
    return std::nullopt;
  }
  if (f.every.empty()) return std::chrono::seconds{1};
  const duration every = parse_duration("--every", f.every);
  if (every <= duration::zero()) throw usage_error{"--every is more than 0"};
  return every;
}

void check_rows(const spec::scenario& s, const run::run_options& options) {
  std::optional<duration> end = s.duration;
  if (options.sockets_at) end = *options.sockets_at - instant{};
  if (!options.metrics_every || !end) return;
  const auto rows = static_cast<std::uint64_t>(*end / *options.metrics_every) + 1;
  if (rows <= observe::most_rows(s)) return;
  throw usage_error{fmt::format("--every {}: that makes {} rows; of this file at most {} are kept",
                                report::time_text(ns(*options.metrics_every)),
                                report::grouped(rows), report::grouped(observe::most_rows(s)))};
}

series_file::series_file(const run_flags& f, const file_list& files, bool stdout_is_free) {
  if (f.series.empty()) return;
  if (files.as_list) throw usage_error{"--series is for one file"};
  if (f.series == "-" && !stdout_is_free)
    throw usage_error{"--series -: standard output carries something else"};
  file_ = std::make_unique<sink>(f.series);
}

bool series_file::write(const observe::metric_series& series) {
  if (!file_) return true;
  if (series.cut) {
    complain(fmt::format("the series ends at {}, after {} rows; a longer --every shows the rest",
                         report::time_text(ns(series.rows[series.rows.size() - 2].at)),
                         report::grouped(series.rows.size() - 1)));
  }
  report::series_csv(series, [&](std::string_view text) { file_->write(text); });
  return file_->finish();
}

}  // namespace fourtuple::cli
