#include "sim/report/conversations.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace fourtuple::report {
namespace {

using observe::packet_record;

/// The ends of the conversation that a packet belongs to: of an ICMP error the quoted packet's.
std::pair<endpoint, endpoint> ends_of(const wire::frame& f) {
  if (const auto* m = f.icmp()) return {m->quoted_source, m->quoted_destination};
  return {f.source, f.destination};
}

bool is_tcp(const wire::frame& f) {
  return f.tcp() != nullptr || (f.icmp() != nullptr && f.icmp()->about_tcp);
}

/// Whether `p` opens a connection that is not the one that `c` is so far: its sender has begun that
/// one with another number. Who has sent nothing yet opens it from its side too.
bool begins_anew(const conversation& c, const packet_record& p) {
  const auto* s = p.packet.tcp();
  if (s == nullptr || !s->has(wire::syn) || s->has(wire::ack)) return false;
  if (c.packets.front()->packet.tcp() == nullptr) return true;
  const auto before = std::find_if(c.packets.begin(), c.packets.end(), [&](const auto* each) {
    return each->packet.tcp() != nullptr && each->packet.source == p.packet.source;
  });
  return before != c.packets.end() && (*before)->packet.tcp()->seq_number != s->seq_number;
}

}  // namespace

bool to_right(const conversation& c, const packet_record& p) {
  return p.packet.icmp() == nullptr ? p.packet.source == c.left : p.host == c.left_host;
}

std::vector<conversation> conversations(const observe::packet_log& log, std::size_t most,
                                        std::size_t& left_out) {
  std::vector<conversation> all;
  std::map<std::tuple<endpoint, endpoint, bool>, std::size_t> latest;
  left_out = 0;
  for (const auto& p : log.packets) {
    const auto [from, to] = ends_of(p.packet);
    const bool tcp = is_tcp(p.packet);
    const auto key = from < to ? std::tuple{from, to, tcp} : std::tuple{to, from, tcp};
    const auto known = latest.find(key);
    const bool again =
        known != latest.end() && known->second < all.size() && begins_anew(all[known->second], p);
    if (known == latest.end() || again) {
      latest[key] = all.size() + left_out;
      if (all.size() == most) {
        ++left_out;
        continue;
      }
      const bool answer =
          p.packet.icmp() != nullptr;  // to a packet that no capture has: a fragment
      all.push_back({from, to, answer ? p.to : p.host, answer ? p.host : p.to, tcp, {}});
    }
    const std::size_t number = latest[key];
    if (number < all.size()) all[number].packets.push_back(&p);
  }
  return all;
}

}  // namespace fourtuple::report
