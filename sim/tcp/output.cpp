// What is sent (tcp_output.c): segments, SYN options, Nagle, windows, FIN, resets.
#include "sim/tcp/recovery.h"

namespace fourtuple::tcp::detail {

/// tcp_bound_to_half_wnd(): two segments fit into the largest window the peer offered, or, where
/// that is at most 536 bytes (TCP_MSS_DEFAULT), one; at least 68 bytes with the headers.
std::uint32_t within_half_window(const tcb& t, std::uint32_t bytes) {
  const std::uint32_t most = t.max_window > 536 ? t.max_window / 2 : t.max_window;
  if (most == 0 || bytes <= most) return bytes;
  return std::max(most, t.timestamps ? 36U : 48U);
}

void sync_mss(tcb& t) {
  const std::uint32_t fits = t.mss - (t.timestamps ? 12U : 0U);
  t.mss_cache = static_cast<std::uint16_t>(within_half_window(t, fits));
}

void note_offered_window(tcb& t, std::uint32_t offered) {
  if (offered <= t.max_window) return;
  t.max_window = offered;
  sync_mss(t);
}

wire::segment& compose(tcb& t, seq at, std::uint8_t flags, std::uint32_t length, const limits& l,
                       const clock& c, actions& out) {
  wire::segment& s = out.segments.emplace_back();
  s.tuple = t.tuple;
  s.seq_number = at;
  s.flags = flags;
  s.length = length;
  if ((flags & wire::ack) != 0) {
    s.ack_number = t.rcv_nxt;
    s.window = select_window(t, l, out);
    ack_sent(t);
  }
  if (t.timestamps) {
    s.has_timestamps = true;
    s.ts_value = c.ms + t.ts_offset;
    s.ts_echo = t.ts_recent;
  }
  if (t.transit != 0 && t.sack) {
    transit& x = (*out.transits)[t.transit];
    if (x.has_sack_blocks()) add_sack_blocks(x, s);
  }
  return s;
}

void send_syn(tcb& t, bool with_ack, const limits& l, const clock& c, actions& out) {
  wire::segment& s = out.segments.emplace_back();
  s.tuple = t.tuple;
  s.seq_number = t.iss;
  s.flags = static_cast<std::uint8_t>(wire::syn | (with_ack ? wire::ack : 0));
  s.ack_number = with_ack ? t.rcv_nxt : 0;
  s.mss = static_cast<std::uint16_t>(t.advmss + (t.timestamps ? 12 : 0));  // without options
  s.sack_permitted = with_ack ? t.sack : l.sack;
  s.has_timestamps = with_ack ? t.timestamps : l.timestamps;
  const bool scaling = with_ack ? t.window_scaling : l.window_scaling;
  if (scaling) s.window_scale = t.rcv_wscale;
  if (s.has_timestamps) {
    s.ts_value = c.ms + t.ts_offset;
    s.ts_echo = t.ts_recent;
  }
  s.window = static_cast<std::uint16_t>(std::min<std::uint32_t>(t.rcv_wnd, 65535));
  if (with_ack) {
    answer_ecn(t, s);
  } else {
    offer_ecn(t, s, l);
  }
}

void send_ack(tcb& t, const limits& l, const clock& c, actions& out) {
  compose(t, t.snd_nxt, wire::ack, 0, l, c, out);
}

void send_reset(tcb& t, const limits& l, const clock& c, actions& out) {
  out.count(counter::TcpOutRsts);
  compose(t, t.snd_nxt, wire::rst | wire::ack, 0, l, c, out);
}

void refuse(const wire::segment& s, actions& out) {
  wire::segment reply;
  if (!reset_for(s, reply)) return;
  out.count(counter::TcpOutRsts);
  out.segments.push_back(reply);
}

namespace {

/// Data bytes not sent yet.
std::uint32_t unsent(const tcb& t) {
  const seq data_end = t.write_seq - (t.fin_queued ? 1U : 0U);
  return wire::before(t.snd_nxt, data_end) ? data_end - t.snd_nxt : 0;
}

bool nagle_holds(const tcb& t, std::uint32_t length, bool last, bool nonagle) {
  if (length >= t.mss_cache || nonagle || (last && t.fin_queued)) return false;
  if (t.cork) return true;
  // Minshall: hold a small segment only while an earlier small one is not acknowledged.
  return !t.opt.nodelay && in_flight(t) != 0 && wire::after(t.snd_sml, t.snd_una) &&
         !wire::after(t.snd_sml, t.snd_nxt);
}

}  // namespace

bool may_send_new(const tcb& t) {
  if (t.snd_nxt == t.write_seq) return false;
  const std::uint32_t length = std::min<std::uint32_t>(t.write_seq - t.snd_nxt, t.mss_cache);
  return !wire::after(t.snd_nxt + length, t.snd_una + t.snd_wnd);
}

namespace {

/// How much of what waits goes into the next segment; nothing where window or Nagle hold it.
struct cut {
  std::uint32_t length = 0;
  bool fin = false;
};
cut next_cut(const tcb& t, const transit& x, bool nonagle) {
  const std::uint32_t waiting = unsent(t);
  std::uint32_t length = 0;
  if (waiting != 0) {
    const std::uint32_t whole =
        std::min<std::uint32_t>(x.unsent.front().end - t.snd_nxt, t.mss_cache);
    const std::int32_t room = wire::distance(t.snd_nxt, t.snd_una + t.snd_wnd);
    if (room <= 0) return {};
    length = std::min(whole, static_cast<std::uint32_t>(room));
    if (length < whole && in_flight(t) != 0) return {};  // silly window
  }
  const bool last = length == waiting;
  const bool of_tail = x.unsent.size() == 1;  // what stands before it is not held
  if (length != 0 && of_tail && nagle_holds(t, length, last, nonagle)) return {};
  return {length, last && t.fin_queued && t.snd_nxt != t.write_seq};
}

/// `head`: it begins a buffer.
void send_cut(context k, const cut& cut, bool head) {
  tcb& t = k.t;
  std::uint8_t flags = wire::ack;
  const bool whole = cut.length != 0 && k.x.unsent.front().end == t.snd_nxt + cut.length;
  const bool push = whole && k.x.unsent.front().push;
  if (push) flags |= wire::psh;
  if (cut.fin) flags |= wire::fin;
  if (cut.length != 0) {
    // tcp_event_data_sent(): data soon after data received means a conversation.
    if (t.ack_ato != 0 && jiffy(k.c) - t.last_receive < t.ack_ato && t.ack_pingpong < 255)
      ++t.ack_pingpong;
    if (k.x.in_flight() == 0) note_first_of_a_flight(k);
    t.last_send = jiffy(k.c);
  }
  k.out.count(counter::TcpExtTCPOrigDataSent);  // tcp_event_new_data_sent(): a bare FIN too
  wire::segment& s = compose(t, t.snd_nxt, flags, cut.length, k.l, k.c, k.out);
  if (t.ecn_ok && cut.length != 0) mark_ecn(t, s);
  t.snd_nxt += cut.length + (cut.fin ? 1U : 0U);
  if (cut.length != 0 && cut.length < t.mss_cache) t.snd_sml = t.snd_nxt;
  sent_segment sent;
  sent.end = t.snd_nxt;
  sent.sent_us = k.c.us;
  sent.order = ++k.x.sendings;
  sent.push = push;
  sent.head = head;
  k.x.sent.push_back(sent);
  if (cut.length == 0) ++k.x.buffers;  // tcp_send_fin()
  if (whole) k.x.unsent.pop_front();
}

}  // namespace

bool send_new(context k, bool nonagle, bool one) {
  const bool was_empty = k.x.sent.empty();
  bool limited = false;
  std::uint32_t sent = 0;
  bool inside = false;  // the first buffer that waits was sent in part
  while (k.t.snd_nxt != k.t.write_seq) {
    if (!one && unsent(k.t) != 0 && k.x.in_flight() >= k.t.cwnd) {
      limited = true;
      break;
    }
    const cut cut = next_cut(k.t, k.x, nonagle);
    if (cut.length == 0 && !cut.fin) break;
    const std::size_t waiting = k.x.unsent.size();
    send_cut(k, cut, !inside);
    inside = cut.length != 0 && k.x.unsent.size() == waiting;
    ++sent;
    if (one) break;
  }
  if (inside) ++k.x.buffers;  // tso_fragment(): the rest is a buffer of its own
  limited = limited || k.x.in_flight() >= k.t.cwnd;
  if (sent != 0 || limited) validate_cwnd(k, limited);
  if (sent == 0) return false;
  if (k.x.reducing()) k.x.prr_out += sent;
  if (!one && schedule_loss_probe(k, false)) return true;
  if (was_empty || k.t.pending == pending::loss_probe) rearm_rto(k);
  return true;
}

void push_pending(tcb& t, const limits& l, const clock& c, actions& out, bool nonagle) {
  if (t.snd_nxt == t.write_seq) return;
  const context k{t, transit_of(t, out), l, c, out};
  if (!send_new(k, nonagle, false) && k.x.sent.empty() && unsent(t) != 0 &&
      (t.pending == pending::none)) {
    // tcp_check_probe_timer(): the window is closed and nothing is in flight.
    t.pending = pending::zero_window_probe;
    out.arm(timer::retransmit, std::max(t.rto, jiffies_of_ms(200, l)));
  }
  settle(t, out);
}

void queue_fin(tcb& t, const limits& l, const clock& c, actions& out) {
  if (t.fin_queued) return;
  t.fin_queued = true;
  ++t.write_seq;
  push_pending(t, l, c, out, true);
}

}  // namespace fourtuple::tcp::detail

namespace fourtuple::tcp {

bool reset_for(const wire::segment& s, wire::segment& reply) {
  if (s.has(wire::rst)) return false;
  reply = {};
  reply.tuple = s.tuple.reversed();
  reply.flags = wire::rst;
  if (s.has(wire::ack)) {
    reply.seq_number = s.ack_number;
  } else {
    reply.flags |= wire::ack;
    reply.ack_number = s.end();
  }
  return true;
}

}  // namespace fourtuple::tcp
