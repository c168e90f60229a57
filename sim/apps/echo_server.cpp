// echo_server: accepts, reads, replies. A coroutine per connection, one that accepts.
#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "sim/apps/accept_pace.h"
#include "sim/apps/begun.h"
#include "sim/apps/flow.h"
#include "sim/apps/kinds.h"
#include "sim/apps/server_record.h"

namespace fourtuple::apps {
namespace {

using when_to_close = spec::server_close::when;
using by = observe::connection_row::by;

/// One connection, as far as it lives in its coroutine's frame.
struct session {
  descriptor fd = -1;
  std::uint32_t missing = 0;     ///< bytes of the present request that have not come yet
  std::uint64_t size : 56 = 0;   ///< bytes to send now
  bool begins : 1 = false;       ///< ... and they are the beginning of a reply
  bool replied : 1 = false;      ///< a whole reply has been handed to send()
  bool peer_closed : 1 = false;  ///< its FIN has been read
};

/// The whole application's state, owned by its first coroutine.
struct server_state {
  server_state(const spec::app& a, const spec::echo_server& k, const surroundings& around, os h,
               observe::app_metrics& m)
      : host(h),
        what(k),
        record(m),
        acceptor(h),
        begin(a.start),
        stop(a.stop ? instant{*a.stop} : never),
        request_size(around.request_size),
        real_bytes(around.bytes_matter || !k.prefix.empty()),
        timed(k.idle_timeout || k.close.kind == when_to_close::after_time) {}

  /// Coroutines of which there are many get the state alone, and their frames by it.
  operator const os&() const { return host; }

  [[nodiscard]] buffer room() {
    if (!real_bytes) return {nullptr, chunk};
    if (scratch.empty()) scratch.resize(chunk);
    return {scratch.data(), chunk};
  }
  /// Until when a connection may go on as it is. Most never ask what time it is.
  [[nodiscard]] instant deadline(const session& at) const {
    if (!timed) return never;
    instant d = what.idle_timeout ? host.now() + *what.idle_timeout : never;
    if (what.close.kind == when_to_close::after_time)
      d = std::min(d, accepted[static_cast<std::size_t>(at.fd)] + what.close.time);
    return d;
  }

  void read(session& at, std::uint64_t n);
  [[gnu::noinline]] void read_parts(session& at, std::uint64_t n);
  std::string& reply_of(descriptor fd) {
    const auto i = static_cast<std::size_t>(fd);
    if (i >= replies.size()) replies.resize(i + 1);
    replies[i].clear();
    return replies[i];
  }
  [[nodiscard]] payload reply(const session& at) const {
    if (!real_bytes) return payload::counted(at.size);
    return payload::text(replies[static_cast<std::size_t>(at.fd)]);
  }
  [[nodiscard]] bool done_after_reply(const session& at) const {
    return at.replied && what.close.kind == when_to_close::after_reply;
  }

  /// For closing after a time, when it began; for `stop`, whom to wake. Kept only where the file
  /// has them.
  void enter(const session& at, flow& wait) {
    const auto i = static_cast<std::size_t>(at.fd);
    if (what.close.kind == when_to_close::after_time) {
      if (i >= accepted.size()) accepted.resize(i + 1);
      accepted[i] = host.now();
    }
    if (stop == never) return;
    if (i >= waiting.size()) waiting.resize(i + 1);
    waiting[i] = &wait;
  }
  void leave(const session& at, const outcome& last) {
    if (stop != never) waiting[static_cast<std::size_t>(at.fd)] = nullptr;
    const bool reset = last.what == outcome::kind::failed;
    record.closed(host.calls(), at.fd,
                  at.peer_closed ? by::client
                  : reset        ? by::reset
                                 : by::server);
  }

  static constexpr std::size_t chunk = 65536;

  os host;
  const spec::echo_server& what;
  server_record record;
  flow acceptor;
  instant begin;
  instant stop;
  std::uint32_t request_size;
  bool real_bytes;
  bool timed;                        ///< connections end after a time, or when silent for one
  bool slot_wanted = false;          ///< the acceptor waits for a connection to end
  std::string scratch;               ///< where bytes are read to
  std::vector<std::string> replies;  ///< by descriptor, where somebody looks at bytes
  std::vector<instant> accepted;     ///< by descriptor, where connections last a time
  std::vector<flow*> waiting;        ///< by descriptor, where the file has a `stop`
};

/// n bytes have come: what they let the server say. Most are a whole request, and nobody looks at
/// them.
void server_state::read(session& at, std::uint64_t n) {
  record->bytes_in += n;
  const bool whole = at.missing == 0 && (request_size == 0 || request_size == n);
  if (!whole || real_bytes) return read_parts(at, n);
  at.size = what.reply.value_or(n) & ((std::uint64_t{1} << 56) - 1);
  at.begins = at.replied = true;
}

/// The same of any bytes. Of an echo every byte goes back at once; a reply of its own size waits
/// for the whole request.
void server_state::read_parts(session& at, std::uint64_t n) {
  std::uint64_t all = 0;
  at.begins = false;
  std::string* const out = real_bytes ? &reply_of(at.fd) : nullptr;
  for (std::uint64_t from = 0; from < n;) {
    const bool first = at.missing == 0;
    if (first) at.missing = request_size > 0 ? request_size : static_cast<std::uint32_t>(n);
    const std::uint64_t here = std::min<std::uint64_t>(at.missing, n - from);
    at.missing -= static_cast<std::uint32_t>(here);
    const bool whole = at.missing == 0;
    const bool begins = what.reply ? whole : first;
    at.begins = at.begins || begins;
    at.replied = at.replied || whole;
    if (begins && out != nullptr) out->append(what.prefix);
    const std::uint64_t size = !what.reply ? here : whole ? *what.reply : 0;
    all += size + (begins ? what.prefix.size() : 0);
    if (out != nullptr && what.reply) out->append(size, 'x');
    if (out != nullptr && !what.reply) out->append(scratch, from, here);
    from += here;
  }
  at.size = all & ((std::uint64_t{1} << 56) - 1);
}

begun serve(server_state& s, session at) {
  flow wait(s.host);
  s.enter(at, wait);
  for (;;) {
    wait.receive(at.fd, s.room(), s.deadline(at));
    co_await wait;
    if (!wait.got().ok()) break;
    s.read(at, wait.count());
    if (s.what.delay.count() > 0 && at.begins) {
      wait.sleep_until(s.host.now() + s.what.delay);
      co_await wait;
      if (!wait.got().ok()) break;
    }
    s.record->bytes_out += at.size;
    wait.send_all(at.fd, s.reply(at), s.deadline(at));
    co_await wait;
    if (!wait.got().ok() || s.done_after_reply(at)) break;
  }
  at.peer_closed = wait.got().what == outcome::kind::eof;
  if (at.peer_closed && s.what.close.kind == when_to_close::never) {
    if (s.stop == never) co_return;
    wait.park();
    co_await wait;
  }
  s.leave(at, wait.got());
  wait.close(at.fd);
  co_await wait;
  if (s.slot_wanted) s.acceptor.nudge();
}

/// Accepts until `stop`. What cannot be accepted yet stays in the kernel's queue.
task accept_all(os host, std::unique_ptr<server_state> s) {
  flow& wait = s->acceptor;
  if (s->begin > host.now()) {
    wait.sleep_until(s->begin);
    co_await wait;
  }
  const descriptor listening =
      s->record.listen(host.calls(), s->what.listen, s->what.backlog, s->what.options);
  accept_pace pace(s->what, s->begin);
  const bool paced = pace.limits();
  accepted got;
  while (listening >= 0 && host.now() < s->stop) {
    if (paced) {
      s->slot_wanted = pace.crowded(s->record->active.now, host.now());
      if (host.now() < pace.next() || s->slot_wanted) {
        wait.sleep_until(std::min(s->slot_wanted ? pace.same_until() : pace.next(), s->stop));
        co_await wait;
        s->slot_wanted = false;
        continue;
      }
    }
    wait.accept(listening, got, s->stop);
    co_await wait;
    if (wait.got().ok()) {
      s->record.accepted(host.calls(), got);
      if (paced) pace.accepted(host.now());
      serve(*s, {.fd = got.fd});
    } else if (wait.got().what == outcome::kind::failed) {
      const errc why = wait.got().error;
      if (why == errc::econnaborted) continue;
      s->record.refused(host.calls(), wait.got());
      if (!server_record::passes(why)) break;
      // As servers do: no more accept() until a descriptor is free, or a second has passed.
      s->slot_wanted = s->record->active.now > 0;
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
  s->record->listening = false;
  for (std::size_t fd = 0; fd < s->waiting.size(); ++fd)
    if (s->waiting[fd] != nullptr) s->waiting[fd]->nudge();
  s->record->finished = true;
  host->finished();
  for (;;) {  // the connections still use *s
    wait.park();
    co_await wait;
  }
}

}  // namespace

void start_echo_server(const spec::app& a, const spec::echo_server& what,
                       const surroundings& around, os host, observe::app_metrics& m) {
  host.spawn(accept_all(host, std::make_unique<server_state>(a, what, around, host, m)));
}

}  // namespace fourtuple::apps
