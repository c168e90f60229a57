// net.ipv4.tcp_migrate_req: what a closed listener leaves behind goes to the others of its
// SO_REUSEPORT group (sock_reuseport.c reuseport_migrate_sock(), inet_connection_sock.c
// inet_csk_listen_stop(), reqsk_timer_handler(), inet_csk_complete_hashdance()).
#include "sim/host/reuseport.h"
#include "sim/host/tcp_stack.h"

namespace fourtuple::host {

listener_group tcp_stack::group_of(const tcp_socket& l) {
  return {l.tuple.local, l.uid, l.port(), l.v6only};
}

std::vector<std::uint32_t> tcp_stack::members_of(const listener_group& g) const {
  std::vector<std::uint32_t> members;
  const auto here = listeners_.find(g.port);
  if (here == listeners_.end()) return members;
  for (const std::uint32_t i : here->second) {
    const tcp_socket& l = sockets_[i];
    if (l.reuseport && l.tuple.local == g.address && l.uid == g.uid && l.v6only == g.v6only)
      members.push_back(i);
  }
  return members;
}

std::uint32_t tcp_stack::heir_of(const listener_group& g, const wire::four_tuple& t) {
  if (g.port == 0) return 0;
  const std::vector<std::uint32_t> members = members_of(g);
  if (!parts_.sysctls.tcp_migrate_req || members.empty()) {
    parts_.counters.add(tcp::counter::TcpExtTCPMigrateReqFailure);
    return 0;
  }
  return member_of_group(members, t.reversed(), parts_.config);
}

/// inet_csk_reqsk_queue_add() does not ask whether the queue is full. Who waits there gets it at once
/// (seen on 6.18).
bool tcp_stack::inherit_child(const listener_group& g, std::uint32_t child) {
  const std::uint32_t heir = heir_of(g, sockets_[child].tuple);
  if (heir == 0) return false;
  sockets_[heir].listening().accept_queue.push(child);
  wake(sockets_[heir]);
  parts_.counters.add(tcp::counter::TcpExtTCPMigrateReqSuccess);
  return true;
}

bool tcp_stack::inherit_request(request_record& r) {
  const std::uint32_t heir = heir_of(r.heirs, r.r.tuple);
  if (heir == 0) return false;
  r.listener = heir;
  listener_part& l = sockets_[heir].listening();
  ++l.requests;
  if (r.r.timeouts == 0) ++l.young;
  parts_.counters.add(tcp::counter::TcpExtTCPMigrateReqSuccess);
  return true;
}

}  // namespace fourtuple::host
