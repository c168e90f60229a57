// How connections end: errors, resets, TIME-WAIT, orphans in FIN-WAIT-2 (reference D.6, D.8).
#include "sim/tcp/recovery.h"

namespace fourtuple::tcp::detail {

void finish(tcb& t, errc error, actions& out) {
  // tcp_done() counts them; close() and connect(AF_UNSPEC) of a half-open socket do without it.
  const bool opening = t.st == state::syn_sent || t.st == state::syn_received;
  if (opening && error != errc::ok) out.count(counter::TcpAttemptFails);
  // tcp_set_state(): an established connection that is closed without a handshake was reset.
  if (t.st == state::established || t.st == state::close_wait) out.count(counter::TcpEstabResets);
  if (error != errc::ok) {
    t.error = error;
    out.wakes |= wake_error;
  }
  t.st = state::closed;
  drop_transit(t, out);
  drop_cubic(t, out);
  t.pending = pending::none;
  t.ack_timer = t.ack_scheduled = false;
  out.end = ending::closed;
  out.wakes |= wake_readable | wake_writable | wake_hangup;
}

void reset_received(tcb& t, actions& out) {
  // tcp_reset(): refused while opening, a broken pipe once the peer had finished, else reset.
  const errc error = t.st == state::syn_sent     ? errc::econnrefused
                     : t.st == state::close_wait ? errc::epipe
                                                 : errc::econnreset;
  finish(t, error, out);
}

void enter_time_wait(tcb& t, const limits& l, actions& out) {
  finish(t, errc::ok, out);
  out.end = ending::time_wait;
  out.end_delay = time_wait_length(l);
}

void orphan_fin_wait_2(tcb& t, bool reply_reset, const wire::segment* cause, bool owned,
                       const limits& l, const clock& c, actions& out) {
  if (t.opt.linger2_s < 0) {
    if (reply_reset && cause != nullptr) {
      refuse(*cause, out);
      out.count(counter::TcpExtTCPAbortOnData);
    } else {
      send_reset(t, l, c, out);
      out.count(counter::TcpExtTCPAbortOnLinger);
    }
    finish(t, errc::ok, out);
    return;
  }
  const std::uint32_t timeout =
      t.opt.linger2_s != 0 ? static_cast<std::uint32_t>(t.opt.linger2_s) : l.fin_timeout_s;
  // tcp_fin_time(): at least 3.5 RTO.
  const std::uint64_t jiffies =
      std::max<std::uint64_t>(jiffies_of_s(timeout, l), (std::uint64_t{t.rto} << 2) - (t.rto >> 1));
  const std::uint64_t length = time_wait_length(l);
  if (jiffies > length) {
    out.arm(timer::keepalive, jiffies - length);
  } else if (owned || (cause != nullptr && cause->has(wire::fin))) {
    out.arm(timer::keepalive, jiffies);
  } else {
    finish(t, errc::ok, out);
    out.end = ending::fin_wait_2;
    out.end_delay = jiffies;
  }
}

}  // namespace fourtuple::tcp::detail
