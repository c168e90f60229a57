// How much of what waits goes now (tcp_output.c: tcp_write_xmit() and what it asks): congestion
// window, peer's window, Nagle, in buffers of several segments as they would go to an offload.
#include "sim/tcp/recovery.h"

namespace fourtuple::tcp::detail {
namespace {

/// Data bytes not sent yet.
std::uint32_t unsent(const tcb& t) {
  const seq data_end = t.write_seq - (t.fin_queued ? 1U : 0U);
  return wire::before(t.snd_nxt, data_end) ? data_end - t.snd_nxt : 0;
}

/// tcp_nagle_check(): whether less than a segment waits for more.
bool nagle_holds(const tcb& t, bool nonagle) {
  if (nonagle) return false;
  if (t.opt.cork) return true;
  // Minshall: hold a small segment only while an earlier small one is not acknowledged.
  return !t.opt.nodelay && in_flight(t) != 0 && wire::after(t.snd_sml, t.snd_una) &&
         !wire::after(t.snd_sml, t.snd_nxt);
}

/// tcp_cwnd_test(): segments that may go as one buffer: half a congestion window at most.
std::uint32_t cwnd_quota(const context& k) {
  const std::uint32_t in_flight = k.x.in_flight();
  if (in_flight >= k.t.cwnd) return 0;
  return std::min(std::max<std::uint32_t>(k.t.cwnd >> 1, 1), k.t.cwnd - in_flight);
}

/// The last segment went whatever is in flight.
bool fin_passes(const context& k) {
  return !k.l.fin_needs_cwnd && k.t.fin_queued && k.x.unsent.size() <= 1 &&
         unsent(k.t) <= k.t.mss_cache;
}

/// tcp_tso_segs(): segments of a buffer where one buffer goes each millisecond, at the rate of
/// tcp_update_pacing_rate(); more where the round trip is short.
std::uint32_t tso_segments(const tcb& t, const transit& x) {
  constexpr std::uint32_t min_tso_segs = 2;
  std::uint64_t bytes = gso_max_size;
  if (t.srtt_us8 != 0) {
    const std::uint64_t percent = t.cwnd < t.ssthresh / 2 ? 200 : 120;
    const std::uint64_t rate = std::uint64_t{t.mss_cache} * (1'000'000 / 100 * 8) * percent *
                               std::max<std::uint32_t>(t.cwnd, x.packets_out()) / t.srtt_us8;
    bytes = rate >> 10;
    const std::uint32_t halvings = t.min_rtt_us >> 9;  // tcp_tso_rtt_log
    if (halvings < 32) bytes += gso_max_size >> halvings;
  }
  const auto most = static_cast<std::uint32_t>(std::min<std::uint64_t>(bytes, gso_max_size));
  return std::max(most / t.mss_cache, min_tso_segs);
}

/// tcp_mss_split_point(): the part of the first buffer that goes as one.
std::uint32_t split_point(const tcb& t, const transit& x, std::uint32_t quota, std::uint32_t room,
                          bool nonagle) {
  const std::uint32_t length = x.unsent.front().end - t.snd_nxt;
  const std::uint32_t most = quota * t.mss_cache;
  const bool last = x.unsent.size() == 1;
  if (most <= room && !last) return std::min(most, length);
  const std::uint32_t needed = std::min(length, room);
  if (most <= needed) return most;
  const std::uint32_t partial = needed % t.mss_cache;
  return partial != 0 && nagle_holds(t, nonagle) ? needed - partial : needed;
}

/// tcp_tso_should_defer(): the next ACKs will soon let more go with the first buffer than `room`
/// and the congestion window do now.
bool better_later(const context& k, std::uint32_t room, std::uint32_t most_segments) {
  const tcb& t = k.t;
  if (k.x.state >= congestion_state::recovery || k.x.sent.empty()) return false;
  const std::uint32_t last_sent_us = k.x.sent[k.x.sent.size() - 1].sent_us;
  if (k.c.us - last_sent_us > 1000) return false;  // only where it was busy just now
  const std::uint32_t mss = t.mss_cache;
  const std::uint32_t allowed = std::min(room, (t.cwnd - k.x.in_flight()) * mss);
  if (allowed >= most_segments * mss) return false;
  const std::uint32_t length = k.x.unsent.front().end - t.snd_nxt;
  const bool last = k.x.unsent.size() == 1;
  if (!last && allowed >= length) return false;
  constexpr std::uint32_t tcp_tso_win_divisor = 3;
  if (allowed >= std::min(t.snd_wnd, t.cwnd * mss) / tcp_tso_win_divisor) return false;
  // An ACK of what was sent less than half a round trip ago is too far away.
  if (k.c.us - k.x.sent.front().sent_us < t.srtt_us8 >> 4) return false;
  return allowed <= length || !(last && t.fin_queued);
}

/// What goes next.
struct part {
  enum class verdict : std::uint8_t { goes, waits, waits_for_cwnd } now = verdict::waits;
  std::uint32_t bytes = 0;  ///< 0: a bare FIN
};

/// The first buffer, which is one segment at most. `window`: how much more the peer takes.
part whole_buffer(const context& k, std::uint32_t length, std::uint32_t window, bool nonagle) {
  const tcb& t = k.t;
  const bool last = k.x.unsent.size() == 1;
  const bool fin = last && t.fin_queued;
  if (window < length + (fin ? 1U : 0U)) return {};
  if (last && !fin && length < t.mss_cache && nagle_holds(t, nonagle)) return {};
  return {part::verdict::goes, length};
}

/// More than one segment or more than one buffer waits.
[[gnu::noinline]] part next_of_many(const context& k, std::uint32_t quota, std::uint32_t window,
                                    bool nonagle, burst how) {
  const tcb& t = k.t;
  const std::uint32_t most = tso_segments(t, k.x);
  quota = std::min(quota, most);
  std::uint32_t length = k.x.unsent.front().end - t.snd_nxt;
  // tcp_grow_skb(), which a closed window does not keep: what may go more comes from the next one.
  if (length < quota * t.mss_cache && k.x.unsent.grow_front(quota * t.mss_cache - length))
    --k.x.buffers;
  length = k.x.unsent.front().end - t.snd_nxt;
  if (length <= t.mss_cache) return whole_buffer(k, length, window, nonagle);
  if (window < t.mss_cache) return {};
  if (how == burst::all && better_later(k, window, most)) {
    const std::uint32_t congestion = (t.cwnd - k.x.in_flight()) * t.mss_cache;
    const bool limits = congestion < window && congestion <= length;
    return {limits ? part::verdict::waits_for_cwnd : part::verdict::waits};
  }
  return {part::verdict::goes, split_point(t, k.x, quota, window, nonagle)};
}

/// Where `quota` segments may go, as one buffer: less is what the window or Nagle hold.
part next_part(const context& k, std::uint32_t quota, bool nonagle, burst how) {
  const tcb& t = k.t;
  const std::int32_t room = wire::distance(t.snd_nxt, t.snd_una + t.snd_wnd);
  const std::uint32_t window = room > 0 ? static_cast<std::uint32_t>(room) : 0;
  if (unsent(t) == 0) return window != 0 ? part{part::verdict::goes, 0} : part{};
  const std::uint32_t length = k.x.unsent.front().end - t.snd_nxt;
  if (length > t.mss_cache || k.x.unsent.size() > 1)
    return next_of_many(k, quota, window, nonagle, how);
  return whole_buffer(k, length, window, nonagle);
}

/// What is told once of a buffer that goes (tcp_event_data_sent()). `alone`: nothing is in flight.
void note_data_sent(const context& k, bool alone) {
  tcb& t = k.t;
  // Data soon after data received means a conversation.
  if (t.ack_ato != 0 && jiffy(k.c) - t.last_receive < t.ack_ato && t.ack_pingpong < 255)
    ++t.ack_pingpong;
  if (alone) note_first_of_a_flight(k);
  t.last_send = jiffy(k.c);
}

/// Does the way take what goes together as one? Loopback does, with its headers up to gso_max_size
/// (gso_features_check()); on other ways it is cut before anybody sees it.
bool goes_whole(const tcb& t, std::uint32_t bytes) {
  constexpr std::uint32_t dev_gso_max_size = 65536;
  const std::uint32_t headers =
      14 + 20 + 20 + (t.timestamps ? 12U : 0U);  // IPv6 would have 20 more
  return t.loopback && bytes > t.mss_cache && bytes + headers < dev_gso_max_size;
}

struct segment_marks {
  bool push;      ///< of the buffer: sent again with it
  bool tso_push;  ///< only as part of what goes together (__tcp_transmit_skb())
  bool fin;
  bool head;   ///< begins a buffer
  bool whole;  ///< see goes_whole()
};

/// Was the end of a buffer cut from nothing larger? Then sender and receiver hold the same memory.
bool is_held(const sent_segment& last) { return last.head || last.whole; }

/// Makes part of the segment sent last what follows it in its buffer.
void extend_last(const context& k, std::uint8_t flags, std::uint32_t length) {
  wire::segment& s = k.out.segments.back();
  s.gso_size = static_cast<std::uint16_t>(std::max(s.largest(), length));
  s.length += length;
  s.flags |= flags;
}

void send_segment(const context& k, std::uint32_t length, segment_marks marks) {
  tcb& t = k.t;
  std::uint8_t flags = wire::ack;
  if (marks.push || marks.tso_push) flags |= wire::psh;
  if (marks.fin) flags |= wire::fin;
  k.out.count(counter::TcpExtTCPOrigDataSent);  // tcp_event_new_data_sent(): a bare FIN too
  if (marks.whole && !marks.head) {
    extend_last(k, flags, length);
  } else {
    if (!marks.head) k.out.segments.back().more = true;
    wire::segment& s = compose(t, t.snd_nxt, flags, length, k.l, k.c, k.out);
    s.behind_held = marks.head && !k.x.sent.empty() && is_held(k.x.sent[k.x.sent.size() - 1]);
    if (t.ecn_ok && length != 0) mark_ecn(t, s);
  }
  t.snd_nxt += length + (marks.fin ? 1U : 0U);
  if (length != 0 && length < t.mss_cache) t.snd_sml = t.snd_nxt;
  sent_segment sent;
  sent.end = t.snd_nxt;
  sent.sent_us = k.c.us;
  sent.order = ++k.x.sendings;
  sent.push = marks.push;
  sent.head = marks.head;
  sent.whole = marks.whole;
  k.x.sent.push_back(sent);
}

/// What the firewall refuses was never sent (tcp_write_xmit() breaks off). It is made in one piece,
/// for the firewall to answer.
[[gnu::cold]] void make_in_vain(const context& k, std::uint32_t bytes, bool fin) {
  const std::uint8_t flags = fin ? wire::ack | wire::fin : wire::ack;
  wire::segment& s = compose(k.t, k.t.snd_nxt, flags, bytes, k.l, k.c, k.out);
  if (bytes > k.t.mss_cache) s.gso_size = k.t.mss_cache;
}

}  // namespace

// DEVIATION: what is sent again on loopback goes segment by segment, where the kernel hands a
// buffer over whole: who counts ACKs after losses that a firewall made on 127.0.0.1.
bool send_part(const context& k, std::uint32_t bytes, bool push) {
  if (bytes == 0) {  // tcp_send_fin() found nothing to put it on
    if (k.out.refused) {
      make_in_vain(k, 0, true);
      return false;
    }
    ++k.x.buffers;
    send_segment(k, 0,
                 {.push = push, .tso_push = false, .fin = true, .head = true, .whole = false});
    return true;
  }
  note_data_sent(k, k.x.in_flight() == 0);
  const send_buffer first = k.x.unsent.front();
  const bool whole = first.end == k.t.snd_nxt + bytes;
  const bool fin = whole && k.t.fin_queued && k.x.unsent.size() == 1;
  if (k.out.refused) {
    make_in_vain(k, bytes, fin);
    return false;
  }
  const bool one = goes_whole(k.t, bytes);
  bool head = true;
  for (std::uint32_t left = bytes; left != 0; head = false) {
    const std::uint32_t length = std::min<std::uint32_t>(left, k.t.mss_cache);
    left -= length;
    const bool end = left == 0;
    send_segment(k, length,
                 {.push = end && (push || (whole && first.push)),
                  .tso_push = end && !head && k.l.psh_on_tso,
                  .fin = end && fin,
                  .head = head,
                  .whole = one});
  }
  if (whole) {
    k.x.unsent.pop_front();
  } else {
    ++k.x.buffers;  // tso_fragment(): the rest is a buffer of its own
  }
  if (k.l.space_when_sent) check_space(k);
  return true;
}

bool may_send_new(const tcb& t) {
  if (t.snd_nxt == t.write_seq) return false;
  const std::uint32_t length = std::min<std::uint32_t>(t.write_seq - t.snd_nxt, t.mss_cache);
  return !wire::after(t.snd_nxt + length, t.snd_una + t.snd_wnd);
}

namespace {

/// The window was used so far, and what was sent must be answered in time. `was_empty`: nothing was
/// in flight before.
void after_sending(const context& k, bool limited, bool was_empty, burst how) {
  validate_cwnd(k, limited);
  if (how != burst::probe && schedule_loss_probe(k, false)) return;
  if (was_empty || k.t.pending == pending::loss_probe) rearm_rto(k);
}

}  // namespace

void send_alone(const context& k, std::uint32_t bytes) {
  ++k.x.buffers;
  if (bytes != 0) note_data_sent(k, true);
  const bool fin = bytes == 0;
  send_segment(k, bytes,
               {.push = !fin, .tso_push = false, .fin = fin, .head = true, .whole = false});
  after_sending(k, k.t.cwnd <= 1, true, burst::all);
}

bool send_new(const context& k, bool nonagle, burst how) {
  const bool was_empty = k.x.sent.empty();
  const std::uint32_t before = k.x.sendings;
  bool limited = false;
  while (k.t.snd_nxt != k.t.write_seq) {
    std::uint32_t quota = cwnd_quota(k);
    if (quota == 0 && (how == burst::probe || fin_passes(k))) quota = 1;
    if (quota == 0) break;
    const part next = next_part(k, quota, nonagle, how);
    limited = next.now == part::verdict::waits_for_cwnd;
    if (next.now != part::verdict::goes) break;
    if (!send_part(k, next.bytes, false)) break;
    if (how != burst::all) break;
  }
  const std::uint32_t sent = k.x.sendings - before;
  limited = limited || k.x.in_flight() >= k.t.cwnd;
  if (sent == 0) {
    if (limited) validate_cwnd(k, limited);
    return false;
  }
  if (k.x.reducing()) k.x.prr_out += sent;
  after_sending(k, limited, was_empty, how);
  return true;
}

void push_pending(const context& k, bool nonagle) {
  if (send_new(k, nonagle, burst::all)) return;
  check_probe_timer(k);
  settle(k.t, k.x, k.out);
}

void push_pending(tcb& t, const limits& l, const clock& c, actions& out, bool nonagle) {
  if (t.snd_nxt != t.write_seq) push_pending({t, transit_of(t, out), l, c, out}, nonagle);
}

}  // namespace fourtuple::tcp::detail
