// What two peers are given to do, and how much of it: the bounds that keep the space of joint
// states finite. Everything else is left to the order in which things happen.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/tcp/limits.h"
#include "sim/tcp/tcb.h"

namespace fourtuple::exhaustive {

/// The calls an application may make; a set of bits.
enum call : std::uint16_t {
  call_send = 1,
  call_read = 2,
  call_shutdown_rd = 4,
  call_shutdown_wr = 8,
  call_close = 16,
  call_close_resetting = 32,  ///< close() with SO_LINGER on and 0 s
  call_close_lingering = 64,  ///< close() with SO_LINGER on and more than 0 s
  call_disconnect = 128,      ///< connect(AF_UNSPEC)
  call_stop_listening = 256,  ///< close() of the listener
  call_all = 511,
};

/// Retries are few and the receive buffer has room for four bytes, so that giving up and a closed
/// window are near.
[[nodiscard]] tcp::limits small_limits();
[[nodiscard]] tcp::socket_options small_options();

struct setting {
  std::string name;
  tcp::limits limits = small_limits();
  tcp::socket_options options = small_options();
  std::array<std::uint8_t, 2> opens{1, 0};  ///< how often each calls connect()
  std::array<std::uint8_t, 2> bytes{1, 1};  ///< how many bytes each sends, one a call
  std::array<bool, 2> listens{false, true};
  std::uint8_t in_flight = 2;  ///< segments per direction; what is more is lost
  std::uint8_t duplications = 1;
  std::uint16_t calls = call_all;
  /// What loss recovery remembers (marks, congestion state, undo) is part of the state. Else a step
  /// begins with it forgotten: RFC 9293 without congestion control.
  bool recovery = false;
  bool alone = false;  ///< peer 0 talks to itself (self-connect)
};

/// The settings of the suite: seconds.
[[nodiscard]] std::vector<setting> small_settings();
/// The same with more of everything: minutes, and gigabytes.
[[nodiscard]] std::vector<setting> large_settings();

}  // namespace fourtuple::exhaustive
