// Connections at rest (sim/tcp/resting.h). Who has not been heard of for a while, where many are awake,
// is packed into its socket; whoever asks for its tcb again gets it as it was.
#include <utility>

#include "sim/host/tcp_stack.h"

namespace fourtuple::host {

void tcp_stack::unpack(std::uint32_t i, tcp_socket& s) {
  s.tcb = tcbs_.take(i);
  *s.tcb = tcp::unpacked(s.at_rest, s.tuple);
}

void tcp_stack::pack_some() {
  constexpr int looked_at = 3;  // for each that comes: so they do not become ever more
  const std::uint32_t soon = limits_.hz / 8;
  const auto now = static_cast<std::uint32_t>(clock().jiffy);
  for (int n = 0; n < looked_at; ++n) {
    const std::uint32_t i = tcbs_.next();
    if (i == 0) continue;
    tcp_socket& s = sockets_[i];
    if (now - s.tcb->last_heard < soon) continue;  // it would be awake again before long
    if (tcp::pack(*s.tcb, s.at_rest)) tcbs_.give_back(std::exchange(s.tcb, nullptr));
  }
}

}  // namespace fourtuple::host
