// Segments are made (tcp_output.c): the MSS, SYN options, ACK, FIN, resets. What goes when stands
// in transmit.cpp.
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

std::uint32_t offered_window(const tcb& t, const wire::segment& s) {
  return std::uint32_t{s.window} << (s.has(wire::syn) ? 0 : t.snd_wscale);
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
  s.window = static_cast<std::uint16_t>(window_of_syn(t.rcv_wnd));
  if (with_ack) {
    answer_ecn(t, s);
  } else {
    offer_ecn(t, s, l);
  }
}

namespace {

/// tcp_acceptable_seq(): a peer that has taken its window back accepts nothing beyond it, a bare
/// ACK neither. Less than its scale can say is not taken back.
seq acceptable_seq(const tcb& t) {
  const seq window_end = t.snd_una + t.snd_wnd;
  const std::int32_t beyond = wire::distance(window_end, t.snd_nxt);
  if (beyond <= 0 || (t.window_scaling && beyond < 1 << t.rcv_wscale)) return t.snd_nxt;
  return window_end;
}

}  // namespace

void send_ack(tcb& t, const limits& l, const clock& c, actions& out) {
  compose(t, acceptable_seq(t), wire::ack, 0, l, c, out);
}

void send_reset(tcb& t, const limits& l, const clock& c, actions& out) {
  out.count(counter::TcpOutRsts);
  compose(t, acceptable_seq(t), wire::rst | wire::ack, 0, l, c, out);
}

void refuse(const wire::segment& s, actions& out) {
  wire::segment reply;
  if (!reset_for(s, reply)) return;
  out.count(counter::TcpOutRsts);
  out.segments.push_back(reply);
}

void queue_fin(tcb& t, const limits& l, const clock& c, actions& out) {
  if (t.fin_queued) return;
  t.fin_queued = true;
  ++t.write_seq;
  if (may_send_alone(t, 0, out)) {
    send_alone({t, transit_of(t, out), l, c, out}, 0);
  } else {
    push_pending(t, l, c, out, true);
  }
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
