// The arithmetic of ports for one `load`, or for a `proxy` and its upstreams: how many it can have,
// how long each is held, which rate that sustains. Book values from the file's own numbers, and
// what they become by the kernel's timers; what the run measured stands beside them in the report.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/observe/outcome.h"
#include "sim/report/at_once.h"

namespace fourtuple::report {

[[nodiscard]] inline double per_second(const spec::rate& r) {
  return static_cast<double>(r.count) * 1e9 / static_cast<double>(r.per);
}
/// Of the rate that a client begins with and those that `changes:` give it.
template <class Client>
[[nodiscard]] double highest_rate(const Client& c, double first) {
  for (const auto& change : c.rate_changes) first = std::max(first, per_second(change.to));
  return first;
}

struct port_budget {
  std::uint64_t ports = 0;  ///< of the range, not reserved, and nobody listens there
  std::uint16_t low = 0;
  std::uint16_t high = 0;
  std::uint64_t passed_over = 0;           ///< of an odd range, which ports are tried in pairs of
  std::uint64_t ports_of_host = 0;         ///< of ip_local_port_range, where an option narrows it
  std::uint64_t ports_of_widest = 64'512;  ///< of 1024-65535, not reserved
  std::uint64_t listened = 0;              ///< of the range, which servers of the host have
  std::vector<std::string> listeners;      ///< ... these
  std::uint64_t held_open = 0;             ///< at last, by others for ever
  std::vector<std::string> holders;        ///< ... by these
  std::uint64_t destinations = 1;
  std::uint64_t sources = 1;
  bool proxied = false;                  ///< a proxy's connections to its upstreams
  bool binds = false;                    ///< to addresses that the file names
  bool binds_first = false;              ///< bind() with port 0: a port serves one destination only
  bool has_no_port = false;              ///< the kernel knows IP_BIND_ADDRESS_NO_PORT
  std::vector<stream> streams;           ///< what is asked for; of stages the highest
  std::vector<std::string> shared_with;  ///< apps whose connections are among them too
  std::optional<double> own_rate;        ///< where they are only of others, which ran before
  std::vector<std::string> after;        ///< of these ports may still be held
  std::optional<double> in_all;          ///< connections that the file asks for from start to end
  std::optional<duration> hold;          ///< until the client closes; nothing: for ever
  std::optional<duration> busy;          ///< what a request takes on a kept connection
  std::optional<duration> pause;         ///< between requests, which kept ones do not outlast
  duration closing{};                    ///< after it, until the other side has closed too
  duration time_wait{};                  ///< after that, where the client closes first; else 0
  std::string
      left_open_by;        ///< a server that does not close: `time_wait` is an orphan's FIN-WAIT-2
  bool may_close = false;  ///< ... but could, after its reply
  duration late{};         ///< by so much the timer wheel may let it last longer
  std::uint64_t kept_time_waits = 0;  ///< no more at one time, where that is below the ports; they
                                      ///< have no part in `time_wait` then
  bool closes_on_reply =
      false;                ///< before a FIN that comes with it, so that both sides close first
  bool unanswered = false;  ///< most connects hear nothing: `hold` is their timeout, in SYN-SENT
  bool tw_reuse = false;    ///< the sysctl applies
  bool timestamps = true;   ///< of both ends, which taking over needs
  duration reuse_after{};   ///< an old TIME-WAIT may be taken over then
  duration reuse_after_least{};  ///< ... as soon as then, by a clock of whole seconds
  duration reuse_after_most{};   ///< ... and surely then, by one of whole milliseconds

  /// As that host keeps it, but for more than tcp_max_tw_buckets.
  void keep_time_wait(const spec::host& h);
  /// bind() never takes over a TIME-WAIT, whatever tcp_tw_reuse says; nobody does a FIN-WAIT-2.
  [[nodiscard]] bool reuses() const {
    return tw_reuse && timestamps && !binds_first && left_open_by.empty();
  }
  /// All connections that take its ports are its own, or are held by others for ever.
  [[nodiscard]] bool alone() const { return shared_with.empty() && after.empty(); }
  /// Connections per second, where the file asks for the most; nothing where it names no rate.
  [[nodiscard]] std::optional<double> asked() const;
  /// Pairs of source and destination that it goes through, both in turn.
  [[nodiscard]] std::uint64_t pairs() const;
  /// Connections that fit at one time.
  [[nodiscard]] std::uint64_t fits() const;
  /// ... whichever ports a call looks at.
  [[nodiscard]] std::uint64_t surely_fits() const;
  /// Open, and closing.
  [[nodiscard]] duration open() const { return *hold + closing; }
  /// How long a connection holds its port; an open() far below TIME-WAIT is left out, as books do.
  [[nodiscard]] duration held() const;
  /// fits() / held(); nothing where nothing is ever given back or nothing is held.
  [[nodiscard]] std::optional<double> book_rate() const;
  /// The same with the longest TIME-WAIT that the timers make, and with room for arrivals that
  /// vary: below it nothing fails.
  [[nodiscard]] std::optional<double> kernel_rate() const;
  /// By these numbers the ports never run out.
  [[nodiscard]] bool should_do() const;
  /// They may not, where timers and arrivals are as good as they can be.
  [[nodiscard]] bool may_do() const;

 private:
  [[nodiscard]] duration longest() const;
  [[nodiscard]] duration shortest() const;
};

/// Whether bind() takes its ports, before connect() could share them between destinations.
[[nodiscard]] bool binds_first(const spec::app& a);

/// Nothing for other apps, and where fixed ports are bound.
[[nodiscard]] std::optional<port_budget> budget_of(const spec::scenario& s, const spec::app& a);
/// With the round trip that the run measured, as a connection is open until its reply at least, and
/// with settings as they were on that member just before `at`. Nothing where nobody knows them.
[[nodiscard]] std::optional<port_budget> budget_at(const observe::outcome& o, const spec::app& a,
                                                   std::string_view member, instant at);
[[nodiscard]] std::optional<port_budget> budget_at_end(const observe::outcome& o,
                                                       const spec::app& a);

/// The ports of a UDP client's sockets without a port of their own: the host's range, or that of
/// the option, less the reserved ones. All destinations and all clients of the host share them.
struct datagram_ports {
  std::uint64_t ports = 0;
  std::uint16_t low = 0;
  std::uint16_t high = 0;
  double asked = 0;  ///< requests per second of all that share them; the highest rates
};
/// Nothing where the app is none of those.
[[nodiscard]] std::optional<datagram_ports> datagram_ports_of(const spec::scenario& s,
                                                              const spec::app& a);

}  // namespace fourtuple::report
