#include "sim/report/journeys.h"

#include <algorithm>
#include <map>
#include <utility>

#include "sim/wire/codec.h"

namespace fourtuple::report {
namespace {

using observe::packet_record;

/// Whether a router may have made `b` of `a`: all but the hop limit is alike.
bool same_packet(const packet_record& a, const packet_record& b) {
  if (a.packet.source != b.packet.source || a.packet.destination != b.packet.destination)
    return false;
  wire::frame passed_on = b.packet;
  passed_on.ttl = a.packet.ttl;
  return wire::encode(a.packet) == wire::encode(passed_on);
}

bool at_its_destination(const packet_record& p, const spec::scenario& s) {
  return owner_name(s, p.packet.destination.address, p.to) == p.to;
}

/// A router passes a packet on at the instant at which it arrives there.
using place = std::pair<instant, std::string>;

}  // namespace

std::string owner_name(const spec::scenario& s, const ip_address& a, const std::string& seen) {
  const auto owner = spec::owner_of(s, a);
  return owner ? spec::host_name(s, *owner) : seen;
}

std::vector<journey> journeys(const conversation& c, const observe::packet_log& log,
                              const spec::scenario& s) {
  std::vector<journey> out;
  std::map<place, std::vector<std::size_t>> at_routers;  // indices of `out`
  for (const auto* p : c.packets) {
    std::size_t number = out.size();
    if (const auto here = at_routers.find({p->at, p->host}); here != at_routers.end()) {
      auto& waiting = here->second;
      const auto mine = std::find_if(waiting.begin(), waiting.end(),
                                     [&](std::size_t i) { return same_packet(*out[i].last, *p); });
      if (mine != waiting.end()) {
        number = *mine;
        waiting.erase(mine);
      }
    }
    if (number == out.size()) out.push_back({p, p});
    out[number].last = p;
    if (p->arrived_at && !at_its_destination(*p, s))
      at_routers[{*p->arrived_at, p->to}].push_back(number);
  }
  const bool whole = !log.only_host && log.left_out == 0;
  for (auto& j : out) {
    if (!j.last->arrived_at) {
      j.how = j.last->lost ? journey::end::lost : journey::end::under_way;
    } else if (!at_its_destination(*j.last, s)) {
      j.how = whole ? journey::end::lost : journey::end::unseen;
    }
  }
  return out;
}

}  // namespace fourtuple::report
