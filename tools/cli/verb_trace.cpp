// trace: the packets of a run, as a list, as ladder diagrams, or as a capture file; the topology.
#include <fmt/format.h>

#include <memory>
#include <vector>

#include "sim/observe/packet_log.h"
#include "sim/report/ladder.h"
#include "sim/report/machine.h"
#include "sim/report/packet_filter.h"
#include "sim/report/packet_text.h"
#include "sim/report/pcapng.h"
#include "sim/report/topology_dot.h"
#include "tools/cli/cli.h"

namespace fourtuple::cli {

namespace {

struct trace_flags {
  run_flags model;
  std::string file;
  std::string host;
  std::optional<std::uint16_t> port;
  std::uint64_t limit = 1'000'000;
  bool ladder = false;
  std::size_t connections = 3;
  std::string pcapng;
  bool dot = false;
  std::vector<std::string> filter;
};

/// `expect` is not what a trace is for: only what kept the run from its end counts.
verdict verdict_of(const observe::outcome& o) {
  return o.result == verdict::not_as_expected ? verdict::as_expected : o.result;
}

/// The tree of the run with its packets; of a file that did not run its `errors`.
std::string as_json(const observe::outcome& o, const observe::packet_log& log) {
  observe::value tree = report::json_tree(o);
  if (o.scenario) tree.set("packets", report::packets_value(log));
  return observe::to_json(tree) + '\n';
}

verdict show_topology(const trace_flags& f) {
  if (series_spacing(f.model)) throw usage_error{"--dot runs nothing, so it has no --series"};
  if (!f.model.json.empty() || !f.model.junit.empty() || f.model.github)
    throw usage_error{"--dot runs nothing, so there is nothing for --json, --junit or --github"};
  const auto loaded = scenario::load_file(f.file, parse_settings(f.model.sets));
  if (!loaded) {
    std::string lines;
    for (const auto& e : loaded.errors) lines += e.text() + '\n';
    write_error(lines);
    return verdict::bad_input;
  }
  sink out("-");
  out.write(report::topology_dot(*loaded.scenario));
  return out.finish() ? verdict::as_expected : verdict::not_possible_here;
}

verdict show_packets(const trace_flags& f) {
  observe::packet_log log;
  if (!f.host.empty()) log.only_host = f.host;
  log.only_port = f.port;
  log.most = f.limit;
  const auto filter = report::parse_packet_filter(f.filter);
  if (!filter.error.empty()) throw usage_error{"filter: " + filter.error};
  if (filter.test) log.filter = [&](const auto& p) { return filter.test->holds(p); };
  run::run_options options = options_of(f.model);
  options.packets = &log;
  const file_list files = expand_files({f.file});
  check_outputs(files, {{"--json", f.model.json},
                        {"--junit", f.model.junit},
                        {"--pcapng", f.pcapng},
                        {"--series", f.model.series}});
  result_files results(f.model);
  if (!results.stdout_is_free() && (f.pcapng == "-" || f.ladder))
    throw usage_error{"standard output carries one thing: JSON, JUnit, packets or ladders"};
  series_file series(f.model, files, false);
  observe::outcome o;
  {
    progress_line line(!f.model.quiet);
    options.on_progress = [&](const run::progress& p) { line.show(p); };
    o = run_file(f.file, f.model, options);
  }
  complain_about(o);
  const machine_forms forms{[&] { return as_json(o, log); },
                            [&] { return std::vector{report::tested(o)}; }};
  sink text("-");
  const bool text_wanted = results.stdout_is_free() && f.pcapng != "-";
  bool written = results.write(forms, text_wanted ? &text : nullptr);
  if (!o.scenario) return o.result;
  if (!f.host.empty() && log.packets.empty()) check_member(*o.scenario, "--host", f.host);
  for (const auto& name : filter.hosts) check_member(*o.scenario, "filter: host", name);
  if (log.left_out != 0) {
    complain(fmt::format("{} packets recorded, {} more left out (--limit, --port, --host)",
                         report::grouped(log.packets.size()), report::grouped(log.left_out)));
  }
  if (!f.pcapng.empty()) {
    sink file(f.pcapng);
    file.write(report::pcapng(log, f.host));
    if (!file.finish()) return verdict::not_possible_here;
  }
  if (f.ladder) text.write(report::ladders(log, *o.scenario, f.connections, style_of_stdout(true)));
  if (results.stdout_is_free() && f.pcapng.empty() && !f.ladder)
    text.write(report::packet_list(log, f.host));
  written = series.write(o.metrics) && written;
  if (!text.finish() || !written) return verdict::not_possible_here;
  return verdict_of(o);
}

}  // namespace

void add_trace(CLI::App& app, verdict& code) {
  auto* verb = app.add_subcommand(
      "trace",
      "The packets of a run: a list in tcpdump's manner, ladder diagrams, pcapng. What the "
      "file expects is not looked at");
  const auto f = std::make_shared<trace_flags>();
  verb->add_option("FILE", f->file, "A scenario file; - is standard input")->required();
  verb->add_flag("--ladder", f->ladder, "Ladder diagrams of the first connections");
  verb->add_option("--connections", f->connections, "How many of them (3)")
      ->type_name("N")
      ->check(whole_number(1, INT64_MAX));
  verb->add_option("--pcapng", f->pcapng, "A capture file for Wireshark; - is standard output")
      ->type_name("FILE");
  verb->add_flag("--dot", f->dot, "Hosts and links in Graphviz's language; runs nothing");
  verb->add_option("--host", f->host, "As this host's interface saw it, in and out")
      ->type_name("H");
  verb->add_option("--port", f->port, "Only packets from or to this port")
      ->type_name("N")
      ->check(whole_number(0, 65535));
  verb->add_option("--limit", f->limit, "At most so many packets (1,000,000)")
      ->type_name("N")
      ->check(whole_number(1, INT64_MAX));
  add_model_flags(*verb, f->model);
  add_output_flags(*verb, f->model, "Results and packets as JSON", "No progress line");
  add_series_flags(*verb, f->model);
  verb->add_option("FILTER", f->filter,
                   "tcp, udp, icmp, host H, src, dst, net, port N, and, or, not, ( ), as tcpdump's");
  verb->callback([f, &code] { code = f->dot ? show_topology(*f) : show_packets(*f); });
}

}  // namespace fourtuple::cli
