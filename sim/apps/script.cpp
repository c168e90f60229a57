// The coordinator: one coroutine that walks the steps, and one more per background call.
#include "sim/apps/script.h"

#include <map>
#include <memory>
#include <vector>

#include "sim/apps/flow.h"
#include "sim/apps/script_call.h"
#include "sim/apps/script_expect.h"

namespace fourtuple::apps {
namespace {

/// A call that was started and not waited for.
struct background_call {
  const spec::step* step = nullptr;
  process* where = nullptr;
  flow* joiner = nullptr;
  bool done = false;
  call_answer answer;
};

call_answer skipped(std::string why) {
  call_answer a;
  a.what = call_answer::kind::skipped;
  a.why = std::move(why);
  return a;
}
call_answer begun(const script_call& call) {
  call_answer a;
  a.what = call_answer::kind::started;
  a.socket = call.sight();
  return a;
}

/// A list of steps being walked: the script, or the steps of a repeat.
struct level {
  const std::vector<spec::step>* steps = nullptr;
  const spec::step* repeat = nullptr;  ///< null: the script itself
  std::size_t next = 0;
  std::uint64_t round = 1;
  std::uint64_t whole = 0;  ///< rounds that went through
  bool stopped = false;
  observe::script_row row;  ///< of the repeat
};

class script_run {
 public:
  script_run(const spec::scenario& s, control& world, observe::script_metrics& m,
             script_options how)
      : how_(std::move(how)), names_(s, world, how_), metrics_(m), world_(world) {
    levels_.emplace_back().steps = &s.script;
  }

  /// The next step to do; null at the end of the script or where only a repeat has ended (then
  /// in_script() says whether more is to come).
  const spec::step* next();
  [[nodiscard]] bool over() const { return over_; }
  void enter(const spec::step& repeat);
  void done(const spec::step& st, const call_answer& a, instant at);

  [[nodiscard]] duration pace() const {
    const spec::step* r = levels_.back().repeat;
    return r == nullptr ? how_.pace : r->pace.value_or(duration{});
  }
  [[nodiscard]] instant now() const { return world_.coordinator().now(); }
  script_names& names() { return names_; }

  background_call* find_background(const std::string& name);
  background_call& add_background(const spec::step& st, process& where);
  [[nodiscard]] call_answer exit(const spec::step& st);
  void finish();

 private:
  void leave();
  [[nodiscard]] observe::script_row row_of(const spec::step& st, instant at) const;
  void judge_row(const spec::step& st, observe::script_row& row);
  void note_inner(const spec::step& st, const call_answer& a, const observe::script_row& row);

  script_options how_;
  script_names names_;
  observe::script_metrics& metrics_;
  control& world_;
  std::vector<level> levels_;
  std::map<std::string, std::unique_ptr<background_call>> background_;
  bool over_ = false;
};

const spec::step* script_run::next() {
  level& at = levels_.back();
  if (!at.stopped && at.next < at.steps->size()) return &(*at.steps)[at.next++];
  if (at.repeat == nullptr) {
    over_ = true;
    return nullptr;
  }
  if (!at.stopped) {
    ++at.whole;
    if (at.whole < at.repeat->times && !at.steps->empty()) {
      at.next = 0;
      ++at.round;
      if (!at.repeat->counter.empty())
        names_.set_value(at.repeat->counter, std::to_string(at.round));
      return &(*at.steps)[at.next++];
    }
  }
  leave();
  return nullptr;
}

void script_run::enter(const spec::step& repeat) {
  level inner;
  inner.steps = &repeat.steps;
  inner.repeat = &repeat;
  inner.row = row_of(repeat, now());
  inner.row.host.clear();
  inner.stopped = repeat.times == 0;
  if (!repeat.counter.empty()) names_.set_value(repeat.counter, "1");
  levels_.push_back(std::move(inner));
}

/// The repeat at hand has ended: its row, or, within another repeat, its part in that one's.
void script_run::leave() {
  level inner = std::move(levels_.back());
  levels_.pop_back();
  observe::script_row& row = inner.row;
  row.result = spec::value::of_int(static_cast<std::int64_t>(inner.whole));
  row.took = now() - row.at;
  judge_row(*inner.repeat, row);
  if (levels_.back().repeat == nullptr) {
    metrics_.rows.push_back(std::move(row));
    return;
  }
  call_answer a;
  if (row.error) {
    const auto e = errc_from_name(*row.error);
    a.what = e ? call_answer::kind::failed : call_answer::kind::timeout;
    a.error = e.value_or(errc::ok);
  }
  note_inner(*inner.repeat, a, row);
}

observe::script_row script_run::row_of(const spec::step& st, instant at) const {
  observe::script_row row;
  row.step = st.number;
  if (st.call != spec::call::wait && st.call != spec::call::link) row.host = names_.host_of(st);
  row.call = spec::name(st.call);
  row.at = at;
  row.line = st.expect && st.expect->where.line > 0 ? st.expect->where.line : st.where.line;
  return row;
}

/// Fills in `expect` and `pass`. What went wrong inside a repeat stays wrong.
void script_run::judge_row(const spec::step& st, observe::script_row& row) {
  if (!st.expect) return;
  const verdict v = judge(*st.expect, row, names_);
  row.expect = st.expect->text;
  row.pass = row.pass.value_or(true) && v.pass;
  if (v.why != row.why && !v.why.empty()) row.why += (row.why.empty() ? "" : "; ") + v.why;
}

void script_run::done(const spec::step& st, const call_answer& a, instant at) {
  observe::script_row row = row_of(st, at);
  row.took = now() - at;
  row.result = result_of(a);
  row.data = a.data;
  row.address = a.address;
  row.events = a.events;
  row.value = a.linger;
  row.why = a.why;
  row.socket = a.socket;
  if (a.what == call_answer::kind::failed) row.error = std::string(name(a.error));
  judge_row(st, row);
  if (levels_.back().repeat == nullptr) {
    metrics_.rows.push_back(std::move(row));
  } else {
    note_inner(st, a, row);
  }
}

/// A step inside a repeat has ended: its first failure and what it was not as expected.
void script_run::note_inner(const spec::step& st, const call_answer& a,
                            const observe::script_row& row) {
  level& at = levels_.back();
  if (a.failure() && !at.row.failed_call) {
    at.row.failed_call = row.failed_call.value_or(std::string(spec::name(st.call)));
    at.row.failed_step = st.number;
    at.row.error = a.what == call_answer::kind::timeout ? "timeout" : std::string(name(a.error));
  }
  if (a.failure() && at.repeat->until_fail) at.stopped = true;
  if (row.pass == false && at.row.pass != false) {
    at.row.pass = false;
    at.row.expect = row.expect;
    at.row.why = "round " + std::to_string(at.round) + ", step " + std::to_string(st.number) +
                 ": " + row.why;
  }
}

background_call* script_run::find_background(const std::string& name) {
  const auto found = background_.find(name);
  return found == background_.end() ? nullptr : found->second.get();
}

background_call& script_run::add_background(const spec::step& st, process& where) {
  auto& place = background_[st.background];
  place = std::make_unique<background_call>();
  place->step = &st;
  place->where = &where;
  return *place;
}

/// Process exit. Its background calls end with it, without an answer.
call_answer script_run::exit(const spec::step& st) {
  const auto interrupt = [](void* self, process& p) {
    for (auto& [name, call] : static_cast<script_run*>(self)->background_) {
      if (call->where != &p || call->done) continue;
      call->done = true;
      call->answer = call_answer::of(errc::eintr);
    }
  };
  if (names_.end_process(st, interrupt, this)) return {};
  return skipped("there is no process of that name");
}

void script_run::finish() {
  metrics_.finished = true;
  world_.coordinator().finished();
}

/// A background call, in the process it belongs to.
task in_background(os host, background_call& call, script_names& names) {
  script_call wait(*call.step, names);
  if (wait.prepare()) co_await wait;
  call.answer = wait.answer();
  call.done = true;
  if (call.joiner != nullptr) call.joiner->nudge();
  static_cast<void>(host);
}

/// Walks the script. Waits between steps in its own process, within calls in theirs.
task walk(os host, std::unique_ptr<script_run> run) {
  constexpr unsigned steps_in_a_row = 4096;  // then others have a turn, and who ends the run
  flow pause(host);
  pause.sleep_until(host.now() + run->pace());
  co_await pause;
  for (unsigned steps = 1; !run->over(); ++steps) {
    const spec::step* const st = run->next();
    const instant at = host.now();
    if (steps % steps_in_a_row == 0) {
      pause.sleep_until(at);
      co_await pause;
    }
    if (st != nullptr && st->call == spec::call::repeat) {
      run->enter(*st);
      continue;
    }
    if (st == nullptr && run->over()) break;
    if (st == nullptr) {
      // a repeat has ended
    } else if (st->call == spec::call::wait) {
      pause.sleep_until(at + st->wait);
      co_await pause;
      run->done(*st, {}, at);
    } else if (st->call == spec::call::exit) {
      run->done(*st, run->exit(*st), at);
    } else if (st->call == spec::call::join) {
      background_call* const call = run->find_background(st->subject);
      if (call != nullptr && !call->done) {
        flow joined(os(*call->where));
        call->joiner = &joined;
        joined.park();
        co_await joined;
        call->joiner = nullptr;
      }
      run->done(*st, call != nullptr ? call->answer : skipped("no call of that name"), at);
    } else {
      script_call call(*st, run->names());
      if (!call.prepare()) {
        run->done(*st, call.answer(), at);
      } else if (!st->background.empty()) {
        process& where = call.where() != nullptr ? *call.where() : host.calls();
        background_call& started = run->add_background(*st, where);
        os(where).spawn(in_background(os(where), started, run->names()));
        run->done(*st, begun(call), at);
      } else {
        co_await call;
        run->done(*st, call.answer(), at);
      }
    }
    if (run->pace().count() > 0) {
      pause.sleep_until(host.now() + run->pace());
      co_await pause;
    }
  }
  run->finish();
  pause.park();  // background calls still use *run
  co_await pause;
}

}  // namespace

void start_script(const spec::scenario& s, control& world, observe::script_metrics& m,
                  script_options options) {
  const os host(world.coordinator());
  if (s.pace) options.pace = *s.pace;
  options.wants_sockets = m.wants_sockets;
  host.spawn(walk(host, std::make_unique<script_run>(s, world, m, std::move(options))));
}

}  // namespace fourtuple::apps
