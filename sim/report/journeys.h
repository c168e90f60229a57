// Packets from end to end: a log has one record for each link that a packet takes, a reader wants
// to see it leave one end and reach the other.
#pragma once

#include <optional>
#include <vector>

#include "sim/observe/packet_log.h"
#include "sim/report/conversations.h"
#include "sim/spec/spec.h"

namespace fourtuple::report {

/// A packet and all links it took.
struct journey {
  enum class end : std::uint8_t {
    there,      ///< with its destination
    unseen,     ///< on from the first router, where the log has one host's packets only
    lost,       ///< on a link, or a router did not pass it on
    under_way,  ///< when the run ended
  };
  const observe::packet_record* first = nullptr;  ///< as its sender let it go
  const observe::packet_record* last = nullptr;   ///< on its last link
  end how = end::there;
  [[nodiscard]] std::optional<instant> arrived_at() const {
    return how == end::there ? last->arrived_at : std::nullopt;
  }
};

/// The packets of a conversation in the order in which they were sent. Those of `log` must outlive
/// them.
[[nodiscard]] std::vector<journey> journeys(const conversation& c, const observe::packet_log& log,
                                            const spec::scenario& s);

/// Who has that address; `seen` where the file does not say (loopback, addresses of nobody).
[[nodiscard]] std::string owner_name(const spec::scenario& s, const ip_address& a,
                                     const std::string& seen);

}  // namespace fourtuple::report
