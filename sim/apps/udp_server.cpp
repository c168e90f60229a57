// udp_server: takes datagrams on one socket and answers each to its sender. A reply of a size of
// its own begins as the request does, so that the sender knows it by its number.
#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "sim/apps/flow.h"
#include "sim/apps/kinds.h"
#include "sim/apps/request_number.h"
#include "sim/apps/server_record.h"

namespace fourtuple::apps {
namespace {

struct udp_server_state {
  static constexpr std::size_t most_bytes = 65536;

  udp_server_state(const spec::app& a, const spec::udp_server& k, std::size_t room_for_text,
                   observe::app_metrics& m)
      : what(k),
        record(m),
        begin(a.start),
        stop(a.stop ? instant{*a.stop} : never),
        scratch(room_for_text, '\0') {}

  /// A reply that waits for its time.
  struct late_reply {
    instant at{};
    endpoint to;
    std::uint64_t size = 0;
    std::string text;  ///< empty where nobody looks at the bytes
  };

  [[nodiscard]] buffer room() {
    return scratch.empty() ? buffer{nullptr, most_bytes} : buffer{scratch.data(), scratch.size()};
  }
  /// A reply of so many bytes to the datagram of `got` bytes in scratch; empty where nobody looks.
  [[nodiscard]] std::string_view reply_text(std::size_t got, std::uint64_t size) {
    if (scratch.empty()) return {};
    const std::string_view request(scratch.data(), got);
    if (!what.reply) return request;
    if (size < request_number::size || !request_number::read(request)) return {};
    numbered.assign(request.substr(0, request_number::size));
    numbered.resize(size, 'x');
    return numbered;
  }

  void answer(os host, const endpoint& to, payload p) {
    const auto sent = host->sendto(fd, p, to);
    if (sent) {
      ++record->completed;
      record->bytes_out += *sent;
    } else {
      ++record->failed;
      record->fail(host.now(), {observe::fault::word::errno_name, sent.error()}, "send",
                   record->requests);
    }
  }
  /// One datagram has come, its bytes into scratch where they matter.
  void take(os host, const datagram& got) {
    ++record->requests;
    record->bytes_in += got.size;
    if (!what.replies) return;
    const std::uint64_t size = what.reply.value_or(got.size);
    const std::string_view text = reply_text(got.size, size);
    if (what.delay.count() == 0) {
      answer(host, got.from, {text.empty() ? nullptr : text.data(), size});
      return;
    }
    const instant at = host.now() + what.delay;
    const auto behind = std::find_if(late.rbegin(), late.rend(),
                                     [at](const late_reply& each) { return each.at <= at; });
    late.insert(behind.base(), {at, got.from, size, std::string(text)});
  }

  const spec::udp_server& what;
  server_record record;
  instant begin;
  instant stop;
  descriptor fd = -1;
  std::deque<late_reply> late;  ///< in the order of `at`; out of turn only where `delay` changed
  std::string scratch;          ///< the datagram at hand; empty where nobody looks at the bytes
  std::string numbered;         ///< the reply to it, of a size of its own
};

task serve(os host, std::unique_ptr<udp_server_state> s) {
  flow wait(host);
  if (s->begin > host.now()) {
    wait.sleep_until(s->begin);
    co_await wait;
  }
  s->fd = s->record.bind(host.calls(), s->what.listen, s->what.options);
  while (s->fd >= 0 && host.now() < s->stop) {
    const instant next = s->late.empty() ? never : s->late.front().at;
    wait.until_readable(s->fd, std::min(next, s->stop));
    co_await wait;
    while (!s->late.empty() && s->late.front().at <= host.now()) {
      const auto& reply = s->late.front();
      s->answer(host, reply.to, {reply.text.empty() ? nullptr : reply.text.data(), reply.size});
      s->late.pop_front();
    }
    if (host.now() >= s->stop) break;
    for (;;) {
      const auto got = host->recvfrom(s->fd, s->room());
      if (got) s->take(host, *got);
      if (got.error() == errc::eagain) break;
    }
  }
  if (s->fd >= 0) static_cast<void>(host->close(s->fd));
  s->record->listening = false;
  s->record->finished = true;
  host->finished();
}

}  // namespace

void start_udp_server(const spec::app& a, const spec::udp_server& what, const surroundings& around,
                      os host, observe::app_metrics& m) {
  host.spawn(serve(host, std::make_unique<udp_server_state>(a, what, around.datagram_room, m)));
}

}  // namespace fourtuple::apps
