// lint: load and check only.
#include <fmt/format.h>

#include <memory>

#include "sim/report/machine.h"
#include "tools/cli/cli.h"

namespace fourtuple::cli {

namespace {

struct lint_flags {
  std::vector<std::string> files;
  std::vector<std::string> sets;
  bool resolved = false;
  bool github = false;
  bool quiet = false;
};

std::string contents_text(const spec::scenario& s) {
  const auto plural = [](std::size_t n, const char* what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
  };
  return fmt::format("{}, {}, {}, {}", plural(s.host_count(), "host"), plural(s.apps.size(), "app"),
                     plural(s.script.size(), "step"), plural(s.expect.size(), "condition"));
}

observe::outcome lint_one(const std::string& path, const lint_flags& f,
                          std::span<const scenario::setting> sets, sink& out) {
  observe::outcome o;
  o.file = path;
  std::vector<scenario::config_error> errors;
  const reading_input reading(path);
  if (f.resolved) {
    auto done = scenario::resolved_file(path, sets);
    errors = std::move(done.errors);
    out.write(done.yaml);
  } else {
    auto loaded = scenario::load_file(path, sets);
    errors = std::move(loaded.errors);
    if (loaded && !f.quiet) {
      out.write(fmt::format("{}: ok: {}\n", path, contents_text(*loaded.scenario)));
    }
  }
  for (const auto& e : errors) o.errors.push_back(e.text());
  if (!errors.empty()) o.result = verdict::bad_input;
  return o;
}

verdict lint_files(const lint_flags& f) {
  const auto sets = parse_settings(f.sets);
  const auto files = expand_files(f.files);
  if (f.resolved && files.paths.size() > 1) {
    throw usage_error{"--resolved takes one file"};
  }
  sink out("-");
  std::vector<observe::outcome> all;
  for (const auto& path : files.paths) {
    if (interrupted().load(std::memory_order_relaxed)) {
      all.emplace_back().result = verdict::interrupted;
      break;
    }
    all.push_back(lint_one(path, f, sets, out));
    complain_about(all.back());
  }
  if (f.github) {
    for (const auto& o : all) out.write(report::github(std::vector{report::tested(o)}));
  }
  if (!out.finish()) all.emplace_back().result = verdict::not_possible_here;
  return run::most_severe(all);
}

}  // namespace

void add_lint(CLI::App& app, verdict& code) {
  auto* verb = app.add_subcommand(
      "lint", "Load and check only; every mistake at once, as file:line:column: message");
  const auto flags = std::make_shared<lint_flags>();
  verb->add_option("FILE", flags->files, "Scenario files; - is standard input, a folder its *.yaml")
      ->required();
  verb->add_flag("--resolved", flags->resolved, "Print the file with every default filled in");
  verb->add_option("--set", flags->sets, "Changes a value of the file; may be repeated")
      ->type_name("PATH=VALUE")
      ->take_all()
      ->allow_extra_args(false);
  verb->add_flag("--github", flags->github, "Mistakes as GitHub annotations");
  verb->add_flag("--quiet", flags->quiet, "Only mistakes");
  verb->callback([flags, &code] { code = lint_files(*flags); });
}

}  // namespace fourtuple::cli
