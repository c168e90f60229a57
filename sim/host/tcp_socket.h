// The records of the TCP half of a simulated kernel, one struct per kernel structure: a socket, what a
// listener has beside it, a half-open request, a TIME-WAIT.
#pragma once

#include <fourtuple/address.h>

#include <array>
#include <cstdint>
#include <memory>

#include "sim/core/ring.h"
#include "sim/host/byte_store.h"
#include "sim/host/waits.h"
#include "sim/ports/table.h"
#include "sim/tcp/request.h"
#include "sim/tcp/resting.h"
#include "sim/tcp/tcb.h"
#include "sim/tcp/time_wait.h"

namespace fourtuple::host {

/// enum socket_state of include/uapi/linux/net.h (SS_*).
enum class socket_phase : std::uint8_t { unconnected, connecting, connected, disconnecting };

/// What only a listener has.
struct listener_part {
  core::ring<std::uint32_t> accept_queue;  ///< children, ESTABLISHED or beyond, oldest first
  std::uint32_t backlog = 0;               ///< sk_max_ack_backlog: backlog + 1 children fit
  std::uint32_t requests = 0;              ///< half-open ones
  std::uint32_t young = 0;                 ///< of them never timed out
  bool overflow_seen = false;              ///< syncookies are accepted only after an overflow
};

/// Options hardly anybody sets, and a close() that lingers.
struct socket_extras {
  std::int32_t linger_s = 0;
  duration rcvtimeo{};
  duration sndtimeo{};
  profile::port_range port_range{0, 0};  ///< IP_LOCAL_PORT_RANGE
  std::uint32_t linger_timer = 0;
  bool linger_on = false;
  bool linger_over = false;   ///< the wait of a lingering close() has ended
  bool linger_begun = false;
  friend bool operator==(const socket_extras&, const socket_extras&) = default;
};

/// What few sockets have beside the rest.
struct rare_parts {
  std::unique_ptr<listener_part> listening;
  std::unique_ptr<byte_store> bytes;
  socket_extras extras;
  std::uint32_t more_descriptors = 0;  ///< beyond the first
};

/// What the owner of a socket has asked of it, and what has become of it. A child begins with its
/// listener's.
struct socket_marks {
  std::uint32_t uid = 0;
  socket_phase phase = socket_phase::unconnected;
  fourtuple::family family : 1 = fourtuple::family::inet;
  bool holds_port : 1 = false;  ///< the local port is its own (inet_num)
  bool reuseaddr : 1 = false;
  bool reuseport : 1 = false;
  bool v6only : 1 = false;
  bool no_port : 1 = false;         ///< IP_BIND_ADDRESS_NO_PORT
  bool freebind : 1 = false;
  bool broadcast : 1 = false;
  bool address_locked : 1 = false;  ///< bind() gave an address (SOCK_BINDADDR_LOCK)
  bool port_locked : 1 = false;     ///< bind() gave a port (SOCK_BINDPORT_LOCK)
  bool hashed : 1 = false;          ///< its four-tuple is in the table
  bool error_queued : 1 = false;    ///< sk_error_queue holds the ICMP error of a connect()
  bool counted_orphan : 1 = false;  ///< closed, and not over yet
  bool nonzero_iss : 1 = false;     ///< was connected before: the next ISN follows
  bool unaccepted : 1 = false;      ///< stands in a listener's accept queue
  bool speaks_v4 : 1 = false;       ///< of IPv6, and connected to a mapped address (ipv6_mapped)
};

/// A socket. Its tcb is somewhere else, so that a connection at rest can do without (awake_tcbs).
struct tcp_socket : socket_marks {
  tcp::tcb* tcb = nullptr;  ///< null: at_rest says all
  std::unique_ptr<rare_parts> rare;
  watch_list watchers;
  /// Both names. The local address is the bound or chosen one, a wildcard if neither, and outlives
  /// the connection; so does the port, which getsockname() says when it is not held any more
  /// (inet_sport).
  wire::four_tuple tuple;
  tcp::resting at_rest;
  std::array<std::uint32_t, tcp::timer_count> timers{};
  std::uint32_t peer_record = 0;  ///< the peer's socket, by its last segment: a hint
  ports::owner_id owner;

  [[nodiscard]] tcp::state state() const { return tcb ? tcb->st : tcp::state::established; }
  [[nodiscard]] bool is_listener() const { return state() == tcp::state::listen; }
  [[nodiscard]] listener_part& listening() const { return *rare->listening; }
  [[nodiscard]] const socket_extras& extras() const {
    static constexpr socket_extras none{};
    return rare ? rare->extras : none;
  }
  /// Null where nobody looks at bytes.
  [[nodiscard]] byte_store* bytes() const { return rare ? rare->bytes.get() : nullptr; }
  [[nodiscard]] rare_parts& made_rare() {
    if (!rare) rare = std::make_unique<rare_parts>();
    return *rare;
  }
  [[nodiscard, gnu::noinline]] byte_store& made_bytes() {
    rare_parts& r = made_rare();
    if (!r.bytes) r.bytes = std::make_unique<byte_store>();
    return *r.bytes;
  }
  /// The port it holds; 0: none.
  [[nodiscard]] std::uint16_t port() const {
    return holds_port ? tuple.local_port : std::uint16_t{0};
  }
  void hold_port(std::uint16_t port) {
    tuple.local_port = port;
    holds_port = true;
  }
};
static_assert(sizeof(tcp_socket) == 3 * 64);

/// Listeners that share by SO_REUSEPORT: of one address, port and user.
struct listener_group {
  wire::address_id address;
  std::uint32_t uid = 0;
  std::uint16_t port = 0;  ///< 0: nobody
  bool v6only = false;
};

struct request_record {
  tcp::request r;
  std::uint32_t listener = 0;  ///< 0: it has gone; the next segment ends the request, or an heir's
  listener_group heirs;        ///< who may take it over then
  std::uint32_t timer = 0;
};

struct time_wait_record {
  tcp::time_wait w;
  ports::owner_id owner;
  std::uint32_t timer = 0;
};
static_assert(sizeof(time_wait_record) == 48);

}  // namespace fourtuple::host
