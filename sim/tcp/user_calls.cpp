// What the application asks beside SEND (write_queue.cpp): RECEIVE, CLOSE, ABORT and options with
// an effect (RFC 9293 3.10.2 to 3.10.5; tcp.c; reference D.1, D.7, D.8).
#include "sim/tcp/recovery.h"

namespace fourtuple::tcp {

using namespace detail;

void app_read(tcb& t, std::uint32_t bytes, const limits& l, const clock& c, actions& out) {
  const bool open = t.st != state::closed && t.st != state::syn_sent;
  if (t.transit == 0 && bytes == readable(t)) [[likely]] {  // all there is, and one buffer
    t.copied_seq += bytes;
    if (open && bytes != 0) adjust_receive_space(t, l, c, out);
  } else {
    for (std::uint32_t left = bytes; left != 0;) {
      const std::uint32_t chunk = one_buffer_of(t, left, out);
      text_read(t, chunk, out);
      t.copied_seq += chunk;
      left -= chunk;
      if (open) adjust_receive_space(t, l, c, out);
    }
  }
  if (!open) return;
  // tcp_cleanup_rbuf(): an ACK that waited for the reader, or a window that has opened much.
  bool now = false;
  if (t.ack_scheduled) {
    const bool drained = t.copied_seq == t.rcv_nxt;
    now = t.rcv_nxt - t.rcv_wup > t.rcv_mss ||
          (drained && (t.ack_pushed2 || (t.ack_pushed && !pingpong(t, l))));
  }
  if (!now && bytes != 0 && !t.shut_rd) {
    const std::uint32_t left = receive_window(t);
    if (2 * left <= window_clamp(t, l)) {
      const std::uint32_t could = next_window(t, l, out);
      now = could != 0 && could >= 2 * left;
    }
  }
  if (now) send_ack(t, l, c, out);
}

void shutdown_write(tcb& t, const limits& l, const clock& c, actions& out) {
  t.shut_wr = true;
  switch (t.st) {
    case state::established:
      t.st = state::fin_wait_1;
      break;
    case state::close_wait:
      t.st = state::last_ack;
      break;
    default:
      return;  // SYN-RECEIVED: the FIN follows when the handshake is complete
  }
  queue_fin(t, l, c, out);
}

void abort(tcb& t, const limits& l, const clock& c, actions& out) {
  const state before = t.st;
  if (before == state::closed) {
    t.copied_seq = t.rcv_nxt;  // what is left to read goes, the end of file too
    return;
  }
  const bool unsent_close =
      (before == state::closing || before == state::last_ack) && t.snd_nxt != t.write_seq;
  const bool reset = before == state::established || before == state::close_wait ||
                     before == state::fin_wait_1 || before == state::fin_wait_2 ||
                     before == state::syn_received || unsent_close;
  if (reset && before != state::listen) send_reset(t, l, c, out);
  const bool error = reset || before == state::syn_sent;
  finish(t, errc::ok, out);
  if (error) t.error = errc::econnreset;
  t.copied_seq = t.rcv_nxt;
}

void close(tcb& t, std::uint32_t unread, const limits& l, const clock& c, actions& out) {
  t.shut_rd = t.shut_wr = true;
  if (!t.opt.linger_waits) t.orphan = true;
  if (t.st == state::closed) return;
  if (unread != 0 && t.st != state::syn_sent) {
    // Data nobody has read is data lost: the peer must know (RFC 2525 2.17).
    out.count(counter::TcpExtTCPAbortOnClose);
    send_reset(t, l, c, out);
    finish(t, errc::ok, out);
    return;
  }
  if (t.opt.linger_zero) {
    out.count(counter::TcpExtTCPAbortOnData);
    abort(t, l, c, out);
    return;
  }
  switch (t.st) {
    case state::syn_sent:
      finish(t, errc::ok, out);
      return;
    case state::syn_received:
    case state::established:
      t.st = state::fin_wait_1;
      queue_fin(t, l, c, out);
      break;
    case state::close_wait:
      t.st = state::last_ack;
      queue_fin(t, l, c, out);
      break;
    default:
      break;
  }
}

void orphan(tcb& t, const limits& l, const clock& c, actions& out) {
  t.orphan = true;
  if (t.st == state::fin_wait_2) orphan_fin_wait_2(t, false, nullptr, false, l, c, out);
}

void set_nodelay(tcb& t, bool on, const limits& l, const clock& c, actions& out) {
  t.opt.nodelay = on;
  if (on && (t.st == state::established || t.st == state::close_wait))
    push_pending(t, l, c, out, true);
}

void set_cork(tcb& t, bool on, const limits& l, const clock& c, actions& out) {
  t.opt.cork = on;
  // Nagle's rule stands again (__tcp_sock_set_cork()): only TCP_NODELAY sends what it would hold.
  if (!on && (t.st == state::established || t.st == state::close_wait))
    push_pending(t, l, c, out, t.opt.nodelay);
}

void set_keepalive(tcb& t, bool on, const limits& l, const clock&, actions& out) {
  const bool was = t.opt.keepalive;
  t.opt.keepalive = on;
  if (t.st == state::closed || t.st == state::listen || was == on) return;
  if (on) {
    out.arm(timer::keepalive,
            jiffies_of_s(t.opt.keep_idle_s != 0 ? t.opt.keep_idle_s : l.keepalive_time_s, l));
  } else {
    out.cancel(timer::keepalive);
  }
}

void set_keep_idle(tcb& t, std::uint16_t idle, const limits& l, const clock& c, actions& out) {
  t.opt.keep_idle_s = idle;
  if (!t.opt.keepalive || t.st == state::closed || t.st == state::listen) return;
  const std::uint32_t gone = jiffy(c) - std::max(t.last_receive, t.last_heard);
  const std::uint32_t whole = jiffies_of_s(idle, l);
  out.arm(timer::keepalive, whole > gone ? whole - gone : 0);
}

void set_quickack(tcb& t, bool on, const limits& l, const clock& c, actions& out) {
  t.ack_pingpong = on ? 0 : l.pingpong_thresh;
  if (on && t.ack_scheduled && (t.st == state::established || t.st == state::close_wait))
    send_ack(t, l, c, out);
}

void set_rcvbuf(tcb& t, std::uint32_t bytes) {
  t.opt.rcvbuf = bytes;
  t.opt.rcvbuf_locked = true;
}
void set_sndbuf(tcb& t, std::uint32_t bytes) {
  t.opt.sndbuf = bytes;
  t.opt.sndbuf_locked = true;
}

}  // namespace fourtuple::tcp
