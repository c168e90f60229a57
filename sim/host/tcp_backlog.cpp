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

/// Can a segment's memory be added to? What its sender holds as well is cloned, and
/// skb_try_coalesce() leaves it alone; a pure ACK and what was cut from a larger buffer are not.
bool is_cloned(const wire::segment& waiting, const wire::segment& next) {
  return waiting.length != 0 && (waiting.resent || next.behind_held);
}

std::uint32_t fragments_together(const wire::segment& a, const wire::segment& b) {
  return (a.length != 0 ? a.page_fragments() : 0) + (b.length != 0 ? b.page_fragments() : 0);
}

bool may_join(const wire::segment& waiting, const wire::segment& s, bool direct_path) {
  constexpr std::uint32_t max_skb_frags = 17;
  constexpr std::uint8_t alone = wire::syn | wire::rst;
  constexpr std::uint8_t alike = wire::ack | wire::ece | wire::cwr;
  if (!direct_path && waiting.length + s.length != 0) return false;  // a driver's own buffers
  return waiting.end() == s.seq_number && ((waiting.flags | s.flags) & alone) == 0 &&
         ((waiting.flags ^ s.flags) & alike) == 0 && same_options(waiting, s) &&
         !is_cloned(waiting, s) && fragments_together(waiting, s) <= max_skb_frags;
}

void join(wire::segment& waiting, const wire::segment& s, wire::payload_pool& payloads) {
  if (s.length != 0) {
    if (waiting.length == 0) waiting.behind_held = s.behind_held;
    waiting.fragments = static_cast<std::uint8_t>(fragments_together(waiting, s));
    waiting.gso_size = static_cast<std::uint16_t>(std::max(waiting.largest(), s.largest()));
  }
  waiting.payload = payloads.joined(waiting.payload, waiting.length, s.payload, s.length);
  waiting.length += s.length;
  waiting.flags |= s.flags;
  if (!wire::before(s.ack_number, waiting.ack_number)) {
    waiting.ack_number = s.ack_number;
    waiting.window = s.window;
  }
}

}  // namespace

void tcp_stack::add_to_backlog(const wire::segment& s, bool direct_path) {
  if (!backlog_.empty() && may_join(backlog_.back(), s, direct_path)) {
    join(backlog_.back(), s, parts_.world.payloads());
  } else {
    backlog_.push_back(s);
  }
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
    tcp::actions& out = sink_for(s);
    const tcp::state before = s.tcb->st;
    tcp::release(*s.tcb, limits_, clock(), out);
    carry_out(i, s, before, out);
  }
}

}  // namespace fourtuple::host
