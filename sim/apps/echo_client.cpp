// echo_client: a few connections, on each a few messages, and the replies as texts.
#include <algorithm>
#include <memory>
#include <string>

#include "sim/apps/client_record.h"
#include "sim/apps/flow.h"
#include "sim/apps/kinds.h"
#include "sim/spec/template.h"

namespace fourtuple::apps {
namespace {

struct echo_state {
  static constexpr std::size_t most_reply_bytes = std::size_t{1} << 20;
  static constexpr std::uint64_t scratch_size = 65536;

  echo_state(const spec::app& a, const spec::echo_client& k, const surroundings& around,
             observe::app_metrics& m)
      : what(k),
        forms(around.replies),
        record(m),
        begin(a.start),
        stop(a.stop ? instant{*a.stop} : never),
        busy(k.connections) {}

  [[nodiscard]] const endpoint& destination(const attempt& a) const {
    return what.to[a.request % what.to.size()];
  }
  [[nodiscard]] instant give_up(instant begun) const {
    return what.timeout ? begun + *what.timeout : never;
  }
  /// The message of connection `index`, from 0; empty where only its size counts.
  [[nodiscard]] std::string message(std::uint32_t index) const {
    if (!what.message) return {};
    std::string missing;
    const auto text = spec::expand(
        *what.message, [&](std::string_view) { return std::optional(std::to_string(index + 1)); },
        missing);
    return text.value_or(*what.message);
  }
  /// Bytes of the reply to so many; 1 where the server is not ours: what one read gives is the
  /// reply.
  [[nodiscard]] std::uint64_t reply_size(const attempt& a, std::uint64_t sent) const {
    const auto i = a.request % what.to.size();
    if (i >= forms.size() || !forms[i].known) return 1;
    return forms[i].prefix + forms[i].size.value_or(sent);
  }
  [[nodiscard]] bool exact(const attempt& a) const {
    const auto i = a.request % what.to.size();
    return i < forms.size() && forms[i].known;
  }
  /// Read into at once and taken out before anybody else reads: one for all conversations.
  [[nodiscard]] buffer room(std::uint64_t most) {
    return {scratch.data(), static_cast<std::size_t>(std::min(most, scratch_size))};
  }
  void keep(std::string text) {
    kept += text.size();
    if (kept <= most_reply_bytes) record->replies.push_back(std::move(text));
  }
  bool open(os host, attempt& a, std::uint32_t index) {
    a.request = index;
    const outcome got =
        record.open(host.calls(), a, {&no_bind, &what.options}, destination(a).address.family);
    if (got.ok()) return true;
    fail(host, a, got);
    if (a.fd >= 0) static_cast<void>(host->close(a.fd));
    a.fd = -1;
    return false;
  }
  void fail(os host, attempt& a, const outcome& got) {
    record.failed(host.calls(), a, got);
    ++record->failed;
  }
  void leave(os host) {
    if (--busy > 0) return;
    record->finished = true;
    host->finished();
  }

  const spec::echo_client& what;
  std::vector<surroundings::reply_form> forms;
  client_record record;
  instant begin;
  instant stop;
  std::uint64_t busy;
  std::uint64_t kept = 0;
  std::vector<endpoint> no_bind;
  std::string scratch = std::string(scratch_size, '\0');
};

task converse(os host, echo_state& s, std::uint32_t index) {
  flow wait(host);
  attempt now;
  ++s.record->requests;
  if (s.open(host, now, index)) {
    wait.connect(now.fd, s.destination(now), s.give_up(now.called));
    co_await wait;
    if (!wait.got().ok()) s.fail(host, now, wait.got());
    if (wait.got().ok()) s.record.connected(host.calls(), now, s.destination(now));
    const std::string text = s.message(index);
    const std::uint64_t size = s.what.message ? text.size() : s.what.size;
    instant until = s.give_up(now.called);
    for (std::uint32_t i = 0; !now.failed; ++i) {
      std::string reply;
      std::uint64_t missing = s.reply_size(now, size);
      if (!s.what.message && s.exact(now)) {
        wait.exchange(now.fd, size, missing, until);
        co_await wait;
        missing = 0;
      } else {
        wait.send_all(now.fd, s.what.message ? payload::text(text) : payload::counted(size), until);
        co_await wait;
      }
      while (wait.got().ok() && missing > 0) {
        wait.receive(now.fd, s.room(s.exact(now) ? missing : s.scratch_size), until);
        co_await wait;
        if (!wait.got().ok()) break;
        reply.append(s.scratch, 0, wait.count());
        missing -= std::min(missing, wait.count());
      }
      if (!wait.got().ok()) {
        s.fail(host, now, wait.got());
        break;
      }
      ++s.record->completed;
      if (s.what.message) s.keep(std::move(reply));
      if (i + 1 == s.what.messages || host.now() + s.what.think >= s.stop) break;
      if (s.what.think.count() > 0) {
        wait.sleep_until(host.now() + s.what.think);
        co_await wait;
      }
      ++s.record->requests;
      until = s.give_up(host.now());
    }
    if (!now.failed && s.what.close == spec::close_by::server) {
      wait.until_eof(now.fd, s.give_up(host.now()));
      co_await wait;
      now.server_closed = wait.got().ok();
    }
    if (!now.failed) s.record.closing(host.calls(), now, s.what.close);
    wait.close(now.fd);
    co_await wait;
  }
  s.leave(host);
}

task begin_all(os host, std::unique_ptr<echo_state> s) {
  flow wait(host);
  wait.sleep_until(s->begin);
  co_await wait;
  for (std::uint32_t i = 0; i < s->what.connections; ++i) host.spawn(converse(host, *s, i));
  wait.park();  // the conversations still use *s
  co_await wait;
}

}  // namespace

void start_echo_client(const spec::app& a, const spec::echo_client& what,
                       const surroundings& around, os host, observe::app_metrics& m) {
  host.spawn(begin_all(host, std::make_unique<echo_state>(a, what, around, m)));
}

}  // namespace fourtuple::apps
