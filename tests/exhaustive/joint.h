// The joint state of two peers: their records, what is under way between them, and what their
// applications may still do. A value; every step makes a new one.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "sim/tcp/step.h"
#include "tests/exhaustive/setting.h"

namespace fourtuple::exhaustive {

/// CLOSED, or LISTEN where the peer listens.
struct nothing {};

struct half_open {
  tcp::request request;
  bool listener_gone = false;
};

struct connection {
  tcp::tcb tcb;
  tcp::transit transit;     ///< where tcb.transit is not 0
  std::uint8_t timers = 0;  ///< a bit for each of tcp::timer that is armed
  bool accepted = true;     ///< the application has a descriptor, unless tcb.orphan
  bool lingers = false;     ///< a lingering close() waits
};

/// Of connection::timers.
[[nodiscard]] constexpr std::uint8_t bit(tcp::timer t) {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(t));
}

/// Which of the two ended its direction first, as that side could know. Kept apart from the state
/// machine, which is judged by it.
enum class closer : std::uint8_t { none, first, second };

struct peer {
  std::variant<nothing, half_open, connection, tcp::time_wait> holds;
  bool listening = false;
  std::uint8_t opens_left = 0;
  std::uint8_t bytes_left = 0;
  std::uint8_t bytes_sent = 0;   ///< on this connection
  std::uint8_t incarnation = 0;  ///< of its sequence numbers
  closer closed = closer::none;
};

struct joint {
  std::array<peer, 2> peers;
  /// [i]: on their way to peer i, in any order; sorted, so that the order is no part of the state.
  std::array<std::vector<wire::segment>, 2> network;
  std::uint8_t duplications_left = 0;
};

/// As RFC 9293 names it: a half-open record is SYN-RECEIVED, an orphan's record FIN-WAIT-2.
[[nodiscard]] tcp::state state_of(const peer& p);

enum class happening : std::uint8_t {
  connect,
  accept,
  send,
  read,
  shutdown_rd,
  shutdown_wr,
  close,
  close_resetting,
  close_lingering,
  linger_over,
  disconnect,
  stop_listening,
  deliver,
  deliver_twice,  ///< delivered, and a copy stays under way
  lose,
  timer_retransmit,
  timer_delayed_ack,
  timer_keepalive,
  timer_request,
  timer_time_wait,
  give_up,  ///< the retransmission timer, after so long that it is the last time
};

struct event {
  happening what = happening::connect;
  std::uint8_t peer = 0;
  std::uint8_t index = 0;  ///< of the segment in network[peer]
  friend bool operator==(const event&, const event&) = default;
};

/// The canonical form: ages and estimates replaced by constants, counters cut where nothing looks
/// beyond, what is under way sorted. Steps start from it.
void canonicalize(joint& j, const setting& s);
/// The canonical form as bytes: equal for equal states.
void encode(const joint& j, std::string& out);
void encode(const peer& p, std::string& out);

/// "client ESTABLISHED rcv 5001..." for people.
[[nodiscard]] std::string shown(const joint& j);
[[nodiscard]] std::string shown(const event& e, const joint& before);
[[nodiscard]] std::string shown(const wire::segment& s);

}  // namespace fourtuple::exhaustive
