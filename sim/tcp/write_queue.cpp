// The send buffer as memory: buffers of up to size_goal bytes with an overhead each, of which the
// first ones wait to be acknowledged and the others to be sent (tcp_sendmsg_locked(),
// tso_fragment(), tcp_rtx_queue_unlink_and_free()). sk_wmem_queued decides how much send() takes.
//
// DEVIATION: what recovery splits and merges keeps the overhead of what it was made of; the 17 page
// fragments of a buffer never run out. Who fills small send buffers notices.
#include "sim/tcp/recovery.h"

namespace fourtuple::tcp {

using namespace detail;

namespace {

/// tcp_xmit_size_goal(): whole segments, in a buffer that an offload could take at once.
std::uint32_t size_goal(const tcb& t) {
  return std::max(within_half_window(t, gso_max_size) / t.mss_cache, 1U) * t.mss_cache;
}

/// sk_wmem_queued
std::uint32_t send_memory(const tcb& t, const transit& x) {
  return unacked(t) + x.buffers * buffer_overhead;
}

/// How much more the last buffer that was not sent takes.
std::uint32_t tail_room(const tcb& t, std::uint32_t goal, const transit& x) {
  if (x.unsent.empty()) return 0;
  const std::uint32_t length = t.write_seq - x.unsent.begin_of_last(t.snd_nxt);
  return goal > length ? goal - length : 0;
}

/// forced_push(): half a window goes without PSH at most.
bool forced_push(const tcb& t, const transit& x) {
  return wire::after(t.write_seq, x.pushed_seq + (t.max_window >> 1));
}

void mark_push(const tcb& t, transit& x) {
  x.unsent.back().push = true;
  x.pushed_seq = t.write_seq;
}

/// tcp_stream_alloc_skb() and tcp_skb_entail()
void begin_buffer(const context& k) {
  if (k.x.sent.empty()) restart_after_idle(k.t, k.l, k.c);
  ++k.x.buffers;
  k.x.unsent.push_back({k.t.write_seq, false});
}

/// A full buffer goes before more is taken: what waits if half a window does, else the buffer
/// itself if nothing stands before it (tcp_push_one()).
void push_full(const context& k) {
  if (forced_push(k.t, k.x)) {
    mark_push(k.t, k.x);
    if (!send_new(k, true, burst::all)) check_probe_timer(k);
  } else if (k.x.unsent.size() == 1) {
    send_new(k, true, burst::one);
  }
}

/// tcp_sendmsg_locked(): fills buffers as long as there is memory for one; returns what they took.
std::uint32_t fill(const context& k, std::uint32_t bytes) {
  // Less than a segment into an empty queue fills no buffer, however large one may be.
  const bool small = bytes < k.t.mss_cache && k.x.unsent.empty();
  const std::uint32_t goal = small ? bytes + 1 : size_goal(k.t);
  std::uint32_t taken = 0;
  while (true) {
    std::uint32_t room = tail_room(k.t, goal, k.x);
    if (room == 0) {
      if (send_memory(k.t, k.x) >= k.t.opt.sndbuf) break;
      begin_buffer(k);
      room = goal;
    }
    const std::uint32_t more = std::min(room, bytes - taken);
    k.t.write_seq += more;
    k.x.unsent.back().end = k.t.write_seq;
    taken += more;
    if (taken == bytes) return taken;
    push_full(k);
  }
  k.x.no_space = true;
  return taken;
}

}  // namespace

bool has_send_space(const tcb& t, const transit& x) {
  const std::uint32_t memory = send_memory(t, x);
  return memory + memory / 2 <= t.opt.sndbuf;
}

std::uint32_t app_send(tcb& t, std::uint32_t bytes, const limits& l, const clock& c, actions& out) {
  if (bytes != 0 && !t.opt.cork && may_send_alone(t, bytes, out)) {
    restart_after_idle(t, l, c);
    t.write_seq += bytes;
    send_alone({t, transit_of(t, out), l, c, out}, bytes);
    return bytes;
  }
  const context k{t, transit_of(t, out), l, c, out};
  const std::uint32_t taken = fill(k, bytes);
  if (taken == 0) return 0;
  // tcp_push(), past Nagle where it is about to wait for memory
  if (!k.x.unsent.empty()) mark_push(t, k.x);
  if (t.snd_nxt != t.write_seq) push_pending(k, taken < bytes);
  return taken;
}

namespace detail {

void give_space(const context& k) {
  if (k.x.in_flight() < k.t.cwnd) expand_send_buffer(k.t, k.l);
  if (has_send_space(k.t, k.x)) k.x.no_space = false;
}

}  // namespace detail

}  // namespace fourtuple::tcp
