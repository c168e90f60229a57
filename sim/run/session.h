// One run while it lasts: the world, the processes in it, and what they have counted so far.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/observe/tree.h"
#include "sim/run/closing_process.h"
#include "sim/run/recorded_process.h"
#include "sim/run/run.h"
#include "sim/run/sampler.h"
#include "sim/run/start_order.h"

namespace fourtuple::run {

class session {
 public:
  session(std::shared_ptr<const spec::scenario> s, const run_options& options, const parts& p);

  /// To the end; then the outcome has everything. May throw: the outcome then has what is known.
  void run();
  /// What is known now goes into the outcome; harmless after a mistake of ours.
  void conclude();
  [[nodiscard]] observe::outcome& result() { return out_; }
  /// "seed 1, at 28.232 s", for messages about our own mistakes.
  [[nodiscard]] std::string where() const;

 private:
  using stop = observe::backend::stop;
  struct running {
    process* kernel_side = nullptr;              ///< null once ended
    std::unique_ptr<recorded_process> recorded;  ///< before it, where calls are written down
    std::unique_ptr<closing_process> closing;    ///< before that, where the run lingers
    const spec::app* app = nullptr;
    observe::app_metrics metrics;
    bool start_noted = false;
  };

  void start_everything();
  void start_app(const start& which);
  [[nodiscard]] std::vector<instant> planned_instants() const;
  /// Passes time up to `until`; false where the run is over.
  [[nodiscard]] bool pass(instant until);
  void make_samplers();
  [[nodiscard]] instant next_metrics() const;
  [[nodiscard]] instant with_metrics(instant piece) const;
  /// Those whose time has come look.
  void sample(instant now);
  /// When apps begin the last of what they do, in a run that lingers after its duration.
  [[nodiscard]] std::optional<instant> last_beginning() const;
  void linger();
  void end_metrics();
  [[nodiscard]] bool wants_to_go_on();
  static bool keep_going(void* self);
  void at_instant(instant t);
  bool end_stopped_apps(instant t);
  void note_last_words(running& r, instant now) const;
  [[nodiscard]] instant before_counting() const;
  void begin_counting(instant from);
  void carry_out(const spec::change& c);
  void note_start_failures();
  void collect_other_failures();
  void refresh();
  void evaluate_at(instant t);
  void evaluate_end();
  void collect_sockets();
  void collect_script_failures();
  void collect_script_calls();
  void decide();
  [[nodiscard]] observe::value run_value() const;
  [[nodiscard]] std::int64_t wall_ns() const;
  [[nodiscard]] std::vector<observe::series::app_point> app_points() const;
  [[nodiscard]] bool expects(const spec::app& a, const observe::start_failure& f) const;

  std::shared_ptr<const spec::scenario> scenario_;
  std::vector<spec::app> apps_;  ///< as `changes` have made them: what the processes read
  const run_options& options_;
  const parts& parts_;
  std::int64_t wall_start_;
  observe::outcome out_;
  observe::script_metrics script_;  // outlives the world: its tasks write here
  std::vector<std::unique_ptr<running>> running_;
  observe::tree_sources sources_;
  std::vector<observe::expectation_row> rows_;
  bool finished_ = false;  ///< all that can end has ended, before any planned end
  std::optional<instant> end_;
  bool wall_limit_hit_ = false;
  bool warm_ = false;  ///< there was a warm-up, and it is over
  bool over_ = false;
  std::unique_ptr<observe::backend> world_;
  std::optional<sampler> sampler_;
  std::vector<std::unique_ptr<metric_sampler>> metrics_;  ///< the series asked for, then the plots
};

}  // namespace fourtuple::run
