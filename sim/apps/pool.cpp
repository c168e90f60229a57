// pool: requests over kept connections. A coroutine per connection; a request is given to an idle
// one (the last used first), or to a new one, or waits in line.
#include <algorithm>
#include <deque>
#include <memory>
#include <vector>

#include "sim/apps/arrivals.h"
#include "sim/apps/client_record.h"
#include "sim/apps/flow.h"
#include "sim/apps/kinds.h"

namespace fourtuple::apps {
namespace {

/// What the pool knows of one of its idle connections; lives in that coroutine's frame.
struct idle_place {
  flow* wait = nullptr;
  bool given = false;  ///< a request is waiting for it
  instant give_up{};   ///< that request's, were it to stand in line
};

struct pool_state {
  pool_state(const spec::app& a, const spec::pool& k, os host, observe::app_metrics& m)
      : what(k), record(m), expirer(host), begin(a.start), stop(a.stop ? instant{*a.stop} : never) {
    m.pool_size = k.size;
  }

  [[nodiscard]] instant idle_end(instant born, instant now) const {
    const instant too_idle = what.idle_timeout ? now + *what.idle_timeout : never;
    return std::min(too_idle, life_end(born));
  }
  [[nodiscard]] instant life_end(instant born) const {
    return what.max_lifetime ? born + *what.max_lifetime : never;
  }
  /// When a request that comes now gives up waiting in line.
  [[nodiscard]] instant give_up(instant now) const {
    return what.queue_timeout ? now + *what.queue_timeout : never;
  }
  void place(os host, instant give_up, bool from_queue);
  void stand_in_line(os host, std::deque<instant>::iterator where, instant give_up);
  void arrive(os host) {
    record->pool_size = what.size;
    ++record->requests;
    ++unfinished;
    place(host, give_up(host.now()), false);
  }
  [[nodiscard]] instant first_to_give_up() const;
  std::size_t drop_late(instant now);
  bool open(os host, attempt& a);
  void fail(os host, attempt& a, const outcome& got) {
    record.failed(host.calls(), a, got);
    ++record->failed;
    --unfinished;
  }
  void complete() {
    ++record->completed;
    --unfinished;
  }
  /// The next in line for a connection that has become free.
  bool take_next() {
    if (line.empty()) return false;
    line.pop_front();
    return true;
  }
  [[nodiscard]] bool over() const { return no_more && unfinished == 0; }
  void gone(os host);
  void end_if_over(os host);

  const spec::pool& what;
  client_record record;
  flow expirer;
  instant begin;
  instant stop;
  std::uint32_t live = 0;         ///< connections, also those being opened
  std::uint64_t opened = 0;       ///< for the turn of destinations
  std::uint64_t unfinished = 0;   ///< requests
  bool no_more = false;           ///< every request has begun
  std::vector<idle_place*> idle;  ///< last used at the back
  std::deque<instant> line;       ///< when the waiting requests give up
  bool line_in_order = true;      ///< ... and none before the one in front of it
  bool expiring = false;          ///< there is an expirer
};

task keep(os host, pool_state& s);
task expire(os host, pool_state& s);

/// Finds a connection for a request that has just come or stood in line.
void pool_state::place(os host, instant give_up, bool from_queue) {
  if (!idle.empty()) {
    idle_place& free = *idle.back();
    idle.pop_back();
    free.given = true;
    free.give_up = give_up;
    free.wait->nudge();
  } else if (live < what.size) {
    ++live;
    host.spawn(keep(host, *this));
  } else {
    if (!from_queue) ++record->waited;
    stand_in_line(host, from_queue ? line.begin() : line.end(), give_up);
  }
}

void pool_state::stand_in_line(os host, std::deque<instant>::iterator where, instant give_up) {
  const bool first = line.empty();
  where = line.insert(where, give_up);
  const bool before = where != line.begin() && *std::prev(where) > give_up;
  const bool after = std::next(where) != line.end() && *std::next(where) < give_up;
  line_in_order = (first || line_in_order) && !before && !after;
  if (give_up == never) return;
  if (!expiring) {
    expiring = true;
    host.spawn(expire(host, *this));
  } else if (first || before || where == line.begin()) {
    expirer.nudge();
  }
}

instant pool_state::first_to_give_up() const {
  if (line.empty()) return never;
  return line_in_order ? line.front() : *std::min_element(line.begin(), line.end());
}

/// How many of the line have given up by now; they leave it.
std::size_t pool_state::drop_late(instant now) {
  if (!line_in_order) return std::erase_if(line, [now](instant each) { return each <= now; });
  std::size_t late = 0;
  for (; !line.empty() && line.front() <= now; ++late) line.pop_front();
  return late;
}

bool pool_state::open(os host, attempt& a) {
  a.request = static_cast<std::uint32_t>(opened++ % what.to.size());
  const outcome got =
      record.open(host.calls(), a, {&what.bind, &what.options}, what.to[a.request].address.family);
  if (got.ok()) return true;
  fail(host, a, got);
  if (a.fd >= 0) static_cast<void>(host->close(a.fd));
  a.fd = -1;
  return false;
}

/// A connection has ended: whoever is in line may have a new one.
void pool_state::gone(os host) {
  --live;
  if (!line.empty()) {
    const instant give_up = line.front();
    line.pop_front();
    place(host, give_up, true);
  }
  end_if_over(host);
}

void pool_state::end_if_over(os host) {
  if (!over()) return;
  for (idle_place* each : idle) each->wait->nudge();
  if (live > 0 || record->finished) return;
  record->finished = true;
  host->finished();
}

/// One connection from connect() to close(), with a request to begin with.
task keep(os host, pool_state& s) {
  flow wait(host);
  attempt now;
  if (s.open(host, now)) {
    wait.connect(now.fd, s.what.to[now.request], never);
    co_await wait;
    if (wait.got().ok()) {
      s.record.connected(host.calls(), now, s.what.to[now.request]);
      ++s.record->opened;
      for (std::uint32_t i = 0; i < s.what.setup && wait.got().ok(); ++i) {
        wait.exchange(now.fd, s.what.request, s.what.reply, never);
        co_await wait;
      }
    }
    const instant born = host.now();
    bool going = wait.got().ok();
    if (!going) s.fail(host, now, wait.got());
    while (going) {
      const instant begun = host.now();
      wait.exchange(now.fd, s.what.request, s.what.reply, never);
      co_await wait;
      if (!wait.got().ok()) {
        s.fail(host, now, wait.got());
        break;
      }
      if (host.now() < begun + s.what.hold) {
        wait.sleep_until(begun + s.what.hold);
        co_await wait;
      }
      s.complete();
      const bool too_many = s.live > s.what.size;  // the pool was made smaller meanwhile
      if (s.over() || too_many || host.now() >= s.life_end(born)) break;
      going = s.take_next();
      if (!going) {
        idle_place place{&wait, false};
        s.idle.push_back(&place);
        wait.until_readable(now.fd, s.idle_end(born, host.now()));
        co_await wait;
        if (!place.given) std::erase(s.idle, &place);
        going = place.given && wait.got().what == outcome::kind::nudged;
        now.server_closed = wait.got().ok();
        if (place.given && !going)  // it came too late for this one
          s.stand_in_line(host, s.line.begin(), place.give_up);
      }
      if (going) ++s.record->reused;
    }
    if (!now.failed) s.record.closing(host.calls(), now, spec::close_by::client);
    wait.close(now.fd);
    co_await wait;
  }
  s.gone(host);
}

/// Fails the requests that have stood in line for `queue_timeout`.
task expire(os host, pool_state& s) {
  flow& wait = s.expirer;
  for (;;) {
    wait.sleep_until(s.first_to_give_up());
    co_await wait;
    const std::size_t late = s.drop_late(host.now());
    for (std::size_t i = 0; i < late; ++i) {
      const outcome waited{outcome::kind::deadline, outcome::call::queue, errc::ok};
      s.record->fail(host.now(), fault_of(waited), name(waited.where), s.record->attempted);
      ++s.record->failed;
      --s.unfinished;
    }
    s.end_if_over(host);
  }
}

task generate(os host, std::unique_ptr<pool_state> s) {
  flow wait(host);
  wait.sleep_until(s->begin);
  co_await wait;
  arrivals schedule = arrivals::constant(s->what.rate, s->what.rate_changes);
  const bool even = s->what.arrivals == spec::arrival_kind::constant;
  while (!s->what.limit || s->record->requests < *s->what.limit) {
    const auto next = even ? schedule.next() : schedule.next_poisson(host->random());
    if (!next) break;
    const instant at = std::min(s->begin + *next, s->stop);
    if (host.now() < at) {
      wait.sleep_until(at);
      co_await wait;
    }
    if (host.now() >= s->stop) break;
    s->arrive(host);
  }
  s->no_more = true;
  s->end_if_over(host);
  wait.park();  // the connections still use *s
  co_await wait;
}

}  // namespace

void start_pool(const spec::app& a, const spec::pool& what, os host, observe::app_metrics& m) {
  host.spawn(generate(host, std::make_unique<pool_state>(a, what, host, m)));
}

}  // namespace fourtuple::apps
