// services, schema and list: what needs no run.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "sim/report/services.h"
#include "tools/cli/cli.h"

namespace fourtuple::cli {

namespace {

namespace fs = std::filesystem;

verdict print(const std::string& text) {
  sink out("-");
  out.write(text);
  return out.finish() ? verdict::as_expected : verdict::not_possible_here;
}

/// The folder `scenarios` in the current folder, beside or above the program (build/fourtuple), or
/// in the source tree that it was built from.
fs::path scenario_folder() {
  std::error_code error;
  fs::path here = fs::read_symlink("/proc/self/exe", error).parent_path();
  std::vector<fs::path> candidates{fs::current_path(error)};
  for (int up = 0; up < 4 && !here.empty(); ++up) {
    candidates.push_back(here);
    candidates.push_back(here / "share" / "fourtuple");
    here = here.parent_path();
  }
  candidates.push_back(fs::path(__FILE__).parent_path().parent_path().parent_path());
  for (const auto& folder : candidates) {
    if (fs::is_directory(folder / "scenarios", error)) return folder / "scenarios";
  }
  throw usage_error{
      "no folder 'scenarios' is beside this program, in the current folder or in the source tree",
      verdict::not_possible_here};
}

verdict list_scenarios() {
  struct row {
    std::string path;
    std::string title;
  };
  std::vector<row> rows;
  std::size_t widest = 0;
  std::error_code error;
  for (const auto& path : expand_files({scenario_folder().string()}).paths) {
    const auto loaded = scenario::load_file(path);
    const fs::path near = fs::proximate(path, error);
    // A path that leads far away is harder to read than the whole one.
    const bool far = error || near.string().starts_with("../..");
    rows.push_back({far ? path : near.string(),
                    loaded ? loaded.scenario->title : std::string("(not valid: see lint)")});
    widest = std::max(widest, rows.back().path.size());
  }
  std::string text;
  for (const auto& r : rows) {
    text += fmt::format("{:<{}}  {}\n", r.path, widest, report::one_line(r.title));
  }
  return print(text);
}

}  // namespace

void add_services(CLI::App& app, verdict& code) {
  auto* verb = app.add_subcommand("services", "Well-known ports, IANA's ranges, ephemeral ranges");
  const auto ports = std::make_shared<std::vector<std::uint16_t>>();
  verb->add_option("PORT", *ports, "Only these")->check(CLI::Range(0, 65535));
  verb->callback(
      [ports, &code] { code = print(report::services_text(*ports, style_of_stdout(true))); });
}

void add_schema(CLI::App& app, verdict& code) {
  auto* verb = app.add_subcommand("schema", "The JSON Schema of the scenario file");
  verb->callback([&code] { code = print(scenario::schema().dump(2) + "\n"); });
}

void add_list(CLI::App& app, verdict& code) {
  auto* verb = app.add_subcommand("list", "The scenarios that ship, one line each");
  verb->callback([&code] { code = list_scenarios(); });
}

}  // namespace fourtuple::cli
