#include "sim/run/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sim/observe/expectations.h"
#include "sim/observe/script_value.h"

namespace fourtuple::run {

namespace {

/// Above it only the first hosts are sampled: looking at a fleet 90 times costs more than running
/// it.
constexpr std::size_t most_sampled_hosts = 32;

std::vector<std::string> hosts_to_sample(const spec::scenario& s) {
  std::vector<std::string> out;
  for (const auto& h : s.hosts) {
    for (std::uint32_t m = 0; m < h.members() && out.size() < most_sampled_hosts; ++m) {
      out.push_back(spec::member_name(h, m));
    }
  }
  return out;
}

}  // namespace

session::session(std::shared_ptr<const spec::scenario> s, const run_options& options,
                 const parts& p)
    : scenario_(std::move(s)),
      apps_(scenario_->apps),
      options_(options),
      parts_(p),
      wall_start_(wall_ns()) {
  out_.file = scenario_->file;
  out_.scenario = scenario_;
  if (options_.sockets_at) {
    end_ = *options_.sockets_at;
  } else if (scenario_->duration) {
    end_ = instant{*scenario_->duration};
  }
  sources_.scenario = scenario_.get();
}

std::int64_t session::wall_ns() const { return options_.wall_clock ? options_.wall_clock() : 0; }

std::string session::where() const {
  return fmt::format("seed {}, virtual time {} s", scenario_->seed,
                     observe::exact_decimal(world_ ? ns(world_->now()) : 0));
}

void session::run() {
  world_ = parts_.make_world(*scenario_, options_.event_limit);
  sources_.world = world_.get();
  if (options_.packets != nullptr) static_cast<void>(world_->capture(options_.packets));
  start_everything();
  over_ = !pass(instant{});
  make_samplers();
  at_instant(instant{});
  const std::vector<instant> planned = planned_instants();
  auto next_planned = planned.begin();
  std::uint64_t events = 0;
  int idle_pieces = 0;
  bool to_the_last = false;
  constexpr int very_idle = 200;  // more than half of the time since the start
  while (!over_) {
    instant piece = sampler_->next();
    if (next_planned != planned.end()) piece = std::min(piece, *next_planned);
    if (end_) piece = std::min(piece, *end_);
    // Without a planned end nothing may ever happen again, which only a run without bound shows.
    to_the_last |= !end_ && next_planned == planned.end() && idle_pieces > very_idle;
    if (to_the_last) piece = never;
    const instant target = with_metrics(piece);
    if (!pass(target)) break;
    if (target == piece) {
      idle_pieces = world_->events() == events ? idle_pieces + 1 : 0;
      events = world_->events();
    }
    while (next_planned != planned.end() && *next_planned <= target) ++next_planned;
    at_instant(target);
    over_ = over_ || target == never || (end_ && target >= *end_);
  }
  if (finished_ || (over_ && last_beginning())) linger();
}

void session::make_samplers() {
  std::vector<std::string> apps;
  for (const auto& a : scenario_->apps) apps.push_back(a.name);
  sampler_.emplace(
      *world_, hosts_to_sample(*scenario_), std::move(apps), [this] { return app_points(); }, end_);
  sampler_->take(instant{});
  const auto add = [&](spacing when) {
    metrics_.push_back(
        std::make_unique<metric_sampler>(sources_, when, observe::most_rows(*scenario_)));
    metrics_.back()->take(instant{});
  };
  if (options_.metrics_every) add(spacing::every(*options_.metrics_every));
  if (options_.plots) add(spacing::for_a_plot(end_, world_->between_looks()));
}

void session::sample(instant now) {
  if (now >= sampler_->next()) sampler_->take(now);
  for (auto& m : metrics_) {
    if (now >= m->next()) m->take(now);
  }
}

instant session::next_metrics() const {
  instant next = never;
  for (const auto& m : metrics_) next = std::min(next, m->next());
  return next;
}

/// The end of this piece, or a row before it. A piece without bound goes from event to event, so
/// that the run ends when the last one has happened, with rows or without.
instant session::with_metrics(instant piece) const {
  const instant row = next_metrics();
  if (row == never) return piece;
  if (piece == never) piece = world_->next_event();
  return piece == never ? never : std::min(piece, row);
}

std::optional<instant> session::last_beginning() const {
  // What an app is to do at the end itself is done on a kernel that is a little late, too; and few
  // times that people choose fall there.
  constexpr std::chrono::microseconds late{3'700};
  if (!end_ || options_.linger == duration{} || !scenario_->script.empty()) return std::nullopt;
  return *end_ + late;
}

void session::linger() {
  if (options_.linger == duration{}) return;
  const instant last = world_->now() + options_.linger;
  while (pass(std::min(last, next_metrics()))) {
    if (world_->now() >= last) return;
    sample(world_->now());
  }
}

void session::start_everything() {
  for (const auto& a : apps_)
    sources_.apps.emplace_back(a.host.member ? 1 : scenario_->hosts[a.host.host].members());
  for (const start& each : start_order(*scenario_)) start_app(each);
  if (scenario_->script.empty()) return;
  world_->describe_process(world_->coordinator(), "script", !end_);
  script_.wants_sockets = options_.packets != nullptr;
  parts_.start_script(*scenario_, *world_, script_);
}

void session::start_app(const start& which) {
  const spec::app& a = apps_[which.app];
  running_.push_back(std::make_unique<running>());
  running& r = *running_.back();
  r.app = &a;
  r.metrics.name = a.name;
  r.metrics.member = spec::member_name(scenario_->hosts[a.host.host], which.member);
  r.metrics.counted_from = instant{scenario_->warmup};
  sources_.apps[which.app][which.member - a.host.member.value_or(0)] = &r.metrics;
  r.kernel_side = &world_->make_process(r.metrics.member, {a.user.uid, a.nofile});
  world_->describe_process(*r.kernel_side, a.name, !end_ && parts_.must_finish(a));
  process* seen = r.kernel_side;
  if (options_.packets != nullptr) {
    r.recorded = std::make_unique<recorded_process>(*r.kernel_side, *options_.packets,
                                                    r.metrics.member, a.name);
    seen = r.recorded.get();
  }
  if (const auto closing = last_beginning()) {
    r.closing = std::make_unique<closing_process>(*seen, *closing);
    seen = r.closing.get();
  }
  parts_.start_app(*scenario_, a, os(*seen), r.metrics);
}

/// The last instant of the warm-up: what happens at its end is counted already (FORMAT 4).
instant session::before_counting() const {
  return instant{std::max(scenario_->warmup - duration{1}, duration{})};
}

/// Where the run pauses beside samples: the end of the warm-up, expect_at, changes, the start of
/// late apps, stops of apps.
std::vector<instant> session::planned_instants() const {
  std::set<instant> all{before_counting()};
  for (const auto& e : scenario_->expect) {
    if (e.at) all.insert(instant{*e.at});
  }
  for (const auto& c : scenario_->changes) all.insert(instant{c.at});
  for (const auto& a : scenario_->apps) {
    if (a.start > duration::zero()) all.insert(instant{a.start});
    if (a.stop) all.insert(instant{*a.stop});
  }
  all.erase(instant{});
  return {all.begin(), all.end()};
}

bool session::keep_going(void* self) { return static_cast<session*>(self)->wants_to_go_on(); }

bool session::wants_to_go_on() {
  const std::int64_t wall = wall_ns() - wall_start_;
  if (options_.on_progress) options_.on_progress({world_->now(), end_, world_->events(), wall});
  if (options_.interrupted != nullptr && options_.interrupted->load(std::memory_order_relaxed)) {
    return false;
  }
  wall_limit_hit_ = options_.wall_limit_ns > 0 && wall >= options_.wall_limit_ns;
  return !wall_limit_hit_;
}

bool session::pass(instant until) {
  switch (wants_to_go_on() ? world_->run_until(until, &keep_going, this) : stop::interrupted) {
    case stop::reached:
      return true;
    case stop::quiet:
      return end_.has_value();  // nothing changes any more, also at later instants
    case stop::finished:
      finished_ = !end_.has_value();
      return end_.has_value() && world_->now() >= until;
    case stop::event_limit:
      out_.result = observe::verdict::limit_hit;
      out_.stopped = fmt::format("the limit of {} events was hit at {} s of virtual time",
                                 options_.event_limit, observe::exact_decimal(ns(world_->now())));
      return false;
    case stop::interrupted:
      out_.result = wall_limit_hit_ ? observe::verdict::limit_hit : observe::verdict::interrupted;
      out_.stopped = fmt::format("{} at {} s of virtual time",
                                 wall_limit_hit_ ? "the wall-clock limit was hit" : "interrupted",
                                 observe::exact_decimal(ns(world_->now())));
      return false;
  }
  return false;
}

void session::at_instant(instant t) {
  note_start_failures();
  if (scenario_->warmup > duration::zero() && t == before_counting())
    begin_counting(instant{scenario_->warmup});
  // Who is woken by the end of a process acts at that instant, too.
  if (end_stopped_apps(t) && !pass(t)) over_ = true;
  sample(t);
  evaluate_at(t);
  for (const auto& c : scenario_->changes)
    if (instant{c.at} == t) carry_out(c);
}

/// The warm-up is over: what was counted so far is taken off, the state of everything stays.
void session::begin_counting(instant from) {
  for (auto& r : running_) {
    r->metrics.begin_counting(from);
    if (r->kernel_side == nullptr) continue;
    r->kernel_side->restart_peak();
    r->metrics.fd_peak = r->kernel_side->peak_descriptors();
  }
  world_->begin_counting(from);
  warm_ = true;
}

/// Processes whose `stop` has come end. Whether there were any.
bool session::end_stopped_apps(instant t) {
  bool any = false;
  for (auto& r : running_) {
    if (r->kernel_side == nullptr || !r->app->stop || instant{*r->app->stop} > t) continue;
    any = true;
    note_last_words(*r, t);
    world_->end_process(*r->kernel_side);
    r->kernel_side = nullptr;
  }
  return any;
}

/// A process that ended no longer answers. What it had open it closes as it ends, unless the peer
/// was first.
void session::note_last_words(running& r, instant now) const {
  using closed_by = observe::connection_row::by;
  const bool client = parts_.must_finish(*r.app);
  for (auto& row : r.metrics.connections) {
    if (row.closed_at) continue;
    const auto level = r.kernel_side->poll(row.fd);
    const unsigned bits = level ? *level : 0U;
    row.closed_at = now;
    row.closed_by = (bits & ready_err) != 0                 ? closed_by::reset
                    : client == ((bits & ready_rdhup) == 0) ? closed_by::client
                                                            : closed_by::server;
  }
  r.metrics.fd_peak = std::max(r.metrics.fd_peak, r.kernel_side->peak_descriptors());
  r.metrics.listening = false;
  r.metrics.active.now = 0;
}

void session::note_start_failures() {
  for (auto& r : running_) {
    if (r->start_noted || !r->metrics.not_started) continue;
    r->start_noted = true;
    observe::start_failure f{
        r->metrics.name, r->metrics.member, *r->metrics.not_started, {}, false};
    f.expected = expects(*r->app, f);
    for (auto& row : world_->sockets(r->metrics.member)) {
      const auto& wanted = f.what.where;
      const bool same_address = row.local.address == wanted.address || row.local.address.is_any() ||
                                wanted.address.is_any();
      const bool same_protocol = row.tcp == (f.what.transport == transport::tcp);
      const bool bound = same_protocol && row.local.port == wanted.port && same_address;
      if (bound && wanted.port != 0) f.in_the_way.push_back(std::move(row));
    }
    out_.start_failures.push_back(std::move(f));
  }
}

/// The file speaks of how the app starts, or of this very error as of one that happens.
bool session::expects(const spec::app& a, const observe::start_failure& f) const {
  return std::any_of(scenario_->expect.begin(), scenario_->expect.end(), [&](const auto& e) {
    if (e.path.size() < 3 || e.path[0].key != "apps" || e.path[1].key != a.name) return false;
    const bool of_one = e.path[2].key == "on" && e.path.size() > 4;
    if (of_one && e.path[3].key != f.member) return false;
    const std::size_t at = of_one ? 4 : 2;
    const std::string& what = e.path[at].key;
    if (what != "errors") return what == "first_failure" || what == "listening";
    return e.path.back().key == name(f.what.error) && !spec::holds(e.cond, spec::value::of_int(0));
  });
}

std::vector<observe::series::app_point> session::app_points() const {
  std::vector<observe::series::app_point> out;
  for (std::size_t i = 0; i < sources_.apps.size(); ++i) {
    const bool scans = std::holds_alternative<spec::scan>(scenario_->apps[i].kind);
    observe::series::app_point p;
    for (const auto* m : sources_.apps[i]) {
      p.attempted += m->attempted;
      p.errors += scans ? m->failed : m->errors_ever();  // a closed port is an answer
    }
    out.push_back(p);
  }
  return out;
}

}  // namespace fourtuple::run
