// What is sent (tcp_output.c): segments, SYN options, Nagle, windows, FIN, resets.
#include "sim/tcp/detail.h"

namespace fourtuple::tcp::detail {

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
  if (t.sack && (t.ooo_count != 0 || t.dsack_pending)) {
    // A duplicate is reported first, and once (RFC 2883).
    if (t.dsack_pending) s.sack[s.sack_count++] = {t.dsack.left, t.dsack.right};
    t.dsack_pending = false;
    for (unsigned i = 0; i < t.ooo_count && s.sack_count < s.sack.size(); ++i)
      s.sack[s.sack_count++] = {t.ooo[i].left, t.ooo[i].right};
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

void note_sent(tcb& t, seq end, const clock& c) {
  if (t.chunk_count != 0 && t.chunks[t.chunk_count - 1].sent_us == c.us) {
    t.chunks[t.chunk_count - 1].end = end;
  } else if (t.chunk_count < t.chunks.size()) {
    t.chunks[t.chunk_count++] = {end, c.us};
  } else {
    t.chunks.back().end = end;  // its older time stands for both
  }
}

/// Data bytes not sent yet.
std::uint32_t unsent(const tcb& t) {
  const seq data_end = t.write_seq - (t.fin_queued ? 1U : 0U);
  return wire::before(t.snd_nxt, data_end) ? data_end - t.snd_nxt : 0;
}

bool nagle_holds(const tcb& t, std::uint32_t length, bool last, bool nonagle) {
  if (length >= effective_mss(t) || nonagle || (last && t.fin_queued)) return false;
  if (t.cork) return true;
  // Minshall: hold a small segment only while an earlier small one is not acknowledged.
  return !t.opt.nodelay && in_flight(t) != 0 && wire::after(t.snd_sml, t.snd_una) &&
         !wire::after(t.snd_sml, t.snd_nxt);
}

}  // namespace

void push_pending(tcb& t, const limits& l, const clock& c, actions& out, bool nonagle) {
  if (t.snd_nxt == t.write_seq) return;
  const std::uint32_t mss = effective_mss(t);
  bool sent = false;
  while (true) {
    const std::uint32_t waiting = unsent(t);
    const bool fin_waits = t.fin_queued && t.snd_nxt != t.write_seq;
    if (waiting == 0 && !fin_waits) break;
    const std::uint32_t flight = in_flight(t);
    if ((flight + mss - 1) / mss >= t.cwnd && waiting != 0) break;
    const std::int32_t room = wire::distance(t.snd_nxt, t.snd_una + t.snd_wnd);
    std::uint32_t length = std::min(waiting, mss);
    if (length != 0) {
      if (room <= 0) break;
      length = std::min(length, static_cast<std::uint32_t>(room));
      if (length < std::min(waiting, mss) && flight != 0) break;  // silly window
    }
    const bool last = length == waiting;
    if (length != 0 && nagle_holds(t, length, last, nonagle)) break;
    std::uint8_t flags = wire::ack;
    if (last && length != 0) flags |= wire::psh;
    const bool fin = last && fin_waits;
    if (fin) flags = static_cast<std::uint8_t>((flags & ~wire::psh) | wire::fin |
                                               (length != 0 ? wire::psh : 0));
    // tcp_event_data_sent(): data soon after data received means a conversation.
    if (length != 0) {
      if (t.ack_ato != 0 && jiffy(c) - t.last_receive < t.ack_ato && t.ack_pingpong < 255)
        ++t.ack_pingpong;
      t.last_send = jiffy(c);
    }
    out.count(counter::TcpExtTCPOrigDataSent);  // tcp_event_new_data_sent(): a bare FIN too
    compose(t, t.snd_nxt, flags, length, l, c, out);
    t.snd_nxt += length + (fin ? 1U : 0U);
    if (length != 0 && length < mss) t.snd_sml = t.snd_nxt;
    note_sent(t, t.snd_nxt, c);
    sent = true;
    if (fin) break;
  }
  if (sent) {
    // tcp_schedule_loss_probe(): with SACK and a measured round trip the tail is probed first.
    if (t.sack && t.srtt_us8 != 0 && t.pending != pending::retransmit && t.backoff == 0 &&
        t.st != state::syn_received) {
      const std::uint32_t mss_now = effective_mss(t);
      std::uint64_t pto_us = std::uint64_t{t.srtt_us8} >> 2;
      pto_us += in_flight(t) <= mss_now ? 200'000 : 2'000;
      t.pending = pending::loss_probe;  // also where the RTO is as early: then at its time
      out.arm(timer::retransmit, std::min(jiffies_of_us(pto_us, l), t.rto));
      return;
    }
    if (t.pending == pending::none || t.pending == pending::zero_window_probe) arm_rto(t, l, out);
  } else if (in_flight(t) == 0 && unsent(t) != 0 && t.pending == pending::none) {
    // tcp_check_probe_timer(): the window is closed and nothing is in flight.
    t.pending = pending::zero_window_probe;
    out.arm(timer::retransmit, std::max(t.rto, jiffies_of_ms(200, l)));
  }
}

void retransmit_head(tcb& t, const limits& l, const clock& c, actions& out) {
  const seq data_end = t.write_seq - (t.fin_queued ? 1U : 0U);
  const std::uint32_t data =
      wire::before(t.snd_una, data_end) ? data_end - t.snd_una : 0;
  const std::uint32_t sent = t.snd_nxt - t.snd_una;
  std::uint32_t length = std::min({data, effective_mss(t), sent});
  const bool fin = t.fin_queued && length == data && sent > data;
  std::uint8_t flags = wire::ack;
  if (length == data && length != 0) flags |= wire::psh;
  if (fin) flags |= wire::fin;
  out.count(counter::TcpRetransSegs);
  compose(t, t.snd_una, flags, length, l, c, out);
  t.last_send = jiffy(c);
  t.chunk_count = 0;  // Karn: no samples of what was sent twice
  if (t.retrans_stamp == 0) t.retrans_stamp = c.ms | 1U;
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
