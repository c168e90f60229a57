// --json, --junit and --github, of every running verb.
#include "tools/cli/cli.h"

namespace fourtuple::cli {

namespace {

std::unique_ptr<sink> open_sink(const std::string& path) {
  return path.empty() ? nullptr : std::make_unique<sink>(path);
}

}  // namespace

result_files::result_files(const run_flags& f)
    : github_(f.github), stdout_is_free_(f.json != "-" && f.junit != "-") {
  if (f.json == "-" && f.junit == "-")
    throw usage_error{"only one of --json and --junit can go to standard output"};
  json_ = open_sink(f.json);
  junit_ = open_sink(f.junit);
}

bool result_files::write(const machine_forms& forms, sink* text) {
  bool written = true;
  if (json_) {
    json_->write(forms.json());
    written = json_->finish();
  }
  if (!junit_ && !github_) return written;
  const auto tested = forms.tested();
  if (junit_) {
    junit_->write(report::junit(tested));
    written = junit_->finish() && written;
  }
  if (github_ && text != nullptr) {
    text->write(report::github(tested));
  } else if (github_) {
    write_error(report::github(tested));
  }
  return written;
}

}  // namespace fourtuple::cli
