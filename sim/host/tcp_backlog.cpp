// A socket's backlog: segments that came while a system call worked on it (sock.c: __release_sock,
// release_sock; tcp_ipv4.c: tcp_add_to_backlog; tcp_output.c: tcp_release_cb).
#include <algorithm>
#include <utility>

#include "sim/host/tcp_stack.h"

namespace fourtuple::host {

namespace {

bool same_options(const wire::segment& a, const wire::segment& b) {
  const auto same_block = [](const wire::sack_block& x, const wire::sack_block& y) {
    return x.left == y.left && x.right == y.right;
  };
  return a.has_timestamps == b.has_timestamps && a.ts_value == b.ts_value &&
         a.ts_echo == b.ts_echo && a.sack_count == b.sack_count &&
         std::equal(a.sack.begin(), a.sack.begin() + a.sack_count, b.sack.begin(), same_block);
}

/// An ACK joins the one that waits before it. Data does not: its sender holds it as well, and
/// skb_try_coalesce() leaves alone what is cloned.
bool joins(wire::segment& waiting, const wire::segment& s) {
  constexpr std::uint8_t alone = wire::syn | wire::rst;
  constexpr std::uint8_t alike = wire::ack | wire::ece | wire::cwr;
  if (waiting.length != 0 || s.length != 0 || waiting.end() != s.seq_number) return false;
  if (((waiting.flags | s.flags) & alone) != 0 || ((waiting.flags ^ s.flags) & alike) != 0)
    return false;
  if (!same_options(waiting, s)) return false;
  waiting.flags |= s.flags;
  if (!wire::before(s.ack_number, waiting.ack_number)) {
    waiting.ack_number = s.ack_number;
    waiting.window = s.window;
  }
  return true;
}

}  // namespace

void tcp_stack::add_to_backlog(const wire::segment& s) {
  if (backlog_.empty() || !joins(backlog_.back(), s)) backlog_.push_back(s);
}

void tcp_stack::release_backlog(std::uint32_t i) {
  while (!backlog_.empty()) {
    std::swap(backlog_, released_);  // what comes meanwhile joins nothing of these
    for (const wire::segment& s : released_) {
      if (sockets_[i].hashed) {
        to_connection(i, s, true);
      } else {  // one before it has ended the connection
        parts_.world.payloads().release(s.payload);
      }
    }
    released_.clear();
  }
  if (owned_path_mtu_ != 0) path_narrows(i, std::exchange(owned_path_mtu_, 0));
  tcp_socket& s = awake(i);
  owned_ = 0;  // what the last ACK brings about comes after the call
  if (s.tcb->ack_deferred) {
    tcp::actions& out = sink();
    const tcp::state before = s.tcb->st;
    tcp::release(*s.tcb, limits_, clock(), out);
    carry_out(i, s, before, out);
  }
}

}  // namespace fourtuple::host
