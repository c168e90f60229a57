// run: simulate, report, check `expect`.
#include <memory>

#include "sim/report/machine.h"
#include "sim/report/summary.h"
#include "tools/cli/cli.h"
#include "tools/cli/crew.h"

namespace fourtuple::cli {

namespace {

observe::outcome not_run(const std::string& file) {
  observe::outcome o;
  o.file = file;
  o.result = verdict::interrupted;
  o.stopped = "not run";
  return o;
}

observe::outcome one_file(const std::string& file, const run_flags& flags,
                          const run::run_options& options) {
  if (interrupted().load(std::memory_order_relaxed)) return not_run(file);
  run::run_options mine = options;
  progress_line line(flags.jobs == 1 && !flags.quiet);
  mine.on_progress = [&](const run::progress& p) { line.show(p); };
  return run_file(file, flags, mine);
}

/// The more severe of the runs' verdict and that of the output.
verdict with_output(verdict runs, bool written) {
  if (written) return runs;
  observe::outcome both[2];
  both[0].result = runs;
  both[1].result = verdict::not_possible_here;
  return run::most_severe(both);
}

machine_forms forms_of(const std::vector<observe::outcome>& all, bool as_list) {
  return {[&all, as_list] { return report::json(all, as_list); },
          [&all] {
            std::vector<report::tested_file> out;
            for (const auto& o : all) out.push_back(report::tested(o));
            return out;
          }};
}

verdict run_files(const run_flags& flags) {
  run::run_options options = options_of(flags);
  options.plots = !flags.html.empty();
  (void)parse_settings(flags.sets);
  const file_list files = expand_files(flags.files);
  check_outputs(files, {{"--json", flags.json},
                        {"--junit", flags.junit},
                        {"--series", flags.series},
                        {"--html", flags.html}});
  // Before the run: nobody wants to learn after an hour that a folder is missing.
  result_files results(flags);
  series_file series(flags, files, results.stdout_is_free());
  page_file page(flags, files, results.stdout_is_free() && flags.series != "-");
  const bool text = results.stdout_is_free() && flags.series != "-" && flags.html != "-";
  const report::style style = style_of_stdout(flags.no_color);
  sink out("-");
  bool first = true;
  crew<observe::outcome> all(files.paths.size(), flags.jobs, [&](std::size_t i) {
    return one_file(files.paths[i], flags, options);
  });
  all.run([&](const observe::outcome& o) {
    complain_about(o);
    const std::string report = text ? report::summary(o, style, flags.quiet) : std::string();
    if (report.empty()) return;
    out.write((first ? "" : "\n") + report);
    first = false;
  });
  const auto outcomes = all.release();
  if (text && files.as_list && !flags.quiet) out.write("\n" + report::totals(outcomes));
  bool written = results.write(forms_of(outcomes, files.as_list), text ? &out : nullptr);
  written = series.write(outcomes.front().metrics) && written;
  written = page.write(outcomes.front(), options) && written;
  written = out.finish() && written;
  return with_output(run::most_severe(outcomes), written);
}

}  // namespace

void add_run(CLI::App& app, verdict& code) {
  auto* verb = app.add_subcommand("run", "Simulate; print the report; check `expect`");
  const auto flags = std::make_shared<run_flags>();
  verb->add_option("FILE", flags->files, "Scenario files; - is standard input, a folder its *.yaml")
      ->required();
  add_model_flags(*verb, *flags);
  add_output_flags(*verb, *flags);
  add_series_flags(*verb, *flags, "; - is standard output, and nothing else there");
  verb->add_option("--html", flags->html, "The report as a page with plots and packet diagrams")
      ->type_name("FILE.html");
  verb->callback([flags, &code] { code = run_files(*flags); });
}

}  // namespace fourtuple::cli
