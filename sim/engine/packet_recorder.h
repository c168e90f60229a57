// Puts the packets of the simulated network into an observe::packet_log.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/host/surroundings.h"
#include "sim/observe/packet_log.h"
#include "sim/wire/packet.h"

namespace fourtuple::engine {

class packet_recorder {
 public:
  packet_recorder(const host::commons& shared, std::vector<std::string> host_names,
                  observe::packet_log& log)
      : shared_(shared), names_(std::move(host_names)), log_(log) {}

  /// The packet was given number `record` of the packets in flight.
  void sent(const wire::packet& p, std::uint32_t record, std::uint32_t from, std::uint32_t to,
            std::uint8_t ttl);
  void arrived(std::uint32_t record);
  /// The network has lost it.
  void lost(std::uint32_t record);
  /// Number `record` bears a packet that is not to be seen: a duplicate the network made.
  void forget(std::uint32_t record) {
    if (record < places_.size()) places_[record] = 0;
  }

 private:
  [[nodiscard]] wire::frame frame_of(const wire::packet& p) const;
  [[nodiscard]] endpoint name(wire::address_id a, std::uint16_t port) const {
    return {shared_.addresses.at(a), port};
  }
  [[nodiscard]] std::string bytes(std::uint32_t payload, std::uint32_t length) const;

  const host::commons& shared_;
  std::vector<std::string> names_;
  observe::packet_log& log_;
  std::vector<std::uint64_t> places_;  ///< by number in flight: 1 + index in the log; 0: not in it
};

}  // namespace fourtuple::engine
