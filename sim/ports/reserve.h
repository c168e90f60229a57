// Which port a socket call gets, or the errno: `reserve(table, request, draws)`. A reservation
// marks nothing; the caller adds the owner and the tuple itself. What an allocator remembers
// (perturb table, hint, draws used) is moved on exactly as the kernel would.
#pragma once

#include <fourtuple/result.h>

#include <cstdint>

#include "sim/ports/draws.h"
#include "sim/ports/table.h"

namespace fourtuple::ports {

/// connect(): inet_hash_connect(). The source address is chosen already.
/// DEVIATION: a four-tuple exists once per host; the kernel lets sockets bound to different devices
/// (SO_BINDTODEVICE) have the same one.
struct connect_request {
  wire::four_tuple tuple;         ///< local_port 0: choose one; else the program bound it
  port_range socket_range{0, 0};  ///< IP_LOCAL_PORT_RANGE; {0, 0}: not set
  kernel_time now;
};

/// bind(): inet_csk_get_port(). Privileges, address and state were checked by the host (B.1).
struct bind_request {
  claim who;
  std::uint16_t port = 0;  ///< 0: choose one
  port_range socket_range{0, 0};
};

struct reservation {
  std::uint16_t port = 0;
  std::uint32_t loop_index = 0;  ///< i of the kernel's scan where it found the port
  entry displaced;  ///< the TIME-WAIT whose four-tuple is taken over; the caller removes
                    ///< its tuple and owner (TWRecycled) before it adds its own
  tuple_table::place where;  ///< of connect(): the four-tuple's, for table::insert(); where
                             ///< something is displaced it must be looked up again
};

/// EADDRNOTAVAIL: no port left, or the explicit port's four-tuple is taken.
[[nodiscard]] result<reservation> reserve(table& t, const connect_request& r, draws& d);
/// EADDRINUSE: no port left, or the explicit port is.
[[nodiscard]] result<reservation> reserve(table& t, const bind_request& r, draws& d);
/// listen() on a socket that has a port: EADDRINUSE where another claim forbids it by now. A socket
/// without one asks for bind_request{port 0}. On success: table::set_listening().
[[nodiscard]] result<> reserve_listen(const table& t, owner_id o);

}  // namespace fourtuple::ports
