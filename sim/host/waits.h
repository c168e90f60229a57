// Waiting on a host: which waiters watch which socket, their deadlines, and the way to the ring. The
// same for TCP, UDP and plain sleeping.
#pragma once

#include <fourtuple/process.h>

#include <cstdint>
#include <vector>

#include "sim/host/surroundings.h"

namespace fourtuple::host {

/// What a socket keeps for those who wait for it.
struct watch_list {
  watch_ring ring;
  std::uint32_t wakes = 0;  ///< counts changes, for edge-triggered waits
};

/// What a wait asks of a socket: whom to tell, and what holds already.
struct watched {
  watch_list* list = nullptr;  ///< null: the descriptor names no socket
  ready_mask level = ready_err;
};

class waits {
 public:
  explicit waits(surroundings& world) : world_(world) {}

  /// Arms: its watches stand in their rings.
  void arm(waiter& w);
  /// The same where a watched level holds already, and no watch stands in a ring.
  void arm_ready(waiter& w);
  void cancel(waiter& w);
  void post(waiter& w);

  /// A socket changed: wakes who waits for any of `level` (err and hup always count).
  void wake(watch_list& list, ready_mask level);
  /// The deadline of alarm `index` came.
  void on_alarm(std::uint32_t index);

 private:
  [[gnu::noinline]] void arm_deadline(waiter& w);
  void queue(waiter& w, waiter::cause why);
  void disarm_and_queue(waiter& w, waiter::cause why);
  void disarm(waiter& w);
  /// The table's place for a deadline. 0 is none.
  std::uint32_t new_alarm(waiter& w);
  [[gnu::noinline]] std::uint32_t one_more_alarm();

  union alarm {
    waiter* whose;            ///< null: cancelled, its event is still on its way
    std::uint32_t next_free;  ///< where nobody's event is
  };

  surroundings& world_;
  std::vector<alarm> alarms_;     ///< from number 1 on
  std::uint32_t free_alarm_ = 0;  ///< the last that was freed
};

}  // namespace fourtuple::host
