// load: a new connection per request, by an open loop (rate, stages) or a closed one (concurrency).
#include <algorithm>
#include <memory>

#include "sim/apps/arrivals.h"
#include "sim/apps/begun.h"
#include "sim/apps/client_record.h"
#include "sim/apps/flow.h"
#include "sim/apps/kinds.h"
#include "sim/apps/retry.h"
#include "sim/core/random.h"

namespace fourtuple::apps {
namespace {

/// The whole application's state, owned by its first coroutine.
struct load_state {
  load_state(const spec::app& a, const spec::load& k, os h, observe::app_metrics& m)
      : host(h), what(k), record(m), begin(a.start), stop(a.stop ? instant{*a.stop} : never) {}

  /// Its coroutines get the state alone, and their frames by it.
  operator const os&() const { return host; }

  [[nodiscard]] const endpoint& destination(const attempt& a) const { return what.to[a.request]; }
  /// Of the request that begins, counted here.
  [[nodiscard]] std::uint32_t next_destination() {
    return static_cast<std::uint32_t>(record->requests++) %
           static_cast<std::uint32_t>(what.to.size());
  }
  [[nodiscard]] instant give_up(const attempt& a) const {
    return what.timeout ? a.called + *what.timeout : never;
  }
  /// When the next request of an open loop begins; never: there is none.
  [[nodiscard]] instant next_begin(arrivals& schedule) const {
    const bool even = what.arrivals == spec::arrival_kind::constant;
    const auto next = even ? schedule.next() : schedule.next_poisson(host->random());
    return next ? std::min(begin + *next, stop) : never;
  }
  [[nodiscard]] bool may_attempt() const { return !what.limit || record->attempted < *what.limit; }
  [[nodiscard]] bool stopped() const { return stop != never && host.now() >= stop; }
  /// Retries have made the last attempts meanwhile.
  [[nodiscard]] bool overtaken() const { return what.retry.retries != 0 && !may_attempt(); }
  [[nodiscard]] bool may_begin() const { return may_attempt() && !stopped(); }
  [[nodiscard]] bool may_retry(const attempt& a) const {
    return a.tries < what.retry.retries && may_attempt();
  }
  [[nodiscard]] instant retry_at(attempt& a) const {
    return host.now() + retry_wait(what.retry, ++a.tries, host->random());
  }

  /// A socket ready for connect(); false where the attempt has failed before that.
  bool open(attempt& a) {
    const outcome got =
        record.open(host.calls(), a, {&what.bind, &what.options}, destination(a).address.family);
    if (got.ok()) return true;
    record.failed(host.calls(), a, got);
    if (a.fd >= 0) static_cast<void>(host->close(a.fd));
    a.fd = -1;
    return false;
  }
  void connected(attempt& a) {
    record.connected(host.calls(), a, destination(a));
    if (!what.hold) leave(a);  // held for ever: nobody waits for it any more
  }
  /// The request is over but for closing: true where its reply came.
  bool ended(const attempt& a) {
    ++(a.failed ? record->failed : record->completed);
    return !a.failed;
  }
  /// One of those that keep the load from being over: its generator, a request, a worker.
  void leave(attempt& a) {
    if (a.left) return;
    a.left = true;
    leave();
  }
  void leave() {
    if (--busy > 0) return;
    record->finished = true;
    host->finished();
  }

  os host;
  const spec::load& what;
  client_record record;
  instant begin;
  instant stop;
  std::uint64_t busy = 1;
};

/// One request of an open loop (again: false), or a worker of a closed one; the first may begin.
begun requests(load_state& s, bool again) {
  flow wait(s.host);
  attempt now;
  for (;;) {
    now.tries = 0;
    now.request = s.next_destination();
    for (;;) {
      if (s.open(now)) {
        wait.connect(now.fd, s.destination(now), s.give_up(now));
        co_await wait;
        if (wait.got().ok()) {
          s.connected(now);
          wait.exchange(now.fd, s.what.request, s.what.reply, s.give_up(now));
          co_await wait;
          if (wait.got().ok()) break;
        }
        s.record.failed(s.host.calls(), now, wait.got());
        wait.close(now.fd);
        co_await wait;
      }
      if (!s.may_retry(now)) break;
      wait.sleep_until(s.retry_at(now));
      co_await wait;
      if (!s.may_attempt()) break;
    }
    if (s.ended(now)) {
      if (!s.what.hold) co_return;
      if (s.what.close == spec::close_by::server) {
        wait.until_eof(now.fd, s.give_up(now));
        co_await wait;
        now.server_closed = wait.got().ok();
      }
      if (s.what.hold->count() > 0 && s.host.now() < now.called + *s.what.hold) {
        wait.sleep_until(now.called + *s.what.hold);
        co_await wait;
      }
      s.record.closing(s.host.calls(), now, s.what.close);
      wait.close(now.fd);
      co_await wait;
    }
    if (!again || !s.may_attempt()) break;
    wait.sleep_until(s.host.now() + s.what.pause);
    co_await wait;
    if (!s.may_begin()) break;
  }
  s.leave(now);
}

arrivals schedule_of(const spec::load& what) {
  return what.rate ? arrivals::constant(*what.rate, what.rate_changes)
                   : arrivals::ramps(what.stages);
}

task generate(os host, std::unique_ptr<load_state> s) {
  flow wait(host);
  wait.sleep_until(s->begin);
  co_await wait;
  if (s->what.concurrency) {
    for (std::uint32_t i = 0; i < *s->what.concurrency && s->may_begin(); ++i) {
      ++s->busy;
      requests(*s, true);
    }
  } else {
    arrivals schedule = schedule_of(s->what);
    while (s->may_attempt()) {
      const instant at = s->next_begin(schedule);
      if (at == never) break;
      if (host.now() < at) {
        wait.sleep_until(at);
        co_await wait;
      }
      if (s->stopped() || s->overtaken()) break;
      ++s->busy;
      requests(*s, false);
    }
  }
  s->leave();
  wait.park();  // the requests still use *s
  co_await wait;
}

}  // namespace

void start_load(const spec::app& a, const spec::load& what, os host, observe::app_metrics& m) {
  host.spawn(generate(host, std::make_unique<load_state>(a, what, host, m)));
}

}  // namespace fourtuple::apps
