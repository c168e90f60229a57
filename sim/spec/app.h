// Apps: one struct per kind, every key of the format with its unit parsed and its default filled
// in. Not here yet (refused by the loader): exec.
#pragma once

#include "sim/spec/host.h"
#include "sim/spec/socket_option.h"
#include "sim/spec/units.h"

#include <fourtuple/address.h>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace fourtuple::spec {

/// Who ends a connection.
enum class close_by : std::uint8_t { client, server, reset };

enum class arrival_kind : std::uint8_t {
  constant,  ///< attempt k at start + (k - 1) / rate, exactly
  poisson,   ///< exponential gaps of that mean
};

/// When an echo_server closes a connection of its own accord.
struct server_close {
  enum class when : std::uint8_t {
    peer,         ///< after the peer's FIN has been read
    after_reply,  ///< after the first reply was handed to send()
    after_time,   ///< `time` after accept() returned it
    never,        ///< never, not even after the peer's FIN
  };
  when kind = when::peer;
  duration time{};
};

/// How an echo_server takes connections.
struct accept_terms {
  std::optional<spec::rate> rate;                ///< at most so many accepts; nothing: at once
  std::optional<std::uint32_t> max_connections;  ///< accepts no more while so many are open
  bool operator==(const accept_terms&) const = default;
};
/// From then on, counted from the app's start, it takes them so.
struct accept_change {
  duration at{};
  accept_terms to;
};

struct echo_server {
  endpoint listen;  ///< `port: N` is 0.0.0.0:N
  std::int32_t backlog = 4096;
  std::string prefix;                  ///< put before each reply
  std::optional<std::uint64_t> reply;  ///< bytes per reply; nothing: echo
  duration delay{};                    ///< before a reply
  accept_terms accepts;
  std::vector<accept_change> accept_changes;  ///< by time
  server_close close;
  std::optional<duration> idle_timeout;  ///< closes a connection silent for so long
  std::vector<sockopt_setting> options;  ///< set before bind()
};

struct echo_client {
  std::vector<endpoint> to;  ///< connection i goes to to[(i - 1) % size]
  std::uint32_t connections = 1;
  std::optional<text_template> message;  ///< ${i} is the connection, from 1; nothing: `size`
  std::uint64_t size = 0;                ///< bytes, where no message
  std::uint32_t messages = 1;            ///< per connection, one after the other
  duration think{};                      ///< between a reply and the next message
  close_by close = close_by::client;
  std::optional<duration> timeout;  ///< per message, connect included in the first
  std::vector<sockopt_setting> options;
};

/// One stage of a load: the rate moves in a straight line from the stage before (from 0 at first)
/// to `to` within `length`, as k6's ramping-arrival-rate.
struct stage {
  duration length{};
  rate to;
};

/// Waits between retries: retry_after * backoff^(n - 1), plus a draw in [0, jitter].
struct retry_rules {
  std::uint32_t retries = 0;
  duration after{100'000'000};            ///< at least 1 us
  std::uint32_t backoff_permille = 1000;  ///< factor in thousandths; 1000: constant
  duration jitter{};                      ///< a time, or
  std::uint32_t jitter_ppm = 0;           ///< a share of the wait, in millionths
};

/// From then on, counted from the app's start, an open loop has another rate.
struct rate_change {
  duration at{};
  spec::rate to;
};

struct load {
  std::vector<endpoint> to;        ///< request k goes to to[(k - 1) % size]
  std::optional<spec::rate> rate;  ///< exactly one of rate, concurrency, stages
  std::optional<std::uint32_t> concurrency;
  std::vector<stage> stages;
  std::vector<rate_change> rate_changes;  ///< by time
  arrival_kind arrivals = arrival_kind::constant;
  std::uint64_t request = 64;                 ///< bytes
  std::uint64_t reply = 64;                   ///< bytes awaited
  std::optional<duration> hold = duration{};  ///< from the call of connect(); nothing: forever
  close_by close = close_by::client;
  std::vector<endpoint> bind;  ///< in turn; empty: no bind(); port 0: explicit bind(0)
  std::vector<sockopt_setting> options;
  std::optional<duration> timeout;  ///< whole request; nothing: none
  retry_rules retry;
  std::optional<std::uint64_t> limit;  ///< connect attempts
  duration pause{100'000};             ///< closed loop: before a worker's next request
};

struct pool {
  std::vector<endpoint> to;  ///< connection n goes to to[(n - 1) % size]
  std::uint32_t size = 1;    ///< most connections kept
  spec::rate rate;
  std::vector<rate_change> rate_changes;
  arrival_kind arrivals = arrival_kind::constant;
  std::uint64_t request = 64;
  std::uint64_t reply = 64;
  duration hold{};                        ///< a connection is busy at least so long per request
  std::uint32_t setup = 0;                ///< round trips before first use (TLS: 1 or 2)
  std::optional<duration> idle_timeout;   ///< nothing: kept
  std::optional<duration> max_lifetime;   ///< nothing: kept
  std::optional<duration> queue_timeout;  ///< nothing: waits
  std::vector<endpoint> bind;
  std::vector<sockopt_setting> options;
  std::optional<std::uint64_t> limit;  ///< requests begun
};

struct listener {
  std::vector<profile::port_range> ports;  ///< one socket each, on 0.0.0.0
  std::int32_t backlog = 4096;
  bool accept = true;  ///< false: connections stay in the queue
  std::vector<sockopt_setting> options;
};

/// A reverse proxy: a server to its clients, and a client of its upstreams. A whole request is
/// forwarded, its whole reply handed back.
struct proxy {
  static constexpr std::int32_t backlog = 4096;  ///< as an echo_server's

  endpoint listen;
  std::vector<endpoint> upstream;        ///< attempt k goes to upstream[(k - 1) % size]
  std::uint32_t keepalive = 0;           ///< idle upstream connections kept
  std::optional<duration> idle_timeout;  ///< closes a client's connection silent for so long
  std::optional<duration> upstream_idle_timeout;  ///< closes a kept one unused for so long
  std::optional<duration> timeout;                ///< of one attempt upstream; nothing: none
  std::uint32_t retries = 0;                      ///< further attempts of a request, at once
  std::vector<endpoint> bind;            ///< of upstream connections, in turn; empty: no bind()
  std::vector<sockopt_setting> options;  ///< of the listening socket and of upstream ones
};

/// Looks at ports of one address: connect(), and close() at once where it succeeds.
struct scan {
  ip_address target;
  std::vector<profile::port_range> ports;  ///< disjoint, in file order
  spec::transport transport = spec::transport::tcp;
  duration timeout{500'000'000};             ///< of one port: silence for so long is `filtered`
  std::optional<std::uint32_t> concurrency;  ///< ports at a time; nothing: all, at most nofile - 3

  [[nodiscard]] bool looks_at(std::uint16_t port) const {
    for (const auto& r : ports)
      if (r.contains(port)) return true;
    return false;
  }
};

/// Answers datagrams from one socket.
struct udp_server {
  endpoint listen;                       ///< `port: N` is 0.0.0.0:N
  bool replies = true;                   ///< false: takes datagrams and says nothing
  std::optional<std::uint64_t> reply;    ///< bytes per reply; nothing: echo
  duration delay{};                      ///< before a reply
  std::vector<sockopt_setting> options;  ///< set before bind()
};

/// How many sockets a udp_client sends from.
enum class udp_sockets : std::uint8_t {
  one,          ///< one for all requests, opened by the first
  per_request,  ///< a new one per request, closed after it
};

/// A datagram per request, and one datagram awaited for it.
struct udp_client {
  std::vector<endpoint> to;  ///< request k goes to to[(k - 1) % size]
  spec::rate rate;
  std::vector<rate_change> rate_changes;
  arrival_kind arrivals = arrival_kind::constant;
  std::uint64_t size = 64;          ///< bytes of a request
  bool awaits_reply = true;         ///< false: a request is complete once sent
  bool connected = false;           ///< connect() first: only then ICMP errors are told
  duration timeout{5'000'000'000};  ///< for the reply, since the request began
  udp_sockets sockets = udp_sockets::one;
  duration hold{};             ///< per_request: a socket stays open at least so long
  std::vector<endpoint> bind;  ///< in turn by socket; empty: no bind(); port 0: explicit bind(0)
  std::vector<sockopt_setting> options;
  std::optional<std::uint64_t> limit;  ///< requests
};

using app_kind = std::variant<echo_server, echo_client, load, pool, listener, scan, proxy,
                              udp_server, udp_client>;

struct app {
  std::string name;
  host_selection host;           ///< a counted host: one process on each member
  duration start{};              ///< since the start of the run
  std::optional<duration> stop;  ///< the process ends then
  spec::user user;               ///< the host's where not given
  std::uint32_t nofile = 1024;   ///< likewise
  app_kind kind;
  position where;       ///< of its name in the file
  position kind_where;  ///< of the key that names the kind
};

/// "echo_server", "load", ...: as the file spells it.
[[nodiscard]] std::string_view kind_name(const app_kind& k);

}  // namespace fourtuple::spec
