// What a simulated kernel needs of the world around it: time, a way out for packets, a ring for
// wake-ups and the shared pools. Implemented by sim/engine; a test may bring its own.
#pragma once

#include <fourtuple/process.h>
#include <fourtuple/result.h>
#include <fourtuple/time.h>

#include <cstdint>

#include "sim/wire/address_table.h"
#include "sim/wire/packet.h"
#include "sim/wire/payload_pool.h"

namespace fourtuple::host {

/// Where packets to a destination go.
struct route {
  wire::address_id source;  ///< preferred source address (RFC 6724 reduced to: same family, first)
  std::uint32_t mtu = 1500;
  bool loopback = false;
};

/// A host's own view of the world. Entity numbers and event keys are the engine's business.
class surroundings {
 public:
  virtual ~surroundings() = default;

  [[nodiscard]] virtual instant now() const = 0;

  /// ENETUNREACH where nothing leads there.
  [[nodiscard]] virtual result<route> find_route(wire::address_id destination) const = 0;
  /// Hands a packet to the network. Over a path without delay it is processed before this returns,
  /// unless a soft interrupt is running: then it waits in the FIFO of the cluster.
  virtual void emit(const wire::packet& p) = 0;
  /// A packet or a timer is being processed, as opposed to a system call.
  [[nodiscard]] virtual bool in_soft_interrupt() const = 0;

  /// One call of on_timer_token() at that instant; a wheel asks once per bucket.
  virtual void schedule_timer_token(instant at) = 0;
  /// One call of on_alarm(index) at that instant.
  virtual void schedule_alarm(instant at, std::uint32_t index) = 0;

  /// The ring of woken waiters, run when the event at hand is done.
  virtual void ring_push(waiter& w) = 0;
  virtual void ring_remove(waiter& w) = 0;

  [[nodiscard]] virtual wire::address_table& addresses() = 0;
  [[nodiscard]] virtual wire::payload_pool& payloads() = 0;
  virtual void* allocate_frame(std::size_t size) = 0;
  virtual void free_frame(void* frame, std::size_t size) noexcept = 0;

  /// A process has called finished().
  virtual void process_finished(process& p) = 0;
};

}  // namespace fourtuple::host
