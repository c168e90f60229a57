// scan: which ports of a machine are open, closed or filtered. A handful of coroutines take the
// ports in the order of the file; each has one socket at a time.
#include <algorithm>
#include <memory>

#include "sim/apps/client_record.h"
#include "sim/apps/flow.h"
#include "sim/apps/kinds.h"

namespace fourtuple::apps {
namespace {

using verdict = observe::scanned_port::verdict;

struct scan_state {
  scan_state(const spec::app& a, const spec::scan& k, os host, observe::app_metrics& m)
      : what(k), record(m), begin(a.start), stop(a.stop ? instant{*a.stop} : never) {
    m.scanned = udp() ? transport::udp : transport::tcp;
    for (const auto& range : k.ports)
      for (std::uint32_t port = range.low; port <= range.high; ++port)
        m.ports.push_back({static_cast<std::uint16_t>(port), verdict::none, errc::ok, {}});
    const std::size_t room = host->nofile() - 3;
    busy = std::min({m.ports.size(), room, std::size_t{k.concurrency.value_or(65535)}});
  }

  [[nodiscard]] bool more(instant now) const { return next < record->ports.size() && now < stop; }
  [[nodiscard]] bool udp() const { return what.transport == spec::transport::udp; }
  outcome open(os host, attempt& a) {
    const opening how{&no_bind, &no_options, udp() ? transport::udp : transport::tcp};
    return record.open(host.calls(), a, how, what.target.family);
  }

  /// What the outcome says about the port. ETIMEDOUT is silence too, only longer.
  void judge(os host, attempt& a, observe::scanned_port& port, const endpoint& to, outcome got) {
    port.after = host.now() - a.called;
    const bool silence = got.what == outcome::kind::deadline || got.error == errc::etimedout;
    if (got.ok()) {
      port.state = verdict::open;
      record.connected(host.calls(), a, to);
      record.closing(host.calls(), a, spec::close_by::client);
    } else if (silence || got.error == errc::econnrefused) {
      port.state = silence ? verdict::filtered : verdict::closed;
      port.error = silence ? errc::ok : got.error;
      record.answered(got);
    } else {
      port.state = verdict::error;
      port.error = got.error;
      record.failed(host.calls(), a, got);
      ++record->failed;
    }
    if (port.state != verdict::error) ++record->completed;
  }

  void leave(os host) {
    if (--busy > 0) return;
    record->finished = true;
    host->finished();
  }

  const spec::scan& what;
  client_record record;
  instant begin;
  instant stop;
  std::size_t next = 0;  ///< of record->ports
  std::size_t busy = 0;  ///< coroutines
  std::vector<endpoint> no_bind;
  std::vector<spec::sockopt_setting> no_options;
};

task take_ports(os host, scan_state& s) {
  flow wait(host);
  attempt now;
  while (s.more(host.now())) {
    observe::scanned_port& port = s.record->ports[s.next++];
    const endpoint to{s.what.target, port.port};
    ++s.record->requests;
    outcome got = s.open(host, now);
    const instant until = now.called + s.what.timeout;
    if (got.ok()) {
      wait.connect(now.fd, to, until);
      co_await wait;
      got = wait.got();
    }
    if (got.ok() && s.udp()) {
      // connect() on UDP says nothing about the port; an empty datagram asks.
      got = outcome::of(outcome::call::send, host->send(now.fd, payload::counted(0)).error());
      if (got.ok()) {
        wait.receive(now.fd, {nullptr, 65536}, until);
        co_await wait;
        got = wait.got();
        if (got.what == outcome::kind::eof) got = {};  // an empty datagram is an answer
      }
    }
    s.judge(host, now, port, to, got);
    if (now.fd < 0) continue;
    wait.close(now.fd);
    co_await wait;
  }
  s.leave(host);
}

task scan_all(os host, std::unique_ptr<scan_state> s) {
  flow wait(host);
  wait.sleep_until(s->begin);
  co_await wait;
  const std::size_t workers = s->busy;
  for (std::size_t i = 0; i < workers; ++i) host.spawn(take_ports(host, *s));
  wait.park();  // the others still use *s
  co_await wait;
}

}  // namespace

void start_scan(const spec::app& a, const spec::scan& what, os host, observe::app_metrics& m) {
  host.spawn(scan_all(host, std::make_unique<scan_state>(a, what, host, m)));
}

}  // namespace fourtuple::apps
