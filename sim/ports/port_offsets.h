// draws::port_offset() of the destination last asked for: a client connects to one server again and
// again, and within a window of 10 s it is told the same.
#pragma once

#include <cstdint>

#include "sim/ports/draws.h"
#include "sim/wire/four_tuple.h"

namespace fourtuple::ports {

class port_offsets {
 public:
  [[nodiscard]] std::uint64_t of(const wire::four_tuple& t, std::uint64_t window, const draws& d) {
    const question now{t.local, t.remote, window, t.remote_port};
    if (now != asked_) {
      asked_ = now;
      answer_ = d.port_offset(t, window);
    }
    return answer_;
  }

 private:
  struct question {
    wire::address_id local;
    wire::address_id remote;
    std::uint64_t window = UINT64_MAX;  ///< no such window: nothing was asked yet
    std::uint16_t remote_port = 0;
    friend bool operator==(const question&, const question&) = default;
  };
  question asked_;
  std::uint64_t answer_ = 0;
};

}  // namespace fourtuple::ports
