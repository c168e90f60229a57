// proxy: a server to its clients and a client of its upstreams. A coroutine per client connection,
// which asks for one request after the other; one per kept upstream connection; one that accepts.
#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/apps/client_record.h"
#include "sim/apps/flow.h"
#include "sim/apps/kinds.h"
#include "sim/apps/round_trip.h"
#include "sim/apps/server_record.h"

namespace fourtuple::apps {
namespace {

using by = observe::connection_row::by;

constexpr std::size_t chunk = 65536;

/// What the proxy knows of an idle upstream connection; lives in its keeper's frame.
struct kept {
  attempt up;
  flow* wait = nullptr;
  bool taken = false;  ///< a request has it now
};

/// One request of a client, as far as it lives in its coroutine's frame.
struct session {
  void begin() {
    request.clear();
    answered = fresh = whole = false;
  }
  /// Who ended the client's connection, by its last wait.
  [[nodiscard]] by closed_by(const outcome& last) const {
    if (whole && !answered) return by::server;
    if (last.what == outcome::kind::eof) return by::client;
    return last.what == outcome::kind::failed ? by::reset : by::server;
  }

  attempt up;             ///< the upstream connection
  bool reused = false;    ///< ... which has served another request before
  bool fresh = false;     ///< a kept connection has failed this request: the next is a new one
  bool whole = false;     ///< the request has come
  bool answered = false;  ///< so has its reply
  message request;
  message reply;
};

/// Options of upstream sockets. SO_REUSEADDR there would let bind() hand one port to several of
/// them.
std::vector<spec::sockopt_setting> upstream_options(const spec::proxy& k) {
  std::vector<spec::sockopt_setting> out;
  for (const auto& each : k.options)
    if (each.option != spec::sockopt::so_reuseaddr && each.option != spec::sockopt::so_reuseport)
      out.push_back(each);
  return out;
}

/// The whole application's state, owned by its first coroutine.
struct proxy_state {
  proxy_state(const spec::app& a, const spec::proxy& k, const surroundings& around, os host,
              observe::app_metrics& m)
      : what(k),
        clients(m),
        upstream(m),
        options(upstream_options(k)),
        forms(around.replies),
        acceptor(host),
        begin(a.start),
        stop(a.stop ? instant{*a.stop} : never),
        request_size(around.request_size),
        scratch(around.bytes_matter ? chunk : 0, '\0') {
    m.upstream_errors = std::make_unique<observe::error_counts>();
  }

  [[nodiscard]] const endpoint& destination(const attempt& a) const {
    return what.upstream[a.request];
  }
  [[nodiscard]] buffer room(std::uint64_t most = chunk) {
    return {scratch.empty() ? nullptr : scratch.data(), std::min<std::uint64_t>(most, chunk)};
  }
  [[nodiscard]] instant silent_too_long(instant now) const {
    return what.idle_timeout ? now + *what.idle_timeout : never;
  }
  [[nodiscard]] instant unused_too_long(instant now) const {
    return what.upstream_idle_timeout ? now + *what.upstream_idle_timeout : never;
  }
  [[nodiscard]] instant give_up(instant now) const {
    return what.timeout ? now + *what.timeout : never;
  }

  /// What the next read of a request may take: never bytes of the one after it.
  [[nodiscard]] buffer request_room(const session& at) {
    return request_size > 0 ? room(request_size - at.request.size) : room();
  }
  /// n bytes of a request have come: whether it is whole.
  bool read(session& at, std::uint64_t n) {
    clients->bytes_in += n;
    at.request.append(scratch.empty() ? nullptr : scratch.data(), n);
    if (request_size > 0 && at.request.size < request_size) return false;
    ++clients->requests;
    at.whole = true;
    return true;
  }
  /// How long the reply of that upstream is; nothing where one read is taken for it.
  [[nodiscard]] std::optional<std::uint64_t> reply_size(const session& at) const {
    const auto& form = forms[at.up.request];
    if (!form.known) return std::nullopt;
    return form.prefix + form.size.value_or(at.request.size);
  }

  bool take_kept(session& at);
  bool open(os host, session& at);
  void connected(os host, session& at, const outcome& got);
  void replied(os host, session& at, const round_trip& trip) {
    at.answered = trip.got().ok();
    if (!at.answered) fail(host, at, trip.got(), trip.heard());
  }
  void fail(os host, session& at, const outcome& got, bool heard);
  [[nodiscard]] bool worth_keeping(os host, session& at) const;
  void enter(kept& place);
  void freed() {
    if (slot_wanted) acceptor.nudge();
  }

  const spec::proxy& what;
  server_record clients;
  client_record upstream;
  std::vector<spec::sockopt_setting> options;  ///< of upstream sockets
  std::vector<surroundings::reply_form> forms;
  flow acceptor;
  instant begin;
  instant stop;
  std::uint32_t request_size;
  std::string scratch;       ///< where bytes are read to; empty: nobody looks at them
  std::uint64_t turn = 0;    ///< attempts, for the turn of upstreams
  std::vector<kept*> idle;   ///< unused longest at the front
  bool slot_wanted = false;  ///< the acceptor waits for a descriptor
};

/// Begins an attempt: of the kept connections to the upstream whose turn it is the one used last;
/// false where a new one is needed.
bool proxy_state::take_kept(session& at) {
  at.up.request = static_cast<std::uint32_t>(turn++ % what.upstream.size());
  at.reused = false;
  if (at.fresh) return false;
  const auto found = std::find_if(idle.rbegin(), idle.rend(), [&](const kept* each) {
    return each->up.request == at.up.request;
  });
  if (found == idle.rend()) return false;
  kept& place = **found;
  idle.erase(std::next(found).base());
  place.taken = true;
  place.wait->nudge();
  at.up = place.up;
  at.reused = true;
  ++upstream->reused;
  return true;
}

/// A socket ready for connect(); false where the attempt has failed before that.
bool proxy_state::open(os host, session& at) {
  const outcome got =
      upstream.open(host.calls(), at.up, {&what.bind, &options}, destination(at.up).address.family);
  if (got.ok()) return true;
  fail(host, at, got, false);
  if (at.up.fd >= 0) static_cast<void>(host->close(at.up.fd));
  at.up.fd = -1;
  return false;
}

/// How connect() ended.
void proxy_state::connected(os host, session& at, const outcome& got) {
  if (!got.ok()) {
    fail(host, at, got, false);
    return;
  }
  upstream.connected(host.calls(), at.up, destination(at.up));
  ++upstream->opened;
}

/// An attempt upstream has failed. `heard`: a part of the reply came.
void proxy_state::fail(os host, session& at, const outcome& got, bool heard) {
  upstream.failed(host.calls(), at.up, got);
  upstream->upstream_errors->add(fault_of(got));
  const bool closed =
      got.what == outcome::kind::eof || got.error == errc::econnreset || got.error == errc::epipe;
  if (!at.reused || heard || !closed) return;
  ++upstream->resets_on_reuse;
  at.fresh = true;
}

/// An upstream that has closed already, or has said more than was asked, is not asked again.
bool proxy_state::worth_keeping(os host, session& at) const {
  if (what.keepalive == 0) return false;
  const auto level = host->poll(at.up.fd);
  const bool quiet = level && (*level & (ready_in | ready_rdhup | ready_err | ready_hup)) == 0;
  at.up.server_closed = level && (*level & ready_rdhup) != 0;
  return quiet;
}

void proxy_state::enter(kept& place) {
  idle.push_back(&place);
  while (idle.size() > what.keepalive) {  // one, or more where keepalive has changed
    kept& oldest = *idle.front();
    idle.erase(idle.begin());
    oldest.wait->nudge();
  }
}

/// An upstream connection between two requests: until one takes it, its upstream closes it, it has
/// been unused for too long or there are too many.
task keep(os host, proxy_state& s, attempt up) {
  flow wait(host);
  kept place{up, &wait};
  wait.until_readable(up.fd, s.unused_too_long(host.now()));
  s.enter(place);
  co_await wait;
  if (place.taken) co_return;
  std::erase(s.idle, &place);
  place.up.server_closed = wait.got().ok();
  s.upstream.closing(host.calls(), place.up, spec::close_by::client);
  wait.close(place.up.fd);
  co_await wait;
  s.freed();
}

/// The requests of one client, one after the other, until it closes, is silent for too long, or one
/// of them fails.
task serve(os host, proxy_state& s, descriptor client) {
  flow wait(host);
  round_trip trip(host);
  session at;
  for (;;) {
    at.begin();
    do {
      wait.receive(client, s.request_room(at), s.silent_too_long(host.now()));
      co_await wait;
    } while (wait.got().ok() && !s.read(at, wait.count()));
    if (!wait.got().ok() || host.now() >= s.stop) break;
    for (std::uint32_t tries = 0; !at.answered && tries <= s.what.retries; ++tries) {
      const instant until = s.give_up(host.now());
      if (!s.take_kept(at)) {
        if (!s.open(host, at)) continue;
        wait.connect(at.up.fd, s.destination(at.up), until);
        co_await wait;
        s.connected(host, at, wait.got());
      }
      if (!at.up.failed) {
        trip.ask(at.up.fd, at.request, at.reply, s.reply_size(at), s.room(), until);
        co_await trip;
        s.replied(host, at, trip);
      }
      if (at.answered && s.worth_keeping(host, at)) {
        host.spawn(keep(host, s, at.up));
      } else {
        if (at.answered) s.upstream.closing(host.calls(), at.up, spec::close_by::client);
        wait.close(at.up.fd);
        co_await wait;
        s.freed();
      }
    }
    ++(at.answered ? s.clients->completed : s.clients->failed);
    if (!at.answered) break;
    bool sent = true;
    for (std::uint64_t gone = 0; sent && gone < at.reply.size;) {
      const payload piece = at.reply.rest(gone);
      gone += piece.size;
      s.clients->bytes_out += piece.size;
      wait.send_all(client, piece, s.silent_too_long(host.now()));
      co_await wait;
      sent = wait.got().ok();
    }
    if (!sent) break;
  }
  s.clients.closed(host.calls(), client, at.closed_by(wait.got()));
  wait.close(client);
  co_await wait;
  s.freed();
}

/// Accepts until `stop`. What cannot be accepted yet stays in the kernel's queue.
task accept_all(os host, std::unique_ptr<proxy_state> s) {
  flow& wait = s->acceptor;
  if (s->begin > host.now()) {
    wait.sleep_until(s->begin);
    co_await wait;
  }
  const descriptor listening =
      s->clients.listen(host.calls(), s->what.listen, spec::proxy::backlog, s->what.options);
  while (listening >= 0 && host.now() < s->stop) {
    accepted got;
    wait.accept(listening, got, s->stop);
    co_await wait;
    if (wait.got().ok()) {
      s->clients.accepted(host.calls(), got);
      host.spawn(serve(host, *s, got.fd));
    } else if (wait.got().what == outcome::kind::failed) {
      const errc why = wait.got().error;
      if (why == errc::econnaborted) continue;
      s->clients.refused(host.calls(), wait.got());
      if (!server_record::passes(why)) break;
      // As servers do: no more accept() until a descriptor is free, or a second has passed.
      s->slot_wanted = s->clients->active.now > 0 || !s->idle.empty();
      const instant again = s->slot_wanted ? never : host.now() + std::chrono::seconds(1);
      wait.sleep_until(std::min(again, s->stop));
      co_await wait;
      s->slot_wanted = false;
    }
  }
  if (listening >= 0) {
    wait.close(listening);
    co_await wait;
  }
  s->clients->listening = false;
  s->clients->finished = true;
  host->finished();
  for (;;) {  // the connections still use *s
    wait.park();
    co_await wait;
  }
}

}  // namespace

void start_proxy(const spec::app& a, const spec::proxy& what, const surroundings& around, os host,
                 observe::app_metrics& m) {
  host.spawn(accept_all(host, std::make_unique<proxy_state>(a, what, around, host, m)));
}

}  // namespace fourtuple::apps
