// Waiting on the real kernel: one epoll for all sockets of a world, deadlines, and the ring of
// woken waiters, which run one after the other and never inside the call that woke them.
#pragma once

#include <fourtuple/process.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <set>
#include <utility>
#include <vector>

#include "sim/real/descriptor.h"

namespace fourtuple::real {

/// A socket that may be waited for: its descriptor and who waits.
struct watched {
  int fd = -1;
  watch_ring ring;
  std::uint32_t wakes = 0;  ///< counts changes, for edge-triggered waits
};

class event_loop {
 public:
  event_loop();

  /// Time since start(); 0 before it.
  [[nodiscard]] instant now() const;
  void start();

  /// Registers a socket, until drop().
  void add(watched& w);
  /// Before its descriptor is closed: epoll keeps a registration while any descriptor of the same
  /// open file is left (epoll(7), Q6), a dup() or what a spawned program inherits until it execs.
  void drop(const watched& w);
  /// Level of readiness now (poll(2) with timeout 0).
  [[nodiscard]] static ready_mask level(const watched& w);

  /// Arms; each watch of `w` stands in its socket's ring.
  void arm(waiter& w, bool ready_now);
  void cancel(waiter& w);
  void post(waiter& w);
  /// The socket is about to be closed: whoever watches it looks again.
  void forget(watched& w);
  /// Wakes with hang-up once `over` is true, which a thread sets (a close() that lingers). `w` must
  /// stay until then, or be forgotten.
  void watch_for(watched& w, const std::atomic<bool>& over) { coming_.push_back({&w, &over}); }

  /// Runs what is due, then waits until something is, at most until `until` or for `at_most`. A
  /// deadline after `until` stays, though it may have passed meanwhile: what the caller does at
  /// `until` comes first.
  void turn(instant until, duration at_most);
  [[nodiscard]] std::uint64_t wakeups() const { return wakeups_; }

 private:
  struct coming {
    watched* socket;
    const std::atomic<bool>* over;
  };
  void wake(watched& w, ready_mask level);
  void look_for_coming();
  void queue(waiter& w, waiter::cause why);
  void disarm(waiter& w);
  void run_ring();
  void collect_deadlines(instant until);

  file epoll_;
  std::int64_t start_ = 0;
  std::set<std::pair<instant, waiter*>> deadlines_;
  std::deque<waiter*> ring_;
  std::vector<coming> coming_;
  std::uint64_t wakeups_ = 0;
};

}  // namespace fourtuple::real
