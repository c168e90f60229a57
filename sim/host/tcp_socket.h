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

/// Options hardly anybody sets.
struct socket_extras {
  std::int32_t linger_s = 0;
  duration rcvtimeo{};
  duration sndtimeo{};
  profile::port_range port_range{0, 0};  ///< IP_LOCAL_PORT_RANGE
  std::uint32_t linger_timer = 0;
  bool linger_on = false;
  bool linger_over = false;   ///< the wait of a lingering close() has ended
  bool linger_begun = false;
};

struct alignas(64) tcp_socket {
  tcp::tcb tcb;
  std::uint32_t peer_record = 0;  ///< the peer's socket, by its last segment: a hint
  watch_list watchers;
  std::unique_ptr<listener_part> listening;
  std::unique_ptr<socket_extras> extras;
  std::unique_ptr<byte_store> bytes;
  std::array<std::uint32_t, tcp::timer_count> timers{};
  wire::address_id address;  ///< bound or chosen local address; a wildcard if neither
  ports::owner_id owner;
  std::uint32_t uid = 0;
  std::uint32_t references = 1;  ///< descriptors
  std::uint32_t parent = 0;      ///< the listener whose accept queue it stands in
  std::uint16_t port = 0;        ///< local port it holds (inet_num), 0: none
  std::uint16_t named_port = 0;  ///< what getsockname() says (inet_sport): stays when it is released
  socket_phase phase = socket_phase::unconnected;
  fourtuple::family family = fourtuple::family::inet;
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

  [[nodiscard]] bool is_listener() const { return tcb.st == tcp::state::listen; }
};
static_assert(sizeof(tcp_socket) == 5 * 64);

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
