// What a simulated kernel needs of the world around it: time, a way out for packets, a ring for
// wake-ups and the shared pools. Implemented by sim/engine; a test may bring its own.
#pragma once

#include <fourtuple/process.h>
#include <fourtuple/result.h>
#include <fourtuple/time.h>

#include <cstdint>
#include <utility>

#include "sim/core/frame_pool.h"
#include "sim/core/ring.h"
#include "sim/wire/address_table.h"
#include "sim/wire/packet.h"
#include "sim/wire/payload_pool.h"

namespace fourtuple::host {

/// Where packets to a destination go.
struct route {
  wire::address_id source;  ///< preferred source address (RFC 6724 reduced to: same family, first)
  std::uint32_t mtu = 1500;
  bool loopback = false;
  bool direct = false;  ///< packets arrive as the buffers they were sent as: no wire, no delay
};

/// What all hosts of one world have in common. Plain members, because every step asks for them.
struct commons {
  instant now{};
  /// A packet or a timer is being processed, as opposed to a system call.
  bool in_soft_interrupt = false;
  wire::address_table addresses;
  wire::payload_pool payloads;
  core::frame_pool frames;
  /// Woken waiters, run when the event at hand is done.
  core::ring<waiter*> ring;
};

class bh_disabled;

/// A host's own view of the world. Entity numbers and event keys are the engine's business.
class surroundings {
 public:
  explicit surroundings(commons& shared) : shared_(shared) {}
  virtual ~surroundings() = default;
  surroundings(const surroundings&) = delete;
  surroundings& operator=(const surroundings&) = delete;

  [[nodiscard]] instant now() const { return shared_.now; }
  [[nodiscard]] bool in_soft_interrupt() const { return shared_.in_soft_interrupt; }
  [[nodiscard]] wire::address_table& addresses() const { return shared_.addresses; }
  [[nodiscard]] wire::payload_pool& payloads() const { return shared_.payloads; }
  [[nodiscard]] core::frame_pool& frames() const { return shared_.frames; }
  void ring_push(waiter& w) { w.slot = shared_.ring.push(&w); }
  void ring_remove(waiter& w) { shared_.ring.at(w.slot) = nullptr; }

  /// ENETUNREACH where nothing leads there.
  [[nodiscard]] virtual result<route> find_route(wire::address_id destination) const = 0;
  /// Hands a packet to the network. Over a path without delay it is processed before this returns,
  /// unless a soft interrupt is running: then it waits in the FIFO of the cluster.
  virtual void emit(const wire::segment& s) = 0;
  virtual void emit(const wire::datagram& d) = 0;
  virtual void emit(const wire::icmp_error& e) = 0;

  /// One call of on_timer_token() at that instant; a wheel asks once per bucket.
  virtual void schedule_timer_token(instant at) = 0;
  /// One call of on_alarm(index) at that instant.
  virtual void schedule_alarm(instant at, std::uint32_t index) = 0;

  /// A process has called finished().
  virtual void process_finished(process& p) = 0;

 protected:
  commons& shared_;

 private:
  friend class bh_disabled;
};

/// local_bh_disable(): as long as it lives nothing that is sent is processed, wherever it goes.
/// What waits then is processed with the next packet, or when the event at hand ends.
class bh_disabled {
 public:
  explicit bh_disabled(surroundings& w)
      : state_(w.shared_.in_soft_interrupt), before_(std::exchange(state_, true)) {}
  bh_disabled(const bh_disabled&) = delete;
  bh_disabled& operator=(const bh_disabled&) = delete;
  ~bh_disabled() { state_ = before_; }

 private:
  bool& state_;
  bool before_;
};

}  // namespace fourtuple::host
