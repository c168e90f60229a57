// What is left of a connection in TIME-WAIT, and of an orphan's FIN-WAIT-2 (inet_timewait_sock): a
// compact record with a step function of its own (tcp_timewait_state_process, reference D.9). The host
// owns the timer and the hash; sim/ports asks the reuse inputs.
#pragma once

#include <cstdint>

#include "sim/tcp/actions.h"
#include "sim/tcp/limits.h"
#include "sim/tcp/tcb.h"
#include "sim/wire/segment.h"

namespace fourtuple::tcp {

struct time_wait {
  wire::four_tuple tuple;
  seq snd_nxt = 0;
  seq rcv_nxt = 0;
  std::uint32_t rcv_wnd : 30 = 0;
  bool fin_wait_2 : 1 = false;   ///< substate
  bool short_lived : 1 = false;  ///< tw_kill: the host's, counted as TWKilled when it ends
  std::uint32_t ts_recent = 0;
  /// Second; 0: the connection had no time stamps. DEVIATION: of a world's first four years.
  std::uint32_t ts_recent_stamp_s : 27 = 0;
  std::uint32_t rcv_wscale : 4 = 0;
  /// The TSval of its ACKs is counted from the connection's own offset, which the host knows from
  /// the four-tuple (secure_tcp_ts_off()) and adds.
  bool own_ts_offset : 1 = false;
  std::uint32_t entry_ms = 0;      ///< tw_entry_stamp, for reuse from 6.14 on (A.5)
  std::uint32_t last_oow_ack = 0;  ///< jiffy + 1; 0: never (D.5)

  [[nodiscard]] bool has_timestamps() const { return ts_recent_stamp_s != 0; }
  friend bool operator==(const time_wait&, const time_wait&) = default;
};
static_assert(sizeof(time_wait) == 40);

/// The record that replaces `t` after a step ended with ending::time_wait or ending::fin_wait_2. Its
/// timer is actions.end_delay jiffies.
[[nodiscard]] time_wait make_time_wait(const tcb& t, ending why, const limits& l, const clock& c);

enum class time_wait_verdict : std::uint8_t {
  keep,     ///< nothing changes (an ACK may be in out.segments)
  kill,     ///< delete the record; a RST may be in out.segments
  restart,  ///< set the timer to time_wait_length(); an ACK may be in out.segments
  syn,      ///< a SYN that may open a new connection: if a listener matches, delete the record and
            ///< hand it the SYN with ISN isn_after_reuse(); else call refuse_syn()
};

[[nodiscard]] time_wait_verdict time_wait_segment(time_wait& w, const wire::segment& s,
                                                  const limits& l, const clock& c, actions& out);
/// No listener for the SYN: it is answered as any other segment (D.9, rule 2): ACK; returns restart
/// or keep.
[[nodiscard]] time_wait_verdict refuse_syn(time_wait& w, const wire::segment& s, const limits& l,
                                           const clock& c, actions& out);

/// Jiffies that TIME-WAIT lasts: TCP_TIMEWAIT_LEN.
[[nodiscard]] inline std::uint64_t time_wait_length(const limits& l) {
  return std::uint64_t{l.time_wait_s} * l.hz;
}
/// The ISN of a connection that takes the place of this one (tw_snd_nxt + 65537, never 0): its
/// sequence numbers and, with ts_recent inherited, its time stamps follow the old ones.
[[nodiscard]] inline seq isn_after_reuse(const time_wait& w) {
  const seq n = w.snd_nxt + 65535 + 2;
  return n == 0 ? 1 : n;
}

}  // namespace fourtuple::tcp
