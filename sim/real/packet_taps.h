// Captures of the real network: a ring (capture_ring.h) in each host's network namespace, and what
// they saw as one packet_log, as the simulated network fills it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/observe/packet_log.h"
#include "sim/real/capture_ring.h"

namespace fourtuple::real {

/// A packet as one host's interface saw it.
struct sight {
  instant at{};
  std::size_t host = 0;   ///< index of the tap
  bool outgoing = false;  ///< else coming in; loopback shows both
  wire::frame packet;
};

/// Packets from what all hosts saw: each outgoing one, with its arrival where the host that has its
/// destination saw it come in. Sights of one tap must be in order. What came in without anybody's
/// having sent it (a host that is not tapped) is left out. Ordered by time, of equal ones by tap.
class sight_merger {
 public:
  sight_merger(std::vector<std::string> hosts, observe::packet_log& log)
      : hosts_(std::move(hosts)), log_(log) {}
  void add(sight s) { sights_.push_back(std::move(s)); }
  /// Puts all into the log, and forgets them.
  void finish();

 private:
  std::vector<std::string> hosts_;
  observe::packet_log& log_;
  std::vector<sight> sights_;
};

/// The taps of one run. A tap sees the namespace in which it was opened, whatever thread reads it.
class packet_taps {
 public:
  /// For so many hosts. `log` must outlive this.
  packet_taps(observe::packet_log& log, std::size_t hosts);
  /// The run's instant 0; what was seen before is forgotten.
  void zero_is_now();

  /// Opens a tap in the calling thread's network namespace: needs CAP_NET_RAW in the user namespace
  /// that owns it. 0, or errno.
  [[nodiscard]] int open(std::string host);
  /// Takes what waits in the taps' memory.
  void drain();
  /// Drains and fills the log; packets that the kernel had no room for count as left out.
  void finish();

 private:
  struct tap {
    std::string host;
    capture_ring ring;
  };

  std::int64_t zero_ns_ = 0;  ///< CLOCK_REALTIME at instant 0
  observe::packet_log& log_;
  std::size_t bytes_each_;
  std::vector<tap> taps_;
  std::vector<sight> sights_;
};

}  // namespace fourtuple::real
