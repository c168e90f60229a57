// listener: listens, accepts if it may, nothing more. What it accepts it neither reads nor closes.
#include <chrono>
#include <memory>

#include "sim/apps/flow.h"
#include "sim/apps/kinds.h"
#include "sim/apps/server_record.h"

namespace fourtuple::apps {
namespace {

struct listener_state {
  const spec::app& app;
  const spec::listener& what;
  server_record record;
};

/// Takes what comes to one port. It has nothing to close, so it ends at EMFILE: what comes later
/// stays in the kernel's queue.
task take(os host, listener_state& s, descriptor listening) {
  flow wait(host);
  accepted got;
  for (;;) {
    wait.accept(listening, got, never);
    co_await wait;
    if (wait.got().ok()) {
      s.record.accepted(host.calls(), got);
    } else if (wait.got().error != errc::econnaborted) {
      s.record.refused(host.calls(), wait.got());
      co_return;
    }
  }
}

task listen_all(os host, std::unique_ptr<listener_state> s) {
  flow wait(host);
  if (instant{s->app.start} > host.now()) {
    wait.sleep_until(instant{s->app.start});
    co_await wait;
  }
  for (const auto& range : s->what.ports) {
    for (std::uint32_t port = range.low; port <= range.high; ++port) {
      const endpoint at{ip_address::any(family::inet), static_cast<std::uint16_t>(port)};
      const descriptor fd = s->record.listen(host.calls(), at, s->what.backlog, s->what.options);
      if (fd >= 0 && s->what.accept) host.spawn(take(host, *s, fd));
    }
  }
  wait.park();  // until the process ends; the other coroutines use *s
  co_await wait;
}

}  // namespace

void start_listener(const spec::app& a, const spec::listener& what, os host,
                    observe::app_metrics& m) {
  host.spawn(listen_all(
      host, std::make_unique<listener_state>(listener_state{a, what, server_record(m)})));
}

}  // namespace fourtuple::apps
