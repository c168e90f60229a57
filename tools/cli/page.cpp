// --html: the page of a run. The connections that it draws are known when the run is over, so the
// run is made again, which is the same run, to record their packets.
#include "sim/report/chosen.h"
#include "sim/report/html.h"
#include "tools/cli/cli.h"

namespace fourtuple::cli {

page_file::page_file(const run_flags& f, const file_list& files, bool stdout_is_free) {
  if (f.html.empty()) return;
  if (files.as_list) throw usage_error{"--html is for one file"};
  if (f.html == "-" && !stdout_is_free)
    throw usage_error{"--html -: standard output carries something else"};
  file_ = std::make_unique<sink>(f.html);
}

bool page_file::write(const observe::outcome& o, run::run_options options) {
  if (!file_) return true;
  std::vector<report::chosen_ladder> ladders;
  const auto what = report::what_to_record(o);
  if (what && !interrupted().load(std::memory_order_relaxed)) {
    observe::packet_log log;
    report::record_only(*what, log);
    options.packets = &log;
    options.sockets_at = what->until;  // no further
    options.metrics_every.reset();
    options.plots = false;
    static_cast<void>(run::run_scenario(o.scenario, options, run::simulated()));
    ladders = report::chosen_ladders(o, *what, log);
  }
  file_->write(report::html_page(o, ladders));
  return file_->finish();
}

}  // namespace fourtuple::cli
