// load: a new connection per request, by an open loop (rate, stages) or a closed one (concurrency).
#include <algorithm>
#include <memory>

#include "sim/apps/arrivals.h"
#include "sim/apps/client_record.h"
#include "sim/apps/flow.h"
#include "sim/apps/kinds.h"
#include "sim/apps/retry.h"
#include "sim/core/random.h"

namespace fourtuple::apps {
namespace {

/// The whole application's state, owned by its first coroutine.
struct load_state {
  load_state(const spec::app& a, const spec::load& k, observe::app_metrics& m)
      : what(k), record(m), begin(a.start), stop(a.stop ? instant{*a.stop} : never) {}

  [[nodiscard]] const endpoint& destination(const attempt& a) const {
    return what.to[a.request % what.to.size()];
  }
  [[nodiscard]] instant give_up(const attempt& a) const {
    return what.timeout ? a.called + *what.timeout : never;
  }
  [[nodiscard]] bool may_attempt() const { return !what.limit || record->attempted < *what.limit; }
  [[nodiscard]] bool may_begin(os host) const {
    return may_attempt() && (stop == never || host.now() < stop);
  }
  [[nodiscard]] bool may_retry(const attempt& a) const {
    return a.tries < what.retry.retries && may_attempt();
  }
  [[nodiscard]] instant retry_at(os host, attempt& a) const {
    return host.now() + retry_wait(what.retry, ++a.tries, host->random());
  }

  /// A socket ready for connect(); false where the attempt has failed before that.
  bool open(os host, attempt& a) {
    const outcome got =
        record.open(host.calls(), a, {&what.bind, &what.options}, destination(a).address.family);
    if (got.ok()) return true;
    record.failed(host.calls(), a, got);
    if (a.fd >= 0) static_cast<void>(host->close(a.fd));
    a.fd = -1;
    return false;
  }
  void connected(os host, attempt& a) {
    record.connected(host.calls(), a, destination(a));
    if (!what.hold) leave(host, a);  // held for ever: nobody waits for it any more
  }
  /// The request is over but for closing: true where its reply came.
  bool ended(const attempt& a) {
    ++(a.failed ? record->failed : record->completed);
    return !a.failed;
  }
  /// One of those that keep the load from being over: its generator, a request, a worker.
  void leave(os host, attempt& a) {
    if (a.left) return;
    a.left = true;
    leave(host);
  }
  void leave(os host) {
    if (--busy > 0) return;
    record->finished = true;
    host->finished();
  }

  const spec::load& what;
  client_record record;
  instant begin;
  instant stop;
  std::uint64_t busy = 1;
};

/// One request of an open loop (again: false), or a worker of a closed one.
task requests(os host, load_state& s, bool again) {
  flow wait(host);
  attempt now;
  while (s.may_begin(host)) {
    now.tries = 0;
    now.request = static_cast<std::uint32_t>(s.record->requests++);
    for (;;) {
      if (s.open(host, now)) {
        wait.connect(now.fd, s.destination(now), s.give_up(now));
        co_await wait;
        if (wait.got().ok()) {
          s.connected(host, now);
          wait.exchange(now.fd, s.what.request, s.what.reply, s.give_up(now));
          co_await wait;
          if (wait.got().ok()) break;
        }
        s.record.failed(host.calls(), now, wait.got());
        wait.close(now.fd);
        co_await wait;
      }
      if (!s.may_retry(now)) break;
      wait.sleep_until(s.retry_at(host, now));
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
      if (s.what.hold->count() > 0 && host.now() < now.called + *s.what.hold) {
        wait.sleep_until(now.called + *s.what.hold);
        co_await wait;
      }
      s.record.closing(host.calls(), now, s.what.close);
      wait.close(now.fd);
      co_await wait;
    }
    if (!again) break;
    wait.sleep_until(host.now() + s.what.pause);
    co_await wait;
  }
  s.leave(host, now);
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
    for (std::uint32_t i = 0; i < *s->what.concurrency; ++i) {
      ++s->busy;
      host.spawn(requests(host, *s, true));
    }
  } else {
    arrivals schedule = schedule_of(s->what);
    const bool even = s->what.arrivals == spec::arrival_kind::constant;
    for (;;) {
      const auto next = even ? schedule.next() : schedule.next_poisson(host->random());
      if (!next) break;
      const instant at = std::min(s->begin + *next, s->stop);
      if (host.now() < at) {
        wait.sleep_until(at);
        co_await wait;
      }
      if (!s->may_begin(host)) break;
      ++s->busy;
      host.spawn(requests(host, *s, false));
    }
  }
  s->leave(host);
  wait.park();  // the requests still use *s
  co_await wait;
}

}  // namespace

void start_load(const spec::app& a, const spec::load& what, os host, observe::app_metrics& m) {
  host.spawn(generate(host, std::make_unique<load_state>(a, what, m)));
}

}  // namespace fourtuple::apps
