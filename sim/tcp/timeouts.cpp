// Timers fire (RFC 9293 3.10.8; tcp_timer.c; reference E).
#include "sim/tcp/recovery.h"

namespace fourtuple::tcp {

using namespace detail;

namespace {

void give_up(tcb& t, actions& out) {
  out.count(counter::TcpExtTCPAbortOnTimeout);
  finish(t, t.soft_error != errc::ok ? t.soft_error : errc::etimedout, out);
}

/// tcp_model_timeout(): how long n retransmissions take with a base of `base_ms`.
std::uint64_t model_ms(unsigned n, std::uint64_t base_ms, const limits& l) {
  std::uint64_t sum = 0;
  std::uint64_t step = base_ms;
  for (unsigned i = 0; i <= n; ++i) {
    sum += std::min<std::uint64_t>(step, l.rto_max_ms);
    step = std::min<std::uint64_t>(step * 2, l.rto_max_ms);
  }
  return sum;
}

/// Since retrans_stamp, whose lowest bit only says that there is one: at most 1 ms too much.
std::uint32_t ms_since_first(const tcb& t, const clock& c) {
  return c.ms - (t.retrans_stamp & ~1U);
}

/// retransmits_timed_out(): since the first retransmission, of a SYN since it was first sent.
bool timed_out(const tcb& t, unsigned boundary, std::uint64_t base_ms, const limits& l,
               const clock& c) {
  if (t.retransmits == 0) return false;
  const std::uint64_t limit =
      t.opt.user_timeout_ms != 0 ? t.opt.user_timeout_ms : model_ms(boundary, base_ms, l);
  return ms_since_first(t, c) >= limit;
}

/// tcp_clamp_rto_to_user_timeout(): in jiffies, never past the moment TCP_USER_TIMEOUT names.
std::uint32_t clamped_rto(const tcb& t, const limits& l, const clock& c) {
  if (t.opt.user_timeout_ms == 0) return t.rto;
  const std::uint32_t gone = ms_since_first(t, c);
  const std::uint32_t left = t.opt.user_timeout_ms > gone ? t.opt.user_timeout_ms - gone : 1;
  return std::min(t.rto, jiffies_of_ms(left, l));
}

/// SYN-SENT and SYN-RECEIVED of a simultaneous open (tcp_write_timeout(); reference E.1). The
/// linear time-outs are granted on top by number, but the time R doubling ones take ends it as
/// well: with tcp_syn_retries 2 the sixth SYN is the last, for 7 s have passed (measured on 6.18).
void resend_syn(tcb& t, const limits& l, const clock& c, actions& out) {
  out.count(counter::TcpExtTCPTimeouts);  // the last one too, as the kernel counts
  const unsigned retries = t.opt.syncnt != 0 ? t.opt.syncnt : l.syn_retries;
  const unsigned linear = t.st == state::syn_sent ? l.syn_linear_timeouts : 0;
  if (t.retransmits >= retries + linear || timed_out(t, retries, l.rto_initial_ms, l, c)) {
    give_up(t, out);
    return;
  }
  transit& x = transit_of(t, out);
  sent_segment& syn = x.sent.front();
  if (syn.retransmitted) {
    out.count(counter::TcpExtTCPLostRetransmit);  // that one too
  } else if (!out.refused) {
    ++x.retrans_out;
  }
  syn.ever_retransmitted = true;
  if (out.refused) {
    out.count(counter::TcpExtTCPRetransFail);
  } else {
    syn.retransmitted = true;
  }
  ++t.retransmits;
  ++t.unreported_resends;
  out.count(counter::TcpRetransSegs);
  out.count(counter::TcpExtTCPSynRetrans);
  queue_cwr(t);  // tcp_enter_loss()
  send_syn(t, t.st == state::syn_received, l, c, out);
  out.segments.back().resent = true;
  if (t.retransmits > linear) ++t.backoff;
  set_rto(t, l);
  t.pending = pending::retransmit;
  out.arm(timer::retransmit, clamped_rto(t, l, c));
}

/// Which recovery the time-out overtook.
void count_failure(const context& k) {
  const bool sack = k.t.sack;
  if (k.x.state == congestion_state::recovery) {
    k.out.count(sack ? counter::TcpExtTCPSackRecoveryFail : counter::TcpExtTCPRenoRecoveryFail);
  } else if (k.x.state == congestion_state::loss) {
    k.out.count(counter::TcpExtTCPLossFailures);
  } else if (k.x.state == congestion_state::disorder || k.x.sacked_out != 0) {
    k.out.count(sack ? counter::TcpExtTCPSackFailures : counter::TcpExtTCPRenoFailures);
  }
}

/// The head goes once more; false: it went often enough (tcp_write_timeout()).
bool resend_head(const context& k) {
  k.out.count(counter::TcpExtTCPTimeouts);
  if (timed_out(k.t, boundary_of(k.t, k.l), k.l.rto_min_us / 1000, k.l, k.c)) return false;
  if (k.t.retransmits == 0) count_failure(k);
  enter_loss(k);
  retransmit_segment(k, 0, false);
  if (k.t.retransmits < 255) ++k.t.retransmits;
  return true;
}

/// tcp_rtx_probe0_timed_out(): neither the peer nor anything acknowledged for twice the longest
/// RTO; TCP_USER_TIMEOUT asks for progress alone.
bool closed_window_timed_out(const context& k) {
  const std::uint32_t first_us = k.c.us - k.x.sent.front().sent_us;
  const std::uint32_t waited_ms =
      k.t.retrans_stamp != 0 ? ms_since_first(k.t, k.c) : first_us / 1000;
  const std::uint32_t patience = k.t.opt.user_timeout_ms;
  if (patience != 0 && waited_ms > patience) return true;
  std::uint32_t most_ms = 2 * k.l.rto_max_ms;
  if (patience != 0) most_ms = std::min(most_ms, patience);
  const auto silent = static_cast<std::int32_t>(jiffy(k.c) - k.t.last_heard);
  return silent > static_cast<std::int32_t>(jiffies_of_ms(most_ms, k.l)) && waited_ms > most_ms;
}

/// The peer took back a window that we had filled: what goes again probes it, as often as it takes,
/// as long as the peer answers. An orphan is not waited for so.
bool resend_into_closed_window(const context& k) {
  if (closed_window_timed_out(k)) return false;
  enter_loss(k);
  retransmit_segment(k, 0, false);
  return true;
}

/// tcp_retransmit_timer()
void retransmission_timeout(tcb& t, const limits& l, const clock& c, actions& out) {
  if (in_flight(t) == 0) {
    t.pending = pending::none;
    return;
  }
  const context k{t, transit_of(t, out), l, c, out};
  const bool closed = t.snd_wnd == 0 && !t.orphan;
  if (!(closed ? resend_into_closed_window(k) : resend_head(k))) {
    give_up(t, out);
    return;
  }
  if (t.backoff < 20) ++t.backoff;
  set_rto(t, l);
  t.pending = pending::retransmit;
  out.arm(timer::retransmit, clamped_rto(t, l, c));
}

void keepalive(tcb& t, const limits& l, const clock& c, actions& out) {
  if (t.orphan && t.st == state::fin_wait_2) {
    // The long way of an orphan (D.8): what is left of its time is spent as a record.
    const std::uint32_t timeout =
        t.opt.linger2_s > 0 ? static_cast<std::uint32_t>(t.opt.linger2_s) : l.fin_timeout_s;
    const std::uint64_t jiffies = std::max<std::uint64_t>(
        jiffies_of_s(timeout, l), (std::uint64_t{t.rto} << 2) - (t.rto >> 1));
    const std::uint64_t length = time_wait_length(l);
    finish(t, errc::ok, out);
    if (jiffies > length) {
      out.end = ending::fin_wait_2;
      out.end_delay = jiffies - length;
    }
    return;
  }
  if (!t.opt.keepalive || t.st == state::closed || t.st == state::syn_sent) return;
  const std::uint32_t idle_limit =
      jiffies_of_s(t.opt.keep_idle_s != 0 ? t.opt.keep_idle_s : l.keepalive_time_s, l);
  const std::uint32_t interval =
      jiffies_of_s(t.opt.keep_intvl_s != 0 ? t.opt.keep_intvl_s : l.keepalive_intvl_s, l);
  if (t.snd_una != t.write_seq) {
    out.arm(timer::keepalive, idle_limit);
    return;
  }
  const std::uint32_t heard =
      static_cast<std::int32_t>(t.last_receive - t.last_heard) > 0 ? t.last_receive : t.last_heard;
  const std::uint32_t idle = jiffy(c) - heard;
  if (idle < idle_limit) {
    out.arm(timer::keepalive, idle_limit - idle);
    return;
  }
  const unsigned most = t.opt.keep_cnt != 0 ? t.opt.keep_cnt : l.keepalive_probes;
  const bool over = t.opt.user_timeout_ms != 0
                        ? idle >= jiffies_of_ms(t.opt.user_timeout_ms, l) && t.probes > 0
                        : t.probes >= most;
  if (over) {
    send_reset(t, l, c, out);
    give_up(t, out);
    return;
  }
  out.count(counter::TcpExtTCPKeepAlive);
  compose(t, t.snd_una - 1, wire::ack, 0, l, c, out);
  ++t.probes;
  out.arm(timer::keepalive, interval);
}

void delayed_ack(tcb& t, const limits& l, const clock& c, actions& out) {
  if (!t.ack_timer) return;  // sent with something else meanwhile
  t.ack_timer = false;
  if (t.st == state::closed || !t.ack_scheduled) return;
  if (!pingpong(t, l)) {
    t.ack_ato = static_cast<std::uint16_t>(std::min<std::uint32_t>(t.ack_ato * 2U, t.rto));
  } else {
    t.ack_pingpong = 0;
    t.ack_ato = static_cast<std::uint16_t>(l.hz / 25);
  }
  out.count(counter::TcpExtDelayedACKs);
  send_ack(t, l, c, out);
}

}  // namespace

unsigned detail::boundary_of(const tcb& t, const limits& l) {
  if (!t.orphan) return l.retries2;
  if (l.orphan_retries != 0) return l.orphan_retries;
  return t.rto < jiffies_of_ms(l.rto_max_ms, l) ? 8 : 0;
}

void timer_expires(tcb& t, timer which, const limits& l, const clock& c, actions& out) {
  if (t.st == state::closed) return;
  switch (which) {
    case timer::delayed_ack:
      delayed_ack(t, l, c, out);
      return;
    case timer::keepalive:
      keepalive(t, l, c, out);
      return;
    case timer::retransmit:
      break;
  }
  if (t.pending == pending::none) return;  // everything was acknowledged meanwhile
  if (t.st == state::syn_sent || t.st == state::syn_received) {
    resend_syn(t, l, c, out);
    return;
  }
  switch (t.pending) {
    case pending::loss_probe:
      send_loss_probe({t, transit_of(t, out), l, c, out});
      return;
    case pending::reordering:
      reordering_timeout({t, transit_of(t, out), l, c, out});
      return;
    case pending::zero_window_probe:
      if (!window_probe({t, transit_of(t, out), l, c, out})) give_up(t, out);
      return;
    default:
      retransmission_timeout(t, l, c, out);
  }
}

}  // namespace fourtuple::tcp
