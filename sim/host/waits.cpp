#include "sim/host/waits.h"

#include <utility>

namespace fourtuple::host {

namespace {

void begin(waiter& w) {
  w.pending = true;
  w.queued = false;
  w.why = waiter::cause::none;
  w.has_alarm = false;
}

}  // namespace

void waits::arm(waiter& w) {
  begin(w);
  if (w.deadline != never) arm_deadline(w);
}

void waits::arm_ready(waiter& w) {
  begin(w);
  queue(w, waiter::cause::ready);
}

void waits::arm_deadline(waiter& w) {
  if (w.deadline <= world_.now()) {
    disarm_and_queue(w, waiter::cause::deadline);
  } else {
    w.has_alarm = true;
    w.slot = new_alarm(w);
    world_.schedule_alarm(w.deadline, w.slot);
  }
}

std::uint32_t waits::new_alarm(waiter& w) {
  const std::uint32_t index = free_alarm_ != 0 ? free_alarm_ : one_more_alarm();
  free_alarm_ = alarms_[index].next_free;
  alarms_[index].whose = &w;
  return index;
}

std::uint32_t waits::one_more_alarm() {
  if (alarms_.empty()) alarms_.push_back({.whose = nullptr});  // number 0 is none
  alarms_.push_back({.next_free = 0});
  return static_cast<std::uint32_t>(alarms_.size() - 1);
}

void waits::disarm(waiter& w) {
  for (watch* each = w.watches(); each != nullptr; each = each->following()) each->unlink();
  if (!w.has_alarm) return;
  alarms_[w.slot].whose = nullptr;
  w.has_alarm = false;
}

void waits::disarm_and_queue(waiter& w, waiter::cause why) {
  disarm(w);
  queue(w, why);
}

void waits::queue(waiter& w, waiter::cause why) {
  w.why = why;
  w.queued = true;
  world_.ring_push(w);
}

void waits::cancel(waiter& w) {
  if (!w.pending) return;
  if (w.queued) {
    world_.ring_remove(w);
    w.queued = false;
  } else {
    disarm(w);
  }
  w.pending = false;
}

void waits::post(waiter& w) {
  if (w.queued) return;
  w.pending = true;
  disarm_and_queue(w, waiter::cause::posted);
}

void waits::wake(watch_list& list, ready_mask level) {
  ++list.wakes;
  while (watch* const w = list.ring.first_that_wants(level)) {
    w->now = level;
    w->seen = list.wakes;
    disarm_and_queue(*w->owner, waiter::cause::ready);  // all that it watches
  }
}

void waits::on_alarm(std::uint32_t index) {
  waiter* const w = alarms_[index].whose;
  alarms_[index].next_free = std::exchange(free_alarm_, index);
  if (w == nullptr) return;
  w->has_alarm = false;
  disarm_and_queue(*w, waiter::cause::deadline);
}

}  // namespace fourtuple::host
