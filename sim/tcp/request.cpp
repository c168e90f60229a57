// Half-open connections (tcp_minisocks.c tcp_check_req, inet_connection_sock.c reqsk_timer_handler,
// tcp_ipv4.c tcp_v4_syn_recv_sock; reference C.2 to C.5).
#include "sim/tcp/request.h"

#include "sim/tcp/detail.h"

namespace fourtuple::tcp {

using namespace detail;

request open_request(const wire::segment& syn, seq iss, std::uint32_t ts_offset,
                     const path_facts& way, const socket_options& opt, const limits& l,
                     const clock& c) {
  request r;
  r.tuple = syn.tuple.reversed();
  r.rcv_isn = syn.seq_number;
  r.snt_isn = iss;
  r.ts_offset = ts_offset;
  r.mss = opt.maxseg != 0 ? std::min(way.mss, opt.maxseg) : way.mss;
  r.direct_path = way.direct;
  r.loopback = way.loopback;
  r.peer_mss = syn.mss != 0 ? std::max<std::uint16_t>(syn.mss, 48) : 536;
  r.timestamps = l.timestamps && syn.has_timestamps;
  r.sack = l.sack && syn.sack_permitted;
  r.window_scaling = l.window_scaling && syn.window_scale != wire::segment::no_window_scale;
  if (r.window_scaling) r.snd_wscale = std::min<std::uint8_t>(syn.window_scale, 14) & 0xf;
  r.ecn_ok = ecn_accepted(syn, l);
  if (r.timestamps) {
    r.ts_recent = syn.ts_value;
    r.ts_recent_stamp_s = c.seconds;
    r.ts_sent_first = c.ms + ts_offset;
  }
  const std::uint32_t payload = r.mss - (r.timestamps ? 12U : 0U);
  const initial_window w = first_window(payload, r.window_scaling, opt.rcvbuf, l);
  r.rcv_wnd = w.window;
  r.rcv_wscale = w.scale & 0xf;
  r.sent_us = c.us;
  return r;
}

void make_syn_ack(request& r, const limits&, const clock& c, actions& out) {
  wire::segment& s = out.segments.emplace_back();
  s.tuple = r.tuple;
  s.seq_number = r.snt_isn;
  s.ack_number = r.rcv_isn + 1;
  s.flags = wire::syn | wire::ack;
  if (r.ecn_ok) s.flags |= wire::ece;
  s.window = static_cast<std::uint16_t>(window_of_syn(r.rcv_wnd));
  s.mss = r.mss;
  s.sack_permitted = r.sack;
  if (r.window_scaling) s.window_scale = r.rcv_wscale;
  if (r.timestamps) {
    s.has_timestamps = true;
    s.ts_value = r.ts_sent_last = c.ms + r.ts_offset;
    s.ts_echo = r.ts_recent;
  }
}

std::uint64_t request_timeout(const request& r, const limits& l) {
  const std::uint64_t timeout = std::uint64_t{l.rto_initial_ms}
                                << std::min<unsigned>(r.timeouts, 20);
  return jiffies_of_ms(std::min<std::uint64_t>(timeout, l.rto_max_ms), l);
}

namespace {

void plain_ack(const request& r, const clock& c, actions& out) {
  wire::segment& s = out.segments.emplace_back();
  s.tuple = r.tuple;
  s.seq_number = r.snt_isn + 1;
  s.ack_number = r.rcv_isn + 1;
  s.flags = wire::ack;
  s.window = static_cast<std::uint16_t>(window_of_syn(r.rcv_wnd) >> r.rcv_wscale);
  if (r.timestamps) {
    s.has_timestamps = true;
    s.ts_value = c.ms + r.ts_offset;
    s.ts_echo = r.ts_recent;
  }
}

/// inet_rtx_syn_ack(): what the host's own firewall refuses was not sent.
void send_syn_ack_again(request& r, const limits& l, const clock& c, actions& out) {
  if (!out.refused) {
    ++r.retransmits;
    out.count(counter::TcpRetransSegs);
    out.count(counter::TcpExtTCPSynRetrans);
  }
  make_syn_ack(r, l, c, out);
}

/// tsecr_reject: it echoes no time stamp of a SYN-ACK, but of an ACK that the request sent
/// meanwhile, or of nobody.
bool echoes_another(const request& r, const wire::segment& s, const limits& l) {
  return l.check_tsecr && r.timestamps && s.has_timestamps && s.ts_echo != 0 &&
         s.ts_echo - r.ts_sent_first > r.ts_sent_last - r.ts_sent_first;
}

/// tcp_oow_rate_limited(): what carries something is always answered.
bool may_answer(request& r, const wire::segment& s, const limits& l, const clock& c, actions& out) {
  if (s.sequence_length() != 0 && !s.has(wire::syn)) return true;
  if (within_ratelimit(r.last_oow_ack, l, c)) return true;
  out.count(counter::TcpExtTCPACKSkippedSynRecv);
  return false;
}

/// Its time stamps or its place are wrong.
void refuse_out_of_window(request& r, const wire::segment& s, bool paws, const limits& l,
                          const clock& c, actions& out) {
  if (!s.has(wire::rst) && may_answer(r, s, l, c, out)) plain_ack(r, c, out);
  if (paws) {
    out.count(counter::TcpExtPAWSEstab);
  } else if (echoes_another(r, s, l)) {
    out.count(counter::TcpExtTSEcrRejected);
  }
}

}  // namespace

request_verdict request_segment(request& r, const wire::segment& s, const socket_options& listener,
                                const limits& l, const clock& c, actions& out) {
  const bool paws = r.timestamps && s.has_timestamps && wire::before(s.ts_value, r.ts_recent);
  const bool pure_syn = s.has(wire::syn) && !s.has(wire::ack) && !s.has(wire::rst);
  if (pure_syn && s.seq_number == r.rcv_isn && !paws) {
    if (!may_answer(r, s, l, c, out)) return request_verdict::drop;
    send_syn_ack_again(r, l, c, out);
    return out.refused ? request_verdict::drop : request_verdict::resent;
  }
  if (s.has(wire::ack) && !s.has(wire::rst) && s.ack_number != r.snt_isn + 1) {
    refuse(s, out);
    return request_verdict::drop;
  }
  const seq next = r.rcv_isn + 1;
  if (paws || echoes_another(r, s, l) || !in_window(s, next, next + window_of_syn(r.rcv_wnd))) {
    refuse_out_of_window(r, s, paws, l, c, out);
    return request_verdict::drop;
  }
  if (s.has(wire::rst)) {
    if (s.seq_number == next) {
      out.count(counter::TcpAttemptFails);
      out.count(counter::TcpExtEmbryonicRsts);
      return request_verdict::kill;
    }
    if (within_ratelimit(r.last_oow_ack, l, c)) {
      out.count(counter::TcpExtTCPChallengeACK);
      plain_ack(r, c, out);
    }
    return request_verdict::drop;
  }
  if (s.has(wire::syn) && s.seq_number != r.rcv_isn) {
    out.count(counter::TcpAttemptFails);
    out.count(counter::TcpExtEmbryonicRsts);
    refuse(s, out);
    return request_verdict::kill;
  }
  if (!s.has(wire::ack)) return request_verdict::drop;
  if (r.timestamps && s.has_timestamps) {
    r.ts_recent = s.ts_value;
    r.ts_recent_stamp_s = c.seconds;
  }
  // TCP_DEFER_ACCEPT: a bare ACK is not enough until the last period.
  if (r.timeouts < listener.defer_accept && s.sequence_length() == 0) {
    r.acked = true;
    out.count(counter::TcpExtTCPDeferAcceptDrop);
    return request_verdict::drop;
  }
  return request_verdict::make_child;
}

bool overflowed(request& r, const wire::segment& s, const limits& l, actions& out) {
  if (!l.abort_on_overflow) {
    r.acked = true;
    return false;
  }
  refuse(s, out);
  out.count(counter::TcpExtEmbryonicRsts);
  return true;
}

bool request_timer(request& r, unsigned max_retries, const socket_options& listener,
                   const limits& l, const clock& c, actions& out) {
  out.count(counter::TcpExtTCPTimeouts);  // tcp_syn_ack_timeout()
  // syn_ack_recalc(): while TCP_DEFER_ACCEPT waits for data, silence until its last period.
  bool expire = r.timeouts >= max_retries;
  bool resend = true;
  if (listener.defer_accept != 0) {
    expire = r.timeouts >= max_retries && (!r.acked || r.timeouts >= listener.defer_accept);
    resend = !r.acked || r.timeouts + 1 >= listener.defer_accept;
  }
  if (expire) return false;
  if (resend) send_syn_ack_again(r, l, c, out);
  if (r.timeouts < 255) ++r.timeouts;
  return true;
}

tcb child_of(const request& r, const wire::segment& final_ack, const socket_options& listener,
             const limits& l, const clock& c) {
  tcb t = unused_tcb;
  t.tuple = r.tuple;
  t.st = state::syn_received;
  t.passive = true;
  t.unreported_resends = r.retransmits;
  t.opt = listener;
  t.opt.defer_accept = 0;  // inet_csk_clone_lock() begins with an empty icsk_accept_queue
  if (t.opt.sndbuf == 0) t.opt.sndbuf = l.wmem_default;
  t.iss = r.snt_isn;
  t.snd_una = r.snt_isn;
  t.snd_nxt = t.write_seq = t.snd_sml = r.snt_isn + 1;
  t.irs = r.rcv_isn;
  t.rcv_nxt = t.copied_seq = t.rcv_wup = r.rcv_isn + 1;
  t.rcv_wnd = t.rcv_ssthresh = r.rcv_wnd;
  t.rcv_wscale = r.rcv_wscale;
  t.snd_wscale = r.snd_wscale;
  t.window_scaling = r.window_scaling;
  t.timestamps = r.timestamps;
  t.sack = r.sack;
  t.ecn_ok = r.ecn_ok;
  t.ts_recent = r.ts_recent;
  t.ts_recent_stamp_s = r.ts_recent_stamp_s;
  t.ts_offset = r.ts_offset;
  t.mss = std::min(r.mss, r.peer_mss);
  t.direct_path = r.direct_path;
  t.loopback = r.loopback;
  t.advmss = static_cast<std::uint16_t>(r.mss - (r.timestamps ? 12U : 0U));
  t.cwnd = l.initial_cwnd;
  t.reordering = l.reordering;
  t.snd_wl1 = r.rcv_isn;
  t.last_heard = jiffy(c);
  sync_mss(t);
  // tcp_synack_rtt_meas()
  const bool sent_once = r.retransmits == 0 && r.sent_us != 0;
  const auto rtt = sent_once ? std::optional(c.us - r.sent_us) : rtt_by_timestamp(t, final_ack, c);
  if (rtt) {
    note_min_rtt(t, *rtt);
    rtt_sample(t, *rtt, l);
  } else {
    set_rto(t, l);
  }
  return t;
}

}  // namespace fourtuple::tcp
