// When a connect() may take the four-tuple of a TIME-WAIT: tcp_twsk_unique(), one rule for the
// program that bound the port itself and one for the port that connect() chooses.
#pragma once

#include <cstdint>

#include "sim/ports/rules.h"
#include "sim/ports/tuple_table.h"
#include "sim/wire/four_tuple.h"

namespace fourtuple::ports {

/// What the rule asks of a TIME-WAIT record (either substate).
struct time_wait_facts {
  bool has_timestamps = false;         ///< tw_ts_recent_stamp != 0
  bool fin_wait_2 = false;             ///< substate FIN-WAIT-2
  bool bound_to_loopback = false;      ///< SO_BINDTODEVICE lo
  std::int64_t entry_ms = 0;           ///< kernel_time::ms when substate TIME-WAIT was entered
  std::int64_t ts_recent_stamp_s = 0;  ///< kernel_time::seconds of the last timestamped segment
};

/// The records that four-tuples lead to, as ports see them. Implemented by the owner of the slabs.
class records {
 public:
  virtual ~records() = default;
  [[nodiscard]] virtual const wire::four_tuple& tuple_of(entry e) const = 0;
  [[nodiscard]] virtual time_wait_facts time_wait(std::uint32_t index) const = 0;
};

/// The port was bound by the program: tcp_tw_reuse, substate and age do not matter.
[[nodiscard]] constexpr bool reusable_explicitly(const time_wait_facts& f) {
  return f.has_timestamps;
}

/// Could an automatic connect() ever take it? `loopback`: either address is one.
[[nodiscard]] constexpr bool reusable_at_all(const time_wait_facts& f, const rules& r,
                                             bool loopback) {
  if (!f.has_timestamps || f.fin_wait_2) return false;
  return r.tw_reuse == 1 || (r.tw_reuse == 2 && (loopback || f.bound_to_loopback));
}

/// The first reading of reuse_clock() at which it may.
[[nodiscard]] constexpr std::int64_t ripe_at(const time_wait_facts& f, const rules& r) {
  return r.reuse_clock == profile::tw_reuse_clock::milliseconds
             ? f.entry_ms + r.tw_reuse_delay_ms + 1
             : f.ts_recent_stamp_s + 1;
}
[[nodiscard]] constexpr std::int64_t reuse_clock(const kernel_time& now, const rules& r) {
  return r.reuse_clock == profile::tw_reuse_clock::milliseconds ? now.ms : now.seconds;
}

/// May an automatic connect() take it now?
[[nodiscard]] constexpr bool reusable(const time_wait_facts& f, const rules& r, bool loopback,
                                      const kernel_time& now) {
  return reusable_at_all(f, r, loopback) && reuse_clock(now, r) >= ripe_at(f, r);
}

}  // namespace fourtuple::ports
