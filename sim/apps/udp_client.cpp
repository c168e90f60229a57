// udp_client: a datagram per request and one datagram awaited for it, from one socket for all
// requests or from a new one for each. A reply is known by the number it repeats, or by its order
// where a datagram has no room for one.
#include <algorithm>
#include <deque>
#include <memory>
#include <string>

#include "sim/apps/arrivals.h"
#include "sim/apps/client_record.h"
#include "sim/apps/flow.h"
#include "sim/apps/kinds.h"
#include "sim/apps/request_number.h"

namespace fourtuple::apps {
namespace {

struct udp_state {
  static constexpr std::size_t most_bytes = 65536;

  /// A request from the one socket whose reply has not come.
  struct pending {
    instant until{};
    endpoint to;
    std::uint64_t number = 0;  ///< as `attempted` counts
  };

  udp_state(const spec::app& a, const spec::udp_client& k, std::size_t room_for_text,
            observe::app_metrics& m)
      : what(k),
        record(m),
        begin(a.start),
        stop(a.stop ? instant{*a.stop} : never),
        scratch(room_for_text, '\0') {
    if (numbered()) text.assign(what.size, 'x');
  }

  [[nodiscard]] bool numbered() const { return !scratch.empty(); }
  [[nodiscard]] buffer room() {
    return numbered() ? buffer{scratch.data(), scratch.size()} : buffer{nullptr, most_bytes};
  }
  /// The number of the reply of so many bytes in scratch, if it has one.
  [[nodiscard]] std::optional<request_number> number_in(std::size_t size) const {
    return numbered() ? request_number::read({scratch.data(), size}) : std::nullopt;
  }

  [[nodiscard]] bool may_begin(instant now) const {
    return (!what.limit || record->requests < *what.limit) && now < stop;
  }
  [[nodiscard]] const endpoint& destination(std::uint64_t request) const {
    return what.to[request % what.to.size()];
  }
  /// socket(), options, bind(), connect(): what is not UDP's first datagram.
  outcome open(os host, attempt& a, const endpoint& to) {
    outcome got = record.open(host.calls(), a, {&what.bind, &what.options, transport::udp},
                              to.address.family);
    if (got.ok() && what.connected) {
      got = outcome::of(outcome::call::connect, host->connect(a.fd, to).error());
      if (got.ok()) record.connected(host.calls(), a, to);
    }
    return got;
  }
  /// Without an own port the first datagram takes one: EAGAIN where there is none (udp(7)).
  outcome send(os host, descriptor fd, const endpoint& to, std::uint64_t number) {
    payload p = payload::counted(what.size);
    if (numbered()) {
      const auto front = request_number(number).text();
      std::copy(front.begin(), front.end(), text.begin());
      p = payload::text(text);
    }
    const auto sent = what.connected ? host->send(fd, p) : host->sendto(fd, p, to);
    if (!sent) return outcome::of(outcome::call::send, sent.error());
    record->bytes_out += *sent;
    if (!what.connected)
      if (const auto local = host->getsockname(fd)) record->tuples.add(*local, to);
    return {};
  }
  void ended(os host, std::uint64_t number, const outcome& got) {
    if (got.ok()) {
      ++record->completed;
      return;
    }
    ++record->failed;
    record->fail(host.now(), fault_of(got), name(got.where), number);
  }
  /// Who is done keeps no port: what comes later finds nobody there.
  void leave(os host) {
    if (--busy > 0) return;
    if (is_open) {
      is_open = false;
      record.closing(host.calls(), shared, spec::close_by::client);
      static_cast<void>(host->close(shared.fd));
    }
    record->finished = true;
    host->finished();
  }

  // sockets: one
  void ask(os host, const endpoint& to);
  void hear(os host);
  void expire(os host);
  [[nodiscard]] std::deque<pending>::iterator asked(const endpoint& from,
                                                    std::optional<request_number> number);
  void end(os host, std::deque<pending>::iterator p, const outcome& got) {
    ended(host, p->number, got);
    waiting.erase(p);
    leave(host);
  }

  const spec::udp_client& what;
  client_record record;
  instant begin;
  instant stop;
  std::uint64_t busy = 1;  ///< the generator and what is under way
  attempt shared;          ///< the one socket
  bool is_open = false;
  std::deque<pending> waiting;  ///< in the order of `until`
  flow* listener = nullptr;     ///< of the coroutine that reads the one socket
  std::string scratch;          ///< the datagram that has come; empty where it has no number
  std::string text;             ///< a request, but for its number
};

/// One request from the one socket. The first opens it; where that fails, the next tries again.
void udp_state::ask(os host, const endpoint& to) {
  outcome got;
  if (!is_open) {
    got = open(host, shared, to);
    is_open = got.ok();
    if (!is_open && shared.fd >= 0) static_cast<void>(host->close(shared.fd));
  } else {
    ++record->attempted;
  }
  if (got.ok()) got = send(host, shared.fd, to, record->attempted);
  if (!got.ok() || !what.awaits_reply) {
    ended(host, record->attempted, got);
    leave(host);
    return;
  }
  waiting.push_back({host.now() + what.timeout, to, record->attempted});
  if (listener != nullptr) listener->nudge();
}

/// The request that a datagram answers: of its number, or the oldest to its sender where it has
/// none.
std::deque<udp_state::pending>::iterator udp_state::asked(const endpoint& from,
                                                          std::optional<request_number> number) {
  return std::find_if(waiting.begin(), waiting.end(), [&](const pending& w) {
    return w.to == from && (!number || *number == request_number(w.number));
  });
}

/// Reads what has come. An error of a connected socket belongs to the oldest request of all; a
/// datagram that nobody waits for is dropped.
void udp_state::hear(os host) {
  while (is_open) {
    const auto got = host->recvfrom(shared.fd, room());
    if (got.error() == errc::eagain) return;
    auto p = waiting.begin();
    if (got) {
      record->bytes_in += got->size;
      p = asked(got->from, number_in(got->size));
    }
    if (p != waiting.end()) end(host, p, outcome::of(outcome::call::recv, got.error()));
  }
}

void udp_state::expire(os host) {
  while (!waiting.empty() && waiting.front().until <= host.now())
    end(host, waiting.begin(), {outcome::kind::deadline, outcome::call::recv, errc::ok});
}

task listen_for_replies(os host, udp_state& s) {
  flow wait(host);
  s.listener = &wait;
  for (;;) {
    if (s.waiting.empty()) {
      wait.park();
    } else {
      wait.until_readable(s.shared.fd, s.waiting.front().until);
    }
    co_await wait;
    s.hear(host);
    s.expire(host);
  }
}

/// One request from a socket of its own.
task ask_alone(os host, udp_state& s, std::uint64_t request) {
  flow wait(host);
  attempt now;
  const endpoint& to = s.destination(request);
  outcome got = s.open(host, now, to);
  if (got.ok()) got = s.send(host, now.fd, to, now.number);
  bool answered = !s.what.awaits_reply;
  while (got.ok() && !answered) {
    wait.receive(now.fd, s.room(), now.called + s.what.timeout);
    co_await wait;
    got = wait.got();
    if (got.what == outcome::kind::eof) got = {};  // an empty datagram is a reply
    if (!got.ok()) break;
    s.record->bytes_in += wait.count();
    // A reply to who had the port before is none.
    const auto number = s.number_in(wait.count());
    answered = !number || *number == request_number(now.number);
  }
  s.ended(host, now.number, got);
  if (now.fd >= 0) {
    const bool sent = got.ok() || got.what == outcome::kind::deadline;
    if (sent && host.now() < now.called + s.what.hold) {
      wait.sleep_until(now.called + s.what.hold);
      co_await wait;
    }
    s.record.closing(host.calls(), now, spec::close_by::client);
    wait.close(now.fd);
    co_await wait;
  }
  s.leave(host);
}

task generate(os host, std::unique_ptr<udp_state> s) {
  flow wait(host);
  wait.sleep_until(s->begin);
  co_await wait;
  const bool alone = s->what.sockets == spec::udp_sockets::per_request;
  if (!alone && s->what.awaits_reply) host.spawn(listen_for_replies(host, *s));
  arrivals schedule = arrivals::constant(s->what.rate, s->what.rate_changes);
  const bool even = s->what.arrivals == spec::arrival_kind::constant;
  while (s->may_begin(host.now())) {  // the last does not wait for one that will not come
    const auto next = even ? schedule.next() : schedule.next_poisson(host->random());
    if (!next) break;
    const instant at = std::min(s->begin + *next, s->stop);
    if (host.now() < at) {
      wait.sleep_until(at);
      co_await wait;
    }
    if (!s->may_begin(host.now())) break;
    ++s->busy;
    const std::uint64_t request = s->record->requests++;
    if (alone) {
      host.spawn(ask_alone(host, *s, request));
    } else {
      s->ask(host, s->destination(request));
    }
  }
  s->leave(host);
  wait.park();  // the requests still use *s
  co_await wait;
}

}  // namespace

void start_udp_client(const spec::app& a, const spec::udp_client& what, const surroundings& around,
                      os host, observe::app_metrics& m) {
  host.spawn(generate(host, std::make_unique<udp_state>(a, what, around.datagram_room, m)));
}

}  // namespace fourtuple::apps
