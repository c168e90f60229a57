// The states of RFC 9293 3.3.2, and one for "no connection".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fourtuple::tcp {

enum class state : std::uint8_t {
  closed,
  listen,
  syn_sent,
  syn_received,
  established,
  fin_wait_1,
  fin_wait_2,
  close_wait,
  closing,
  last_ack,
  time_wait,
};

inline constexpr std::size_t state_count = 11;

/// "FIN-WAIT-2", as RFC 9293 spells it.
[[nodiscard]] constexpr std::string_view name(state s) {
  constexpr std::string_view names[state_count] = {
      "CLOSED",     "LISTEN",     "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
      "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING",  "LAST-ACK",     "TIME-WAIT"};
  return names[static_cast<std::size_t>(s)];
}

}  // namespace fourtuple::tcp
