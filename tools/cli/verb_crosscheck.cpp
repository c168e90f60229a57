// crosscheck: the same file on the simulated and on the real kernel, and what differs.
#include <fmt/format.h>

#include <iostream>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>

#include "sim/crosscheck/crosscheck.h"
#include "sim/crosscheck/report.h"
#include "sim/observe/backend.h"
#include "sim/real/loopback.h"
#include "sim/real/privilege.h"
#include "sim/report/pcapng.h"
#include "sim/report/text.h"
#include "sim/spec/one_host.h"
#include "tools/cli/cli.h"
#include "tools/cli/crew.h"

namespace fourtuple::cli {

namespace {

struct crosscheck_flags {
  run_flags model;
  std::string backend = "auto";
  std::string pcapng;
  bool once = false;
};

/// The file with its `real: set`; --set comes last and so wins.
scenario::load_result load_for_both(const std::string& path, const std::string& standard_input,
                                    const std::vector<scenario::setting>& sets) {
  const auto load = [&](const std::vector<scenario::setting>& with) {
    const reading_input reading(path);
    return path == "-" ? scenario::load(path, standard_input, with)
                       : scenario::load_file(path, with);
  };
  auto first = load(sets);
  if (!first || first.scenario->real.set.empty()) return first;
  std::vector<scenario::setting> all;
  for (const auto& [where, value] : first.scenario->real.set) all.push_back({where, value});
  all.insert(all.end(), sets.begin(), sets.end());
  return load(all);
}

class job {
 public:
  /// `no_namespaces` is why there are none.
  job(const crosscheck_flags& flags, const run::run_options& options,
      std::optional<std::string> no_namespaces)
      : flags_(flags),
        options_(options),
        no_namespaces_(std::move(no_namespaces)),
        sets_(parse_settings(flags.model.sets)) {}

  void read_standard_input() {
    const reading_input reading("-");
    input_.assign(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  }

  crosscheck::result one(const std::string& path) {
    crosscheck::result r;
    r.file = path;
    if (interrupted().load(std::memory_order_relaxed)) {
      r.verdict = verdict::interrupted;
      r.stopped = "interrupted";
      return r;
    }
    auto loaded = load_for_both(path, input_, sets_);
    if (!loaded) {
      r.verdict = verdict::bad_input;
      for (const auto& e : loaded.errors) r.errors.push_back(e.text());
      return r;
    }
    if (flags_.model.seed) loaded.scenario->seed = *flags_.model.seed;
    if (loaded.scenario->real.skip) {
      r.skipped = true;
      r.stopped = *loaded.scenario->real.skip;
      return r;
    }
    if (place_of(*loaded.scenario) == spec::real_place::loopback)
      return on_loopback(*loaded.scenario);
    if (no_namespaces_) {
      r.verdict = verdict::not_possible_here;
      r.stopped = *no_namespaces_;
      return r;
    }
    auto spec = std::make_shared<const spec::scenario>(std::move(*loaded.scenario));
    return compare(spec, {run::simulated(), run::on_the_kernel(), spec::real_place::namespaces});
  }

 private:
  /// The flag, else the file's wish, else the best.
  [[nodiscard]] spec::real_place place_of(const spec::scenario& s) const {
    if (flags_.backend == "loopback") return spec::real_place::loopback;
    if (flags_.backend == "namespaces") return spec::real_place::namespaces;
    const auto best = no_namespaces_ ? spec::real_place::loopback : spec::real_place::namespaces;
    return s.real.backend.value_or(best);
  }

  /// Both sides on one host, with the machine's sysctls. One file at a time: they share the
  /// machine.
  crosscheck::result on_loopback(const spec::scenario& s) {
    crosscheck::result r;
    r.file = s.file;
    r.verdict = verdict::not_possible_here;
    r.backend = "loopback";
    spec::one_host one = spec::on_one_host(s, real::loopback_user());
    if (!one.scenario) {
      r.stopped = "not for the backend loopback: " + one.why;
      if (no_namespaces_ && flags_.backend == "auto")
        r.stopped += fmt::format(" ({})", *no_namespaces_);
      return r;
    }
    const auto others = real::adopt_machine_sysctls(one.scenario->hosts.front());
    const std::scoped_lock alone(loopback_);
    r = compare(std::make_shared<const spec::scenario>(std::move(*one.scenario)),
                {run::simulated(), run::on_the_loopback(std::move(one.ports), options_.interrupted),
                 spec::real_place::loopback});
    for (const auto& o : others)
      r.not_compared.push_back({o, "this machine's value of it is not modelled"});
    return r;
  }

  crosscheck::result compare(const std::shared_ptr<const spec::scenario>& s,
                             const crosscheck::sides& both) {
    check_rows(*s, options_);
    // What differed when other files ran too is run again alone: a program that had to wait for a
    // core is late.
    std::shared_lock with_others(machine_);
    std::unique_lock alone(machine_, std::defer_lock);
    auto r = crosscheck::crosscheck(
        s, options_, both,
        [&](int n, duration wait) {
          if (with_others && n > 1) {
            with_others.unlock();
            alone.lock();
          }
          announce(*s, n, wait);
        },
        flags_.once ? 1 : 3);
    if (interrupted().load(std::memory_order_relaxed)) r.verdict = verdict::interrupted;
    return r;
  }

  void announce(const spec::scenario& s, int n, duration wait) {
    if (flags_.model.quiet) return;
    constexpr std::int64_t second = 1'000'000'000;
    const std::scoped_lock lock(mutex_);
    complain(fmt::format("{}: {}on the real kernel, about {}", s.file,
                         n == 1 ? "" : fmt::format("once more, as it differs ({} of 3), ", n),
                         report::time_text((ns(wait) / second + 1) * second)));
  }

  const crosscheck_flags& flags_;
  const run::run_options& options_;
  std::optional<std::string> no_namespaces_;
  std::vector<scenario::setting> sets_;
  std::string input_;
  std::mutex mutex_;
  std::mutex loopback_;
  std::shared_mutex machine_;
};

std::string as_json(const std::vector<crosscheck::result>& all, bool as_list) {
  if (!as_list) return observe::to_json(crosscheck::json(all.front())) + "\n";
  observe::value list = observe::value::list();
  for (const auto& r : all) {
    observe::value one = observe::value::map();
    one.set("file", r.file);
    for (auto& m : crosscheck::json(r).members) one.set(m.key, m.content);
    list.push(std::move(one));
  }
  return observe::to_json(list) + "\n";
}

std::vector<report::tested_file> tested(const std::vector<crosscheck::result>& all) {
  std::vector<report::tested_file> out;
  for (const auto& r : all) out.push_back(crosscheck::tested(r));
  return out;
}

std::string capture_of(const std::string& prefix, const char* side) {
  return fmt::format("{}.{}.pcapng", prefix, side);
}

bool write_captures(const crosscheck::result& r, const std::string& prefix) {
  bool good = true;
  for (const auto& [side, log] :
       {std::pair{"simulated", &r.simulated_packets}, std::pair{"kernel", &r.kernel_packets}}) {
    sink file(capture_of(prefix, side));
    file.write(report::pcapng(*log, ""));
    good = file.finish() && good;
  }
  return good;
}

verdict most_severe(const std::vector<crosscheck::result>& all, bool written) {
  std::vector<observe::outcome> each(all.size() + 1);
  for (std::size_t i = 0; i < all.size(); ++i) each[i].result = all[i].verdict;
  if (!written) each.back().result = verdict::not_possible_here;
  return run::most_severe(each);
}

/// Before the first thread; says what the real side will be. Returns why there are no namespaces.
std::optional<std::string> prepare_the_real_side(const crosscheck_flags& flags) {
  const auto say = [&](const std::string& what) {
    if (!flags.model.quiet) complain("backend " + what);
  };
  if (flags.backend == "loopback") {
    say("loopback");
    return "--backend loopback";
  }
  try {
    say("namespaces, " + real::gain_privilege());
    return std::nullopt;
  } catch (const observe::unable& e) {
    if (flags.backend == "auto") say(fmt::format("loopback, because {}", e.what()));
    return e.what();
  }
}

verdict crosscheck_files(const crosscheck_flags& flags) {
  const run::run_options options = options_of(flags.model);
  const file_list files = expand_files(flags.model.files);
  if (!flags.pcapng.empty() && files.paths.size() != 1)
    throw usage_error{"--pcapng is for one file"};
  std::vector<named_output> outputs{{"--json", flags.model.json},
                                    {"--junit", flags.model.junit},
                                    {"--series", flags.model.series}};
  if (!flags.pcapng.empty())
    for (const char* side : {"simulated", "kernel"})
      outputs.push_back({"--pcapng", capture_of(flags.pcapng, side)});
  check_outputs(files, outputs);
  series_file series(flags.model, files, false);
  result_files machine(flags.model);
  job work(flags, options, prepare_the_real_side(flags));
  if (std::count(files.paths.begin(), files.paths.end(), "-") != 0) work.read_standard_input();
  sink out("-");
  crew<crosscheck::result> all(files.paths.size(), flags.model.jobs,
                               [&](std::size_t i) { return work.one(files.paths[i]); });
  all.run([&](const crosscheck::result& r) {
    for (const auto& e : r.errors) write_error(e + '\n');
    const bool dull = r.verdict == verdict::as_expected && r.unstable.empty();
    if (machine.stdout_is_free() && !(flags.model.quiet && dull)) out.write(crosscheck::text(r));
  });
  const auto results = all.release();
  bool written = machine.write(
      {[&] { return as_json(results, files.as_list); }, [&] { return tested(results); }},
      machine.stdout_is_free() ? &out : nullptr);
  if (!flags.pcapng.empty()) written = write_captures(results.front(), flags.pcapng) && written;
  written = series.write(results.front().simulated_metrics) && written;
  written = out.finish() && written;
  return most_severe(results, written);
}

}  // namespace

void add_crosscheck(CLI::App& app, verdict& code) {
  auto* verb = app.add_subcommand(
      "crosscheck", "The same file on the simulated and on the real kernel; what differs");
  const auto f = std::make_shared<crosscheck_flags>();
  verb->add_option("FILE", f->model.files,
                   "Scenario files; - is standard input, a folder its *.yaml")
      ->required();
  verb->add_option("--backend", f->backend, "auto: the best that this machine allows")
      ->check(CLI::IsMember({"auto", "namespaces", "loopback"}));
  add_model_flags(*verb, f->model);
  add_output_flags(*verb, f->model, "The comparison as JSON", "Only what differs");
  verb->add_option("--pcapng", f->pcapng,
                   "The packets of both sides, as PREFIX.simulated.pcapng and PREFIX.kernel.pcapng")
      ->type_name("PREFIX");
  verb->add_flag("--once", f->once, "One run on the real kernel: what differs there counts");
  add_series_flags(*verb, f->model, "; those of the simulated side");
  verb->callback([f, &code] { code = crosscheck_files(*f); });
}

}  // namespace fourtuple::cli
