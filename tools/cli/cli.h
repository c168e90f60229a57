// What the verbs of the command line share: where output goes, which files are meant, the flags of
// every running verb, signals and clocks. One file per verb: verb_<name>.cpp.
#pragma once

#include <CLI/CLI.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/observe/outcome.h"
#include "sim/report/tested.h"
#include "sim/report/text.h"
#include "sim/run/run.h"
#include "sim/scenario/scenario.h"

namespace fourtuple::cli {

using observe::verdict;

/// Ends the verb with exit code 2 (or 3) and a message.
struct usage_error {
  std::string message;
  verdict code = verdict::bad_input;
};

// ---- output.cpp
// -------------------------------------------------------------------------------------

/// "fourtuple: text" on standard error.
void complain(std::string_view text);
/// As it is, on standard error.
void write_error(std::string_view text);

/// A stream that remembers whether everything was written. Standard output or a file.
class sink {
 public:
  /// "-" is standard output. Throws usage_error (exit code 3) where it cannot be opened.
  explicit sink(const std::string& path);
  sink(const sink&) = delete;
  sink& operator=(const sink&) = delete;
  ~sink();
  void write(std::string_view text);
  /// False, and said on standard error, where not everything arrived.
  bool finish();

 private:
  std::string name_;
  int fd_ = -1;
  bool owned_ = false;
  int error_ = 0;
};

/// Descriptors 0 to 2 that are closed get a stand-in, so that no file of ours takes their place.
void guard_standard_streams();

// ---- terminal.cpp
// -----------------------------------------------------------------------------------

[[nodiscard]] report::style style_of_stdout(bool no_color);
/// Set by SIGINT and SIGTERM; the second signal ends the program at once.
[[nodiscard]] const std::atomic<bool>& interrupted();
/// While it lives a scenario is read. From a terminal, a pipe or a FIFO that may take for ever, so
/// the first signal ends the program (exit code 130).
class reading_input {
 public:
  explicit reading_input(const std::string& path);
  ~reading_input();
  reading_input(const reading_input&) = delete;
  reading_input& operator=(const reading_input&) = delete;

 private:
  bool may_wait_;
};
void catch_signals();
[[nodiscard]] std::int64_t wall_clock_ns();
[[nodiscard]] std::uint64_t peak_rss_bytes();

/// A line on standard error, on a terminal and after a second: virtual time, percent, events/s.
class progress_line {
 public:
  explicit progress_line(bool wanted);
  ~progress_line();
  void show(const run::progress& p);

 private:
  bool wanted_;
  bool shown_ = false;
  std::int64_t last_ns_ = 0;
};

// ---- files.cpp
// --------------------------------------------------------------------------------------

struct file_list {
  std::vector<std::string> paths;
  bool as_list = false;  ///< a folder or more than one FILE was named
};
/// Folders become their *.yaml and *.yml, recursively, sorted. Throws usage_error.
[[nodiscard]] file_list expand_files(const std::vector<std::string>& named);
/// What a flag names to be written; "" and "-" are no files.
struct named_output {
  const char* flag;
  std::string path;
};
/// Throws usage_error where one would overwrite a file that is read, or another of them.
void check_outputs(const file_list& inputs, const std::vector<named_output>& outputs);
[[nodiscard]] std::vector<scenario::setting> parse_settings(const std::vector<std::string>& texts);
/// "60s", "1.5 min"; throws usage_error that names `flag`.
[[nodiscard]] duration parse_duration(std::string_view flag, const std::string& text);
/// " (did you mean 'run'?)" or nothing.
[[nodiscard]] std::string nearest(std::string_view word, const std::vector<std::string>& known);

// ---- flags.cpp
// --------------------------------------------------------------------------------------

/// Flags of every running verb (FORMAT 1).
struct run_flags {
  std::vector<std::string> files;
  std::optional<std::uint64_t> seed;
  std::vector<std::string> sets;
  std::string json;
  std::string junit;
  bool github = false;
  bool quiet = false;
  bool no_color = false;
  unsigned jobs = 1;
  std::string wall_limit;
  std::uint64_t event_limit = 0;
  std::string series;
  std::string every;
  std::string html;
};
/// For flags: nothing but digits, as for numbers in a file.
[[nodiscard]] CLI::Validator whole_number(std::int64_t least, std::int64_t most);
/// --seed --set --wall-limit --event-limit --no-color
void add_model_flags(CLI::App& verb, run_flags& f);
/// --json --junit --github --quiet --jobs; the words say what JSON there is, and what --quiet keeps
/// still.
void add_output_flags(CLI::App& verb, run_flags& f, const std::string& json = "Results as JSON",
                      const std::string& quiet = "Only what failed");
/// --series --every; `remark` follows what --help says of the first.
void add_series_flags(CLI::App& verb, run_flags& f, const std::string& remark = "");
[[nodiscard]] run::run_options options_of(const run_flags& f);
/// Loads and runs one file; what is wrong with it stands in the outcome.
[[nodiscard]] observe::outcome run_file(const std::string& path, const run_flags& f,
                                        const run::run_options& options);
/// Throws usage_error where the file has no host (or member) of that name, which `what` asks for.
void check_member(const spec::scenario& s, std::string_view what, const std::string& host);
/// What is wrong with a file, and what stopped a run, on standard error.
void complain_about(const observe::outcome& o);

// ---- series.cpp
// -------------------------------------------------------------------------------------

/// What --every asks for, where there is a --series; throws usage_error.
[[nodiscard]] std::optional<duration> series_spacing(const run_flags& f);
/// Throws usage_error where a run of known length would have more rows than are kept.
void check_rows(const spec::scenario& s, const run::run_options& options);

/// The file of --series. Opened before the run, written after it.
class series_file {
 public:
  /// Throws usage_error.
  series_file(const run_flags& f, const file_list& files, bool stdout_is_free);
  /// False, and said, where not everything could be written.
  bool write(const observe::metric_series& series);

 private:
  std::unique_ptr<sink> file_;  ///< null: nobody asked
};

// ---- results.cpp
// ------------------------------------------------------------------------------------

/// What --json, --junit and --github show, made where they are asked for.
struct machine_forms {
  std::function<std::string()> json;
  std::function<std::vector<report::tested_file>()> tested;
};

/// The files of --json and --junit, and the annotations of --github. Opened before the run, written
/// after it.
class result_files {
 public:
  /// Throws usage_error.
  explicit result_files(const run_flags& f);
  /// Neither goes to standard output.
  [[nodiscard]] bool stdout_is_free() const { return stdout_is_free_; }
  /// Annotations go to `text`, or, where that is null, to standard error. False, and said, where
  /// not everything could be written.
  bool write(const machine_forms& forms, sink* text);

 private:
  std::unique_ptr<sink> json_;
  std::unique_ptr<sink> junit_;
  bool github_;
  bool stdout_is_free_;
};

// ---- page.cpp
// ---------------------------------------------------------------------------------------

/// The file of --html. Opened before the run, written after it.
class page_file {
 public:
  /// Throws usage_error.
  page_file(const run_flags& f, const file_list& files, bool stdout_is_free);
  /// Runs the file again as far as the connections that the page draws. False, and said, where not
  /// everything could be written.
  bool write(const observe::outcome& o, run::run_options options);

 private:
  std::unique_ptr<sink> file_;  ///< null: nobody asked
};

// ---- verbs
// ------------------------------------------------------------------------------------------

/// Adds a verb; its callback leaves the exit code in `code`.
void add_run(CLI::App& app, verdict& code);
void add_lint(CLI::App& app, verdict& code);
void add_ss(CLI::App& app, verdict& code);
void add_trace(CLI::App& app, verdict& code);
void add_crosscheck(CLI::App& app, verdict& code);
void add_services(CLI::App& app, verdict& code);
void add_schema(CLI::App& app, verdict& code);
void add_list(CLI::App& app, verdict& code);

}  // namespace fourtuple::cli
