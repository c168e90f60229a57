// The end of a run: expectations, the tree, the verdict.
#include <algorithm>

#include "sim/observe/expectations.h"
#include "sim/observe/script_value.h"
#include "sim/run/session.h"
#include "sim/spec/condition.h"

namespace fourtuple::run {

namespace {

/// What a step got, in the words of `expect`.
std::string got_text(const observe::script_row& row) {
  if (row.call == "repeat" && row.error) {
    return spec::to_string(row.result) + " rounds, then " + *row.error;
  }
  std::string out = spec::to_string(row.result);
  if (row.data && !row.data->empty()) out += " \"" + row.data->substr(0, 60) + "\"";
  if (row.address) out += " " + *row.address;
  return out;
}

}  // namespace

void session::refresh() {
  for (auto& r : running_) {
    if (r->kernel_side == nullptr) continue;
    r->metrics.fd_peak = std::max(r->metrics.fd_peak, r->kernel_side->peak_descriptors());
  }
  sources_.script = observe::script_value(script_);
  sources_.run = run_value();
}

observe::value session::run_value() const {
  auto out = observe::value::map();
  out.set("events", world_->events());
  out.set("wall_seconds", duration{wall_ns() - wall_start_});
  out.set("peak_rss_bytes", options_.peak_rss ? options_.peak_rss() : std::uint64_t{0});
  return out;
}

void session::evaluate_at(instant t) {
  if (options_.sockets_at) return;
  std::optional<observe::tree_view> tree;
  for (std::size_t i = 0; i < scenario_->expect.size(); ++i) {
    const auto& e = scenario_->expect[i];
    if (!e.at || instant{*e.at} != t) continue;
    if (!tree) {
      refresh();
      tree.emplace(sources_);
    }
    rows_.resize(scenario_->expect.size());
    rows_[i] = observe::evaluate(e, *tree);
  }
}

/// Rows stand in the order of the file; those of expect_at that are filled have a metric already.
void session::evaluate_end() {
  observe::tree_view tree(sources_);
  rows_.resize(scenario_->expect.size());
  for (std::size_t i = 0; i < scenario_->expect.size(); ++i) {
    const auto& e = scenario_->expect[i];
    if (!e.at) rows_[i] = observe::evaluate(e, tree);
    if (e.at && rows_[i].metric.empty()) rows_[i] = observe::not_reached(e, world_->now());
  }
  out_.expect = rows_;
}

void session::collect_sockets() {
  for (const auto& name : world_->host_names()) {
    out_.sockets.push_back({name, world_->sockets(name)});
  }
}

/// What is the first error of one process may be another's second; the first of the app is in the
/// tree.
void session::collect_other_failures() {
  for (std::size_t i = 0; i < sources_.apps.size(); ++i) {
    std::vector<observe::other_failure> of_app;
    const auto consider = [&](const observe::app_metrics& m, const observe::first_failure& f) {
      const auto known = std::find_if(of_app.begin(), of_app.end(),
                                      [&](const auto& k) { return k.what.what == f.what; });
      if (known == of_app.end()) {
        of_app.push_back({i, m.member, f});
      } else if (f.at < known->what.at) {
        *known = {i, m.member, f};
      }
    };
    for (const auto* m : sources_.apps[i]) {
      if (m->first_failure) consider(*m, *m->first_failure);
      for (const auto& f : m->other_firsts) consider(*m, f);
    }
    if (of_app.empty()) continue;
    const auto first =
        std::min_element(of_app.begin(), of_app.end(),
                         [](const auto& a, const auto& b) { return a.what.at < b.what.at; });
    of_app.erase(first);
    out_.other_failures.insert(out_.other_failures.end(), of_app.begin(), of_app.end());
  }
}

void session::collect_script_failures() {
  for (const auto& row : script_.rows) {
    if (!row.pass || *row.pass) continue;
    out_.script_failures.push_back(
        {row.step, row.line, row.host, row.call, row.expect.value_or(""), got_text(row), row.why});
  }
}

/// A script's calls are its steps. Those inside a repeat have no rows.
void session::collect_script_calls() {
  if (options_.packets == nullptr) return;
  auto& calls = options_.packets->calls;
  for (const auto& row : script_.rows) {
    const spec::step& st = scenario_->script[row.step - 1];
    std::string text = row.call;
    for (const std::string& word : {st.subject, st.to})
      if (!word.empty()) text += " " + word;
    calls.push_back({row.at,
                     0,
                     row.host,
                     "script",
                     std::move(text),
                     got_text(row),
                     -1,
                     {},
                     row.socket,
                     row.at + row.took});
  }
  std::stable_sort(calls.begin(), calls.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
}

void session::decide() {
  if (out_.result != observe::verdict::as_expected) return;
  const bool expect_failed = std::any_of(out_.expect.begin(), out_.expect.end(),
                                         [](const auto& row) { return !row.pass; });
  const bool cold =
      scenario_->warmup > duration::zero() && instant{scenario_->warmup} > world_->now();
  const bool app_failed = std::any_of(out_.start_failures.begin(), out_.start_failures.end(),
                                      [](const auto& f) { return !f.expected; });
  if (expect_failed || cold || app_failed || !out_.script_failures.empty()) {
    out_.result = observe::verdict::not_as_expected;
  }
}

void session::end_metrics() {
  for (auto& m : metrics_) m->take(world_->now());
  if (options_.metrics_every && !metrics_.empty()) out_.metrics = metrics_.front()->release();
  if (options_.plots && !metrics_.empty()) out_.plots = metrics_.back()->release();
}

void session::conclude() {
  if (!world_ || !sampler_) return;
  if (options_.sockets_at) {
    end_metrics();
    collect_sockets();
    collect_script_calls();
    return;
  }
  sampler_->take(world_->now());
  if (scenario_->warmup > duration::zero() && !warm_) {
    begin_counting(world_->now());
    if (out_.stopped.empty())
      out_.stopped = "the run ended before its warm-up did: nothing is counted";
  }
  end_metrics();
  note_start_failures();
  refresh();
  evaluate_end();
  collect_other_failures();
  collect_script_failures();
  collect_script_calls();
  decide();
  out_.series = sampler_->release();
  observe::value tree = observe::value::map();
  tree.set("fourtuple", 1);
  tree.set("title", scenario_->title);
  tree.set("seed", scenario_->seed);
  out_.not_given = world_->not_given();
  tree.set("ended_at", world_->now());
  tree.set("digest", world_->digest());
  if (!out_.stopped.empty()) tree.set("stopped", out_.stopped);
  observe::value whole = observe::tree_view(sources_).whole();
  for (auto& m : whole.members) tree.members.push_back(std::move(m));
  tree.set("expect", observe::expect_value(out_.expect));
  tree.set("run", sources_.run);
  out_.tree = std::move(tree);
}

}  // namespace fourtuple::run
