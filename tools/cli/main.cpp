// The fourtuple command: verbs, help, exit codes. The verbs themselves: verb_*.cpp.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>
#include <filesystem>
#include <new>
#include <string>
#include <vector>

#include "sim/core/assert.h"
#include "tools/cli/cli.h"

namespace fourtuple::cli {

namespace {

constexpr const char* exit_codes =
    "Exit codes:\n"
    "  0    all as expected\n"
    "  1    an expectation failed, or an app could not do what it is for\n"
    "  2    bad usage, or an invalid file\n"
    "  3    this machine cannot do what was asked\n"
    "  4    internal error\n"
    "  5    simulation and kernel disagree\n"
    "  6    a wall-clock or event limit was hit\n"
    "  130  interrupted\n"
    "With several files: the most severe in the order 4, 130, 2, 3, 6, 5, 1.\n"
    "The report goes to standard output, everything else to standard error.";

constexpr std::array later_verbs{"sweep", "predict", "grade", "assign"};

std::string message_for_unknown(const std::string& word, const std::vector<std::string>& verbs) {
  std::error_code ignored;
  if (std::filesystem::exists(word, ignored)) {
    return fmt::format("'{}' is a file; did you mean 'fourtuple run {}'?", word, word);
  }
  const std::string hint = nearest(word, verbs);
  return fmt::format("unknown verb '{}'{}", word, hint.empty() ? "; see --help" : hint);
}

/// A message where the first word is no verb that is built; else empty.
std::string wrong_verb(int argc, char** argv, const std::vector<std::string>& verbs) {
  if (argc < 2) return "a verb is missing; try 'fourtuple list' or 'fourtuple --help'";
  const std::string word = argv[1];
  if (word.starts_with("-")) return {};
  if (std::find(verbs.begin(), verbs.end(), word) != verbs.end()) return {};
  if (std::find(later_verbs.begin(), later_verbs.end(), word) != later_verbs.end()) {
    return fmt::format("'{}' is not yet built", word);
  }
  return message_for_unknown(word, verbs);
}

verdict parse_and_run(CLI::App& app, int argc, char** argv, const verdict& code) {
  try {
    app.parse(argc, argv);
    return code;
  } catch (const CLI::Success& e) {
    // --help and --version
    sink out("-");
    const bool version = dynamic_cast<const CLI::CallForVersion*>(&e) != nullptr;
    out.write(version ? std::string(e.what()) + "\n" : app.help());
    return out.finish() ? verdict::as_expected : verdict::not_possible_here;
  } catch (const CLI::ParseError& e) {
    std::string verb;
    for (const auto* used : app.get_subcommands()) verb = used->get_name() + " ";
    complain(fmt::format("{} (see fourtuple {}--help)", e.what(), verb));
    return verdict::bad_input;
  } catch (const usage_error& e) {
    complain(e.message);
    return e.code;
  }
}

}  // namespace

int main_of_program(int argc, char** argv) {
  guard_standard_streams();
  catch_signals();
  CLI::App app("When do I run out of ports, with which error, and what fixes it?", "fourtuple");
  app.set_version_flag("--version", "fourtuple 0.1.0");
  app.require_subcommand(1);
  app.footer(exit_codes);
  verdict code = verdict::as_expected;
  add_run(app, code);
  add_lint(app, code);
  add_ss(app, code);
  add_trace(app, code);
  add_crosscheck(app, code);
  add_services(app, code);
  add_schema(app, code);
  add_list(app, code);
  std::vector<std::string> verbs;
  for (auto* verb : app.get_subcommands({})) {
    verbs.push_back(verb->get_name());
    verb->footer(exit_codes);
  }
  if (const auto wrong = wrong_verb(argc, argv, verbs); !wrong.empty()) {
    complain(wrong);
    return static_cast<int>(verdict::bad_input);
  }
  try {
    return static_cast<int>(parse_and_run(app, argc, argv, code));
  } catch (const core::internal_error& e) {
    complain(fmt::format("internal error: {}", e.what()));
  } catch (const std::bad_alloc&) {
    complain("not enough memory");
    return static_cast<int>(verdict::not_possible_here);
  } catch (const std::exception& e) {
    complain(fmt::format("internal error: {}", e.what()));
  }
  return static_cast<int>(verdict::internal_error);
}

}  // namespace fourtuple::cli

int main(int argc, char** argv) { return fourtuple::cli::main_of_program(argc, argv); }
