// What a step of the state machine asks its host to do. One sink per host, cleared and reused.
#pragma once

#include <fourtuple/errc.h>

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "sim/tcp/cubic.h"
#include "sim/tcp/record_pool.h"
#include "sim/tcp/transit.h"
#include "sim/wire/segment.h"

namespace fourtuple::tcp {

/// The three timers of a Linux TCP socket (inet_connection_sock.h): each has one meaning at a time,
/// which the tcb knows. `retransmit` also serves SYN, loss probe and zero-window probe; `keepalive`
/// also the FIN-WAIT-2 of an orphan that outlives 60 s. As in the kernel the first two are not
/// stopped when there is nothing to wait for any more (inet_csk_clear_xmit_timer()): they fire to no
/// effect, or are moved when they are wanted again.
enum class timer : std::uint8_t { retransmit, delayed_ack, keepalive };
inline constexpr std::size_t timer_count = 3;

/// nstat counters that a step can move; the host adds them under the kernel's names.
#define FOURTUPLE_TCP_COUNTERS(X)                                                               \
  X(TcpActiveOpens) X(TcpPassiveOpens) X(TcpAttemptFails) X(TcpEstabResets) X(TcpRetransSegs)    \
  X(TcpOutRsts) X(TcpExtTW) X(TcpExtTWRecycled) X(TcpExtTWKilled) X(TcpExtListenOverflows)      \
  X(TcpExtListenDrops) X(TcpExtSyncookiesSent) X(TcpExtSyncookiesRecv)                           \
  X(TcpExtSyncookiesFailed) X(TcpExtTCPTimeWaitOverflow) X(TcpExtTCPAbortOnData)                 \
  X(TcpExtTCPAbortOnClose) X(TcpExtTCPAbortOnTimeout) X(TcpExtTCPAbortOnLinger)                  \
  X(TcpExtTCPAbortOnMemory)                                                                      \
  X(TcpExtTCPTimeouts) X(TcpExtTCPLossProbes) X(TcpExtTCPSynRetrans) X(TcpExtTCPReqQFullDrop)    \
  X(TcpExtTCPMigrateReqSuccess) X(TcpExtTCPMigrateReqFailure) X(TcpExtTCPRcvQDrop)               \
  X(TcpExtTCPReqQFullDoCookies) X(TcpExtPAWSActive) X(TcpExtPAWSEstab) X(TcpExtDelayedACKs)      \
  X(TcpExtTSEcrRejected)                                                                         \
  X(TcpExtDelayedACKLost) X(TcpExtTCPChallengeACK) X(TcpExtTCPSYNChallenge)                      \
  X(TcpExtEmbryonicRsts) X(TcpExtTCPDSACKOldSent) X(TcpExtTCPOFOQueue)                           \
  X(TcpExtTCPACKSkippedSynRecv) X(TcpExtTCPACKSkippedPAWS) X(TcpExtTCPACKSkippedSeq)             \
  X(TcpExtTCPACKSkippedFinWait2) X(TcpExtTCPACKSkippedTimeWait) X(TcpExtTCPACKSkippedChallenge) \
  X(TcpExtTCPKeepAlive) X(TcpExtTCPPureAcks) X(TcpExtTCPDeferAcceptDrop)                         \
  X(TcpExtTCPFromZeroWindowAdv) X(TcpExtTCPToZeroWindowAdv) X(TcpExtTCPWantZeroWindowAdv)        \
  X(TcpExtTCPAutoCorking) X(TcpExtTCPRcvCoalesce) X(TcpExtTCPOrigDataSent)                       \
  X(TcpExtTCPOFOMerge) X(TcpExtTCPDSACKOfoSent) X(TcpExtTCPDSACKRecv) X(TcpExtTCPDSACKOfoRecv)   \
  X(TcpExtTCPSACKDiscard) X(TcpExtTCPSACKReneging) X(TcpExtTCPSACKReorder)                       \
  X(TcpExtTCPTSReorder) X(TcpExtTCPRenoReorder) X(TcpExtTCPSackRecovery)                        \
  X(TcpExtTCPRenoRecovery) X(TcpExtTCPSackRecoveryFail) X(TcpExtTCPRenoRecoveryFail)            \
  X(TcpExtTCPLossFailures) X(TcpExtTCPSackFailures) X(TcpExtTCPRenoFailures)                    \
  X(TcpExtTCPFastRetrans) X(TcpExtTCPSlowStartRetrans) X(TcpExtTCPLostRetransmit)               \
  X(TcpExtTCPFullUndo) X(TcpExtTCPPartialUndo) X(TcpExtTCPDSACKUndo) X(TcpExtTCPLossUndo)       \
  X(TcpExtTCPHystartTrainDetect) X(TcpExtTCPHystartTrainCwnd)                                   \
  X(TcpExtTCPHystartDelayDetect) X(TcpExtTCPHystartDelayCwnd)                                   \
  X(TcpExtTCPSpuriousRTOs) X(TcpExtTCPLossProbeRecovery) X(TcpExtTCPRetransFail)

enum class counter : std::uint8_t {
#define FOURTUPLE_ENUMERATOR(name) name,
  FOURTUPLE_TCP_COUNTERS(FOURTUPLE_ENUMERATOR)
#undef FOURTUPLE_ENUMERATOR
      count_
};

/// What became of the connection in this step, beyond numbers in the tcb.
enum class ending : std::uint8_t {
  none,
  closed,       ///< state is CLOSED: unhash, cancel all timers; an orphan is freed
  time_wait,    ///< state was replaced by a TIME-WAIT record (make_time_wait)
  fin_wait_2,   ///< an orphan's FIN-WAIT-2 became a compact record likewise
};

/// Changes an application may be waiting for. A bit set; wakes pollers in the kernel's order.
enum wake : std::uint8_t { wake_readable = 1, wake_writable = 2, wake_error = 4, wake_hangup = 8 };

struct timer_request {
  std::uint32_t delay = 0;  ///< jiffies from now; 0: the next tick, as on the kernel's wheel
  enum class kind : std::uint8_t { keep, arm, cancel } what = kind::keep;
};

/// How far each has moved on one host.
using counter_values = std::array<std::uint64_t, static_cast<std::size_t>(counter::count_)>;

using transit_pool = record_pool<transit>;

/// What the connections of one host have beside their tcbs.
struct host_records {
  transit_pool transits;
  record_pool<cubic_state> cubics;
};

/// Filled by a step, carried out by the host afterwards: timers, then segments in order, then wakes
/// and the ending. What is counted is counted at once.
struct actions {
  /// Both are the host's; they outlive the sink.
  actions(host_records& records, counter_values& moved)
      : transits(&records.transits), cubics(&records.cubics), counters(&moved) {}

  transit_pool* transits;               ///< where tcb.transit points to
  record_pool<cubic_state>* cubics;     ///< where tcb.cubic points to
  counter_values* counters;
  std::vector<wire::segment> segments;  ///< to emit, in this order; payload ids are 0
  /// Told by the host beforehand: its own firewall refuses what the connection sends (EPERM, which
  /// TCP keeps to itself).
  bool refused = false;
  std::uint8_t timers_touched = 0;  ///< a bit for each that timer_of() does not say `keep` of
  std::uint8_t wakes = 0;
  ending end = ending::none;
  bool fin_due = false;  ///< within a step: what was missing came, and a FIN that was early is next
  std::uint64_t end_delay = 0;  ///< with ending::time_wait or fin_wait_2: jiffies the record lives
  /// Payload of the arrived segment that was taken into the receive buffer: sequence numbers
  /// [accepted_left, accepted_right), in order or not; empty: none. What became readable is the
  /// growth of readable(tcb).
  wire::seq accepted_left = 0;
  wire::seq accepted_right = 0;

  void clear() {
    segments.clear();
    refused = false;
    timers_touched = 0;
    wakes = 0;
    end = ending::none;
    fin_due = false;
    accepted_left = accepted_right = 0;
  }
  void count(counter c, std::uint64_t times = 1) {
    (*counters)[static_cast<std::size_t>(c)] += times;
  }
  void arm(timer t, std::uint64_t jiffies) {
    request(t, {static_cast<std::uint32_t>(jiffies), timer_request::kind::arm});
  }
  void cancel(timer t) { request(t, {0, timer_request::kind::cancel}); }
  /// f(timer, timer_request) for each that is not `keep`.
  template <class F>
  void each_timer(const F& f) const {
    for (unsigned left = timers_touched; left != 0; left &= left - 1) {
      const auto i = static_cast<unsigned>(std::countr_zero(left));
      f(static_cast<timer>(i), timers_[i]);
    }
  }
  [[nodiscard]] timer_request timer_of(timer t) const {
    const auto i = static_cast<unsigned>(t);
    return (timers_touched >> i & 1U) != 0 ? timers_[i] : timer_request{};
  }

 private:
  void request(timer t, timer_request r) {
    const auto i = static_cast<unsigned>(t);
    timers_[i] = r;
    timers_touched = static_cast<std::uint8_t>(timers_touched | 1U << i);
  }
  std::array<timer_request, timer_count> timers_{};  ///< meant where timers_touched says so
};

}  // namespace fourtuple::tcp
