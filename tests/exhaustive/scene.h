// A host in one of the states of RFC 9293, brought there by calls and segments, and a peer made by
// hand.
#pragma once

#include <array>
#include <string_view>

#include "tests/exhaustive/lone_host.h"

namespace fourtuple::exhaustive {

/// The eleven states, and where Linux keeps one in more than one way, each of them.
enum class place : std::uint8_t {
  closed,
  listen,
  syn_sent,
  half_open,     ///< SYN-RECEIVED as a request of a listener
  syn_received,  ///< of a simultaneous open
  established,
  fin_wait_1,
  fin_wait_1_orphan,
  fin_wait_2,
  fin_wait_2_record,
  close_wait,
  closing,
  last_ack,
  time_wait,
};
inline constexpr std::size_t place_count = 14;

/// "FIN-WAIT-2, after close(): a record".
[[nodiscard]] std::string_view heading(place p);

class scene {
 public:
  /// `unread`: a byte of the peer waits to be read, where one can.
  explicit scene(place p, bool unread = false);

  lone_host host;
  place where;
  descriptor fd = -1;           ///< -1: closed
  wire::seq peer_first = 5000;  ///< the peer's ISS
  wire::seq peer_next = 5001;   ///< its SND.NXT, our RCV.NXT
  wire::seq una = 7000;         ///< our SND.UNA
  wire::seq next = 7001;        ///< our SND.NXT

  /// What the peer acknowledges without saying anything new; of our SYN, that it has come.
  [[nodiscard]] wire::seq acknowledged() const {
    const bool opening =
        where == place::syn_sent || where == place::half_open || where == place::syn_received;
    return opening ? next : una;
  }
  /// A segment of the peer with its time stamps; payload of `length` bytes.
  [[nodiscard]] wire::segment segment(unsigned flags, wire::seq at, wire::seq ack,
                                      std::uint32_t length = 0) const;
  /// The peer says it, and it is accepted: numbers move on.
  void hear(unsigned flags, wire::seq ack, std::uint32_t length = 0);
  /// Timers fire for so long.
  void pass(duration d);
  /// The state by RFC 9293's name.
  [[nodiscard]] std::string state() const;
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] host::sim_process& process() { return host.process(); }
  void follow();  ///< what was sent since: SND.NXT, TSval

 private:
  void reach(place p, bool unread);
  void connect();
  void listen();
  void establish(bool unread);
  void finish();

  std::uint16_t port_ = 0;
  std::uint16_t peer_port_ = 80;
  std::uint32_t echo_ = 0;
};

}  // namespace fourtuple::exhaustive
