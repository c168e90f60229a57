// A process that begins nothing new after a given time: it ends what it has begun.
#pragma once

#include <algorithm>

#include "sim/run/forwarding_process.h"

namespace fourtuple::run {

/// Who only sleeps, and would wake after `last`, sleeps for ever; who waits for a socket goes on.
/// So no load opens a connection then, and a request that is under way still gets its reply. The
/// clock stands still at `last`: a program that is late has nothing more to catch up with.
class closing_process final : public forwarding_process {
 public:
  closing_process(process& inner, instant last) : forwarding_process(inner), last_(last) {}

  void wait(waiter& w) override {
    if (w.watches() == nullptr && w.deadline > last_) w.deadline = never;
    inner_.wait(w);
  }
  [[nodiscard]] instant now() const override { return std::min(inner_.now(), last_); }

 private:
  instant last_;
};

}  // namespace fourtuple::run
