// Datagrams and ICMP errors arrive (__udp4_lib_rcv(), __udp4_lib_err()): which socket hears them.
#include <algorithm>
#include <vector>

#include "sim/host/reuseport.h"
#include "sim/host/udp_memory.h"
#include "sim/host/udp_stack.h"
#include "sim/wire/icmp.h"

namespace fourtuple::host {

int udp_stack::score(const udp_socket& s, const wire::four_tuple& t) const {
  // compute_score(): t as this host sees it.
  const bool v4 = parts_.world.addresses().family_of(t.local) == family::inet;
  int points = s.family == family::inet ? 2 : 1;
  if (wire::is_any(s.address)) {
    const bool hears = s.address == wire::any_v4 ? v4 : (!v4 || !s.v6only);
    if (!hears) return -1;
  } else if (s.address != t.local) {
    return -1;
  } else {
    points += 100;  // the first pass, over sockets of exactly this address, comes first
  }
  if (s.connected || (!v4 && !wire::is_any(s.peer))) {
    if (s.peer != t.remote) return -1;
    points += 4;
  }
  if (s.peer_port != 0) {
    if (s.peer_port != t.remote_port) return -1;
    points += 4;
  }
  return points;
}

std::uint32_t udp_stack::find(const wire::four_tuple& t) const {
  const auto here = by_port_.find(t.local_port);
  if (here == by_port_.end()) return 0;
  std::uint32_t best = 0;
  int most = -1;
  const auto look_at = [&](std::uint32_t i) {
    const int points = score(sockets_[i], t);
    if (points <= most) return;
    best = i;
    most = points;
  };
  // As they stand in their chain: the newest first, those that stand last behind them.
  for (auto i = here->second.rbegin(); i != here->second.rend(); ++i)
    if (!sockets_[*i].stands_last) look_at(*i);
  for (const std::uint32_t i : here->second)
    if (sockets_[i].stands_last) look_at(i);
  if (best == 0 || !sockets_[best].reuseport || sockets_[best].connected) return best;
  return member_for(best, here->second, t);
}

std::uint32_t udp_stack::member_for(std::uint32_t best, const std::vector<std::uint32_t>& here,
                                    const wire::four_tuple& t) const {
  // udp_lib_lport_inuse2(), reuseport_select_sock(): a group is of one address and one user.
  const udp_socket& leader = sockets_[best];
  std::vector<std::uint32_t> group;
  for (const std::uint32_t i : here) {
    const udp_socket& s = sockets_[i];
    if (s.reuseport && s.address == leader.address && s.uid == leader.uid &&
        s.v6only == leader.v6only)
      group.push_back(i);
  }
  return member_of_group(group, t, parts_.config);
}

void udp_stack::count(host_counter c, const wire::datagram& d) {
  const bool v6 = parts_.world.addresses().family_of(d.tuple.local) == family::inet6;
  parts_.counters.add(of_family(c, v6));
}

void udp_stack::receive(const wire::datagram& d) {
  if (parts_.world.addresses().at(d.tuple.remote).is_broadcast()) {
    receive_broadcast(d);
    return;
  }
  const std::uint32_t i = find(d.tuple.reversed());
  if (i == 0) {
    count(host_counter::UdpNoPorts, d);
    refuse(d);
    parts_.world.payloads().release(d.payload);
    return;
  }
  deliver(i, d);
}

/// __udp4_lib_mcast_deliver(): to every socket that hears it; to nobody in silence (RFC
/// 1122 3.2.2).
void udp_stack::receive_broadcast(const wire::datagram& d) {
  const wire::four_tuple here = d.tuple.reversed();
  std::vector<std::uint32_t> hear;
  if (const auto port = by_port_.find(here.local_port); port != by_port_.end())
    for (const std::uint32_t i : port->second)
      if (score(sockets_[i], here) >= 0) hear.push_back(i);
  if (hear.empty()) {
    count(host_counter::UdpIgnoredMulti, d);
    parts_.world.payloads().release(d.payload);
    return;
  }
  for (std::size_t n = 1; n < hear.size(); ++n) parts_.world.payloads().share(d.payload);
  for (const std::uint32_t i : hear) deliver(i, d);
}

std::uint64_t udp_stack::truesize(const wire::datagram& d) const {
  return truesize_of(d, parts_.world.addresses().family_of(d.tuple.local),
                     parts_.config.profile->small_heads);
}

/// __udp_enqueue_schedule_skb(): a socket that holds nothing takes whatever comes.
bool udp_stack::is_full(const udp_socket& s, std::uint64_t truesize) const {
  if (!parts_.config.profile->datagram_must_fit) return s.queue.charged() > s.rcvbuf;
  return s.queue.charged() != 0 && s.queue.charged() + truesize > s.rcvbuf;
}

wire::datagram udp_stack::take(udp_socket& s) {
  const std::uint64_t batch = parts_.config.profile->udp_releases_in_batches ? s.rcvbuf / 4 : 0;
  return s.queue.pop(truesize(s.queue.front()), batch);
}

void udp_stack::deliver(std::uint32_t i, const wire::datagram& d) {
  udp_socket& s = sockets_[i];
  const std::uint64_t memory = truesize(d);
  if (is_full(s, memory)) {
    count(host_counter::UdpInErrors, d);
    count(host_counter::UdpRcvbufErrors, d);
    parts_.world.payloads().release(d.payload);
    return;
  }
  s.queue.push(d, memory);
  wake(s, i);
}

void udp_stack::refuse(const wire::datagram& d) {
  const family f = parts_.world.addresses().family_of(d.tuple.local);
  parts_.filter.send(wire::unreachable(d, d.tuple.remote, wire::port_unreachable_code(f)));
}

void udp_stack::receive(const wire::icmp_error& e) {
  const std::uint32_t i = find(e.about);
  if (i == 0) return;
  udp_socket& s = sockets_[i];
  const family f = parts_.world.addresses().family_of(e.about.local);
  const wire::icmp_meaning m = wire::meaning_of(f, e);
  if (e.kind == wire::icmp_kind::too_big) parts_.paths.learn(e.about.remote, e.mtu);
  if (!s.connected || !m.hard) return;
  s.error = m.error;
  wake(s, i);
}

}  // namespace fourtuple::host
