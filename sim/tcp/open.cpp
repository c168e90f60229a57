// Opening a connection: OPEN (RFC 9293 3.10.1) and SEGMENT ARRIVES in SYN-SENT (3.10.7.3), with
// simultaneous open and self-connect.
#include "sim/tcp/recovery.h"
#include "sim/tcp/synchronized.h"

namespace fourtuple::tcp {

using namespace detail;

constinit const tcb unused_tcb{};

seq next_iss(const tcb& t) {
  const seq n = t.write_seq + t.max_window + 2;
  return n == 0 ? 1 : n;
}

tcb new_connection(const connection_setup& s, const socket_options& opt, const limits& l) {
  tcb t;
  t.opt = opt;
  set_up(t, s, l);
  return t;
}

void forget_connection(tcb& t) {
  tcb fresh;
  fresh.opt = t.opt;
  fresh.shut_rd = t.shut_rd;  // shutdown() of a closed socket says ENOTCONN and is kept
  fresh.shut_wr = t.shut_wr;
  fresh.soft_error = t.soft_error;  // tcp_connect_init() clears sk_err only
  t = fresh;
}

void set_up(tcb& t, const connection_setup& s, const limits& l) {
  const socket_options& opt = t.opt;
  t.tuple = s.tuple;
  t.ack_pingpong = 0;  // whatever TCP_QUICKACK has said
  if (t.opt.sndbuf == 0) t.opt.sndbuf = l.wmem_default;
  t.iss = s.iss;
  t.snd_una = t.snd_nxt = t.write_seq = s.iss;
  t.snd_sml = s.iss;
  t.ts_offset = s.ts_offset;
  t.ts_recent = s.ts_recent;
  t.ts_recent_stamp_s = s.ts_recent_stamp_s;
  t.advmss = opt.maxseg != 0 ? std::min(s.way.mss, opt.maxseg) : s.way.mss;
  t.mss = s.way.mss;
  const std::uint16_t clamp = opt.maxseg != 0 ? opt.maxseg : s.assumed_mss;
  t.mss_cache = static_cast<std::uint16_t>(std::min(t.mss, clamp) - (l.timestamps ? 12 : 0));
  t.direct_path = s.way.direct;
  t.loopback = s.way.loopback;
  t.cwnd = l.initial_cwnd;
  t.reordering = l.reordering;
  set_rto(t, l);
  const initial_window w = first_window(t.advmss, l.window_scaling, opt.rcvbuf, l);
  t.rcv_wnd = w.window;
  t.rcv_ssthresh = w.window;
  t.rcv_wscale = w.scale & 0xf;
}

void open_active(tcb& t, const limits& l, const clock& c, actions& out) {
  t.st = state::syn_sent;
  out.count(counter::TcpActiveOpens);
  send_syn(t, false, l, c, out);
  t.snd_nxt = t.write_seq = t.iss + 1;
  sent_segment syn;
  syn.end = t.snd_nxt;
  syn.sent_us = c.us;
  transit_of(t, out).sent.push_back(syn);
  t.retrans_stamp = c.ms | 1U;
  arm_rto(t, l, out);
}

namespace detail {

namespace {

void take_options(tcb& t, const wire::segment& s, const limits& l, const clock& c) {
  t.mss = std::min<std::uint16_t>(t.mss, s.mss != 0 ? std::max<std::uint16_t>(s.mss, 48) : 536);
  if (t.opt.maxseg != 0) t.mss = std::min(t.mss, t.opt.maxseg);
  t.sack = l.sack && s.sack_permitted;
  t.timestamps = l.timestamps && s.has_timestamps;
  t.window_scaling = l.window_scaling && s.window_scale != wire::segment::no_window_scale;
  t.snd_wscale = 0;
  if (t.window_scaling) t.snd_wscale = std::min<std::uint8_t>(s.window_scale, 14) & 0xf;
  if (!t.window_scaling) t.rcv_wscale = 0;
  if (t.timestamps) {
    t.ts_recent = s.ts_value;
    t.ts_recent_stamp_s = c.seconds;
    t.advmss = static_cast<std::uint16_t>(t.advmss - 12);
  }
  take_ecn(t, s);
  t.irs = s.seq_number;
  t.rcv_nxt = t.copied_seq = t.rcv_wup = s.seq_number + 1;
  t.snd_wnd = s.window;  // the window of a SYN is not scaled
  t.snd_wl1 = s.seq_number;
  t.max_window = std::max(t.max_window, t.snd_wnd);
  sync_mss(t);
}

void simultaneous_open(tcb& t, const wire::segment& s, const limits& l, const clock& c,
                       actions& out) {
  take_options(t, s, l, c);
  t.st = state::syn_received;
  send_syn(t, true, l, c, out);
  out.segments.back().resent = true;  // the SYN is
  t.rcv_wup = t.rcv_nxt;
}

}  // namespace

void syn_sent(tcb& t, const wire::segment& s, const limits& l, const clock& c, actions& out) {
  if (s.has(wire::ack)) {
    // First, check the ACK bit.
    if (wire::at_or_before(s.ack_number, t.snd_una) || wire::after(s.ack_number, t.snd_nxt)) {
      // Linux: unless a SYN was resent already, try again at once (an old connection was reset), also
      // where what came is the reset of an old connection itself.
      if (t.retransmits == 0) out.arm(timer::retransmit, 2);
      refuse(s, out);
      return;
    }
    if (l.timestamps && s.has_timestamps && s.ts_echo != 0) {
      const std::uint32_t latest = c.ms + t.ts_offset;
      const std::uint32_t first = t.retrans_stamp + t.ts_offset - 1;
      if (wire::after(s.ts_echo, latest) || wire::before(s.ts_echo, first)) {
        out.count(counter::TcpExtPAWSActive);
        refuse(s, out);
        return;
      }
    }
    // Second, check the RST bit.
    if (s.has(wire::rst)) {
      reset_received(t, out);
      return;
    }
    if (!s.has(wire::syn)) return;
    // Fourth, check the SYN bit: our SYN has been ACKed.
    take_options(t, s, l, c);
    t.snd_una = s.ack_number;
    syn_acknowledged(t, s, l, c, out);
    if (t.srtt_us8 == 0) t.rto = jiffies_of_ms(t.retransmits == 0 ? 1000 : 3000, l);
    if (t.retransmits > 1) t.cwnd = 1;
    t.retransmits = 0;
    t.backoff = 0;
    t.retrans_stamp = 0;
    t.pending = pending::none;
    t.last_heard = jiffy(c);
    establish(t, l, c, out);
    if (t.opt.defer_accept != 0) {
      enter_quickack(t, l);
      schedule_ack(t, l.hz / 5, c, out);  // TCP_DELACK_MAX, or with the first data
    } else {
      send_ack(t, l, c, out);
    }
    return;
  }
  if (s.has(wire::rst)) return;
  if (s.has(wire::syn)) simultaneous_open(t, s, l, c, out);
}

void establish(tcb& t, const limits& l, const clock& c, actions& out) {
  t.st = state::established;
  expand_send_buffer(t, l);
  begin_space_measurement(t, l, c);
  out.wakes |= wake_writable | wake_readable;
  if (t.opt.keepalive)
    out.arm(timer::keepalive,
            jiffies_of_s(t.opt.keep_idle_s != 0 ? t.opt.keep_idle_s : l.keepalive_time_s, l));
}

}  // namespace detail
}  // namespace fourtuple::tcp
