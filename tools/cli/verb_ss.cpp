// ss: the socket table at a virtual instant.
#include <fmt/format.h>

#include <memory>
#include <vector>

#include "sim/report/machine.h"
#include "sim/report/ss_view.h"
#include "tools/cli/cli.h"

namespace fourtuple::cli {

namespace {

struct ss_flags {
  run_flags model;
  std::string file;
  std::string at;
  std::string host;
  report::ss_options view;
  std::vector<std::string> filter;
};

/// Whether the table of a member is wanted: all, the one named, or the members of a counted host.
bool is_wanted(const spec::scenario& s, const std::string& member, const std::string& host) {
  if (host.empty() || host == member) return true;
  const auto named = spec::find_host(s, host);
  const auto mine = spec::find_host(s, member);
  return named && mine && !named->member && named->host == mine->host;
}

std::vector<const observe::socket_table*> wanted_tables(const observe::outcome& o,
                                                        const ss_flags& f) {
  std::vector<const observe::socket_table*> out;
  if (!o.scenario) return out;
  if (!f.host.empty()) check_member(*o.scenario, "--host", f.host);
  for (const auto& t : o.sockets) {
    if (is_wanted(*o.scenario, t.host, f.host)) out.push_back(&t);
  }
  return out;
}

std::string tables_text(const std::vector<const observe::socket_table*>& tables, const ss_flags& f,
                        const report::ss_filter& filter) {
  std::string out;
  for (const auto* table : tables) {
    if (tables.size() > 1) out += fmt::format("{}# {}\n", out.empty() ? "" : "\n", table->host);
    out += report::ss_text(table->rows, f.view, filter);
  }
  return out;
}

/// The sockets of each host; of a file that did not run its `errors`.
std::string as_json(const observe::outcome& o,
                    const std::vector<const observe::socket_table*>& tables, const ss_flags& f,
                    const report::ss_filter& filter) {
  if (!o.scenario) return report::json(std::vector{o}, false);
  observe::value out = observe::value::map();
  out.set("fourtuple", 1);
  out.set("title", o.scenario->title);
  out.set("seed", o.scenario->seed);
  out.set("at", parse_duration("--at", f.at));
  if (!o.stopped.empty()) out.set("stopped", o.stopped);
  observe::value& sockets = out.set("sockets", observe::value::map());
  for (const auto* table : tables)
    sockets.set(table->host, report::ss_value(table->rows, f.view, filter));
  return observe::to_json(out) + '\n';
}

verdict show_sockets(ss_flags& f) {
  run::run_options options = options_of(f.model);
  options.sockets_at = instant{parse_duration("--at", f.at)};
  if (*options.sockets_at < instant{}) throw usage_error{"--at is not negative"};
  const auto filter = report::parse_ss_filter(f.filter);
  if (!filter.error.empty()) throw usage_error{"filter: " + filter.error};
  if (f.view.summary && !f.model.json.empty())
    throw usage_error{"--summary is a text; --json has the sockets themselves"};
  const auto files = expand_files({f.file});
  if (files.paths.size() != 1) throw usage_error{"ss takes one file"};
  check_outputs(
      files, {{"--json", f.model.json}, {"--junit", f.model.junit}, {"--series", f.model.series}});
  result_files results(f.model);
  series_file series(f.model, files, false);
  observe::outcome o;
  {
    progress_line line(!f.model.quiet);
    options.on_progress = [&](const run::progress& p) { line.show(p); };
    o = run_file(files.paths[0], f.model, options);
  }
  complain_about(o);
  const auto tables = wanted_tables(o, f);
  sink out("-");
  if (results.stdout_is_free()) out.write(tables_text(tables, f, filter));
  bool written = results.write({[&] { return as_json(o, tables, f, filter); },
                                [&] { return std::vector{report::tested(o)}; }},
                               results.stdout_is_free() ? &out : nullptr);
  written = series.write(o.metrics) && written;
  if (!(out.finish() && written) && o.result == verdict::as_expected)
    return verdict::not_possible_here;
  return o.result;
}

}  // namespace

void add_ss(CLI::App& app, verdict& code) {
  auto* verb =
      app.add_subcommand("ss", "The socket table at a virtual instant, as ss(8) prints it");
  const auto f = std::make_shared<ss_flags>();
  verb->add_option("FILE", f->file, "A scenario file; - is standard input")->required();
  verb->add_option("--at", f->at, "The instant")->type_name("TIME")->required();
  verb->add_option("--host", f->host, "Only this host; a counted one: its members")->type_name("H");
  verb->add_flag("-t,--tcp", f->view.tcp, "TCP sockets");
  verb->add_flag("-u,--udp", f->view.udp, "UDP sockets");
  verb->add_flag("-a,--all", f->view.all, "Listening and TIME-WAIT too");
  verb->add_flag("-n,--numeric", f->view.numeric, "No service names");
  verb->add_flag("-o,--options", f->view.timers, "Timers");
  verb->add_flag("-s,--summary", f->view.summary, "Counts only");
  verb->add_flag("-l,--listening", f->view.listening, "Listening sockets only");
  verb->add_flag("-p,--processes", f->view.processes, "The app that holds each socket");
  verb->add_flag("-H,--no-header", f->view.no_header, "No heading");
  verb->add_flag("-4,--ipv4", f->view.v4, "IPv4 only");
  verb->add_flag("-6,--ipv6", f->view.v6, "IPv6 only");
  add_model_flags(*verb, f->model);
  add_output_flags(*verb, f->model, "The sockets as JSON", "No progress line");
  add_series_flags(*verb, f->model, ", up to --at");
  verb->add_option("FILTER", f->filter,
                   "state established|time-wait|connected|..., sport = :80, dst 10.0.0.2, "
                   "and, or, not, ( )");
  verb->callback([f, &code] { code = show_sockets(*f); });
}

}  // namespace fourtuple::cli
