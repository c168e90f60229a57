// The send buffer as memory: buffers of up to size_goal bytes with an overhead each, of which the first
// ones wait to be acknowledged and the others to be sent (tcp_sendmsg_locked(), tso_fragment(),
// tcp_rtx_queue_unlink_and_free()). sk_wmem_queued decides how much send() takes.
//
// DEVIATION: what recovery splits and merges keeps the overhead of what it was made of; buffers do not
// take from the next one as they are sent (tcp_grow_skb()), nor follow the pacing rate
// (tcp_tso_autosize()); their 17 page fragments never run out. Who fills small send buffers notices.
// DEVIATION: a full buffer that is the first is sent after the call and not within it (tcp_push_one()),
// where what the window leaves of it would take more without a new buffer: one large send() that the
// send buffer cuts short takes up to a buffer more here.
#include "sim/tcp/recovery.h"

namespace fourtuple::tcp {

using namespace detail;

namespace {

/// tcp_xmit_size_goal(): whole segments, in a buffer that an offload could take at once.
std::uint32_t size_goal(const tcb& t) {
  constexpr std::uint32_t gso_max_size = 65536 - (max_tcp_header + 1);
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

}  // namespace

bool has_send_space(const tcb& t, const transit& x) {
  const std::uint32_t memory = send_memory(t, x);
  return memory < t.opt.sndbuf && t.opt.sndbuf - memory >= memory / 2;
}

std::uint32_t send_space(const tcb& t, std::uint32_t wanted, const transit_pool& transits) {
  if (t.transit == 0 && wanted <= t.mss_cache) return wanted;
  const std::uint32_t goal = size_goal(t);
  std::uint32_t taken = 0;
  std::uint32_t memory = 0;
  if (t.transit != 0) {
    const transit& x = transits[t.transit];
    taken = std::min(wanted, tail_room(t, goal, x));
    memory = send_memory(t, x) + taken;
  }
  // Memory is looked at where a buffer begins, not where it is filled (sk_stream_memory_free()).
  while (taken < wanted && memory < t.opt.sndbuf) {
    const std::uint32_t more = std::min(goal, wanted - taken);
    taken += more;
    memory += more + buffer_overhead;
  }
  return taken;
}

namespace detail {

namespace {

/// forced_push(), tcp_mark_push(): half a window goes without PSH at most.
void mark_push(tcb& t, transit& x) {
  x.unsent.back().push = true;
  x.pushed_seq = t.write_seq;
}

void extend_last(tcb& t, transit& x, std::uint32_t bytes, std::uint32_t goal) {
  t.write_seq += bytes;
  x.unsent.back().end = t.write_seq;
  const bool full = tail_room(t, goal, x) == 0;
  if (full && wire::after(t.write_seq, x.pushed_seq + (t.max_window >> 1))) mark_push(t, x);
}

}  // namespace

void append(tcb& t, std::uint32_t bytes, actions& out) {
  const bool fresh = t.transit == 0;
  transit& x = transit_of(t, out);
  if (fresh) x.pushed_seq = t.write_seq;
  const std::uint32_t goal = bytes < t.mss_cache && x.unsent.empty() ? bytes + 1 : size_goal(t);
  std::uint32_t more = std::min(bytes, tail_room(t, goal, x));
  if (more != 0) extend_last(t, x, more, goal);
  while ((bytes -= more) != 0) {
    more = std::min(goal, bytes);
    ++x.buffers;
    x.unsent.push_back({t.write_seq, false});
    extend_last(t, x, more, goal);
  }
  // tcp_push_one(): a full buffer that nothing stands before is on its way before send() looks at
  // what it leaves behind.
  if (x.unsent.size() != 1 || tail_room(t, goal, x) != 0) mark_push(t, x);
}

void mark_what_waits(tcb& t, actions& out) {
  if (t.transit == 0) return;
  transit& x = (*out.transits)[t.transit];
  if (!x.unsent.empty()) mark_push(t, x);
}

}  // namespace detail

}  // namespace fourtuple::tcp
