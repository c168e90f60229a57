// The UDP half of a simulated kernel (net/ipv4/udp.c; reference H): ports, demultiplexing by score,
// a receive queue bounded by truesize, and the errors that ICMP brings to a connected socket.
#pragma once

#include <fourtuple/process.h>

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "sim/core/slab.h"
#include "sim/host/tcp_stack.h"
#include "sim/host/udp_queue.h"
#include "sim/ports/udp.h"

namespace fourtuple::host {

/// Where datagrams of a connected socket go after a connect() of it that failed over IPv4.
enum class udp_aim : std::uint8_t { at_peer, lost_after_next, lost };

struct udp_socket {
  watch_list watchers;
  udp_queue queue;
  std::uint32_t rcvbuf = 212'992;  ///< net.core.rmem_default
  std::uint32_t sndbuf = 212'992;  ///< net.core.wmem_default
  wire::address_id address;        ///< local; a wildcard until bound or connected
  wire::address_id v4_source;      ///< inet_saddr of an IPv6 socket that connect() set
  wire::address_id peer;           ///< IPv6: of the last connection, after connect(unspec), too
  ports::owner_id owner;
  std::uint32_t uid = 0;
  std::uint32_t references = 1;
  std::uint16_t port = 0;
  std::uint16_t peer_port = 0;  ///< may be 0 on a connected socket, too
  fourtuple::family family = fourtuple::family::inet;
  errc error = errc::ok;
  udp_aim aim = udp_aim::at_peer;
  duration rcvtimeo{};
  duration sndtimeo{};
  profile::port_range port_range{0, 0};  ///< IP_LOCAL_PORT_RANGE
  std::int32_t linger_s = 0;             ///< kept, and of no effect
  bool connected : 1 = false;
  bool keepalive : 1 = false;  ///< kept, and of no effect
  bool linger_on : 1 = false;
  bool no_port : 1 = false;  ///< IP_BIND_ADDRESS_NO_PORT
  bool reuseaddr : 1 = false;
  bool reuseport : 1 = false;
  bool stands_last : 1 = false;  ///< of its chain: of IPv6, and bound with SO_REUSEPORT
  bool broadcast : 1 = false;
  bool v6only : 1 = false;
  bool freebind : 1 = false;
  bool address_locked : 1 = false;
  bool port_locked : 1 = false;
  bool shut_rd : 1 = false;
  bool shut_wr : 1 = false;
};

class udp_stack {
 public:
  explicit udp_stack(kernel_parts parts);

  std::uint32_t create(family f, std::uint32_t uid);
  result<> bind(std::uint32_t i, const endpoint& to);
  result<> refuse_listen() const { return errc::eopnotsupp; }
  [[gnu::noinline]] result<> connect(std::uint32_t i, const endpoint& to);
  result<> disconnect(std::uint32_t i);
  [[gnu::noinline]] result<std::size_t> send(std::uint32_t i, payload p);
  result<std::size_t> sendto(std::uint32_t i, payload p, const endpoint& to);
  [[gnu::noinline]] result<std::size_t> recv(std::uint32_t i, buffer b);
  result<datagram> recvfrom(std::uint32_t i, buffer b);
  result<> shutdown(std::uint32_t i, shutdown_how how);
  result<> setsockopt(std::uint32_t i, option o, option_value v);
  result<option_value> getsockopt(std::uint32_t i, option o);
  [[nodiscard]] result<endpoint> getsockname(std::uint32_t i) const;
  [[nodiscard]] result<endpoint> getpeername(std::uint32_t i) const;
  /// TCP_INFO is not for it: ipv6_getsockopt() says so in other words.
  [[nodiscard]] result<std::string_view> refuse_state(std::uint32_t i) const {
    return sockets_[i].family == family::inet ? errc::eopnotsupp : errc::enoprotoopt;
  }
  [[nodiscard]] ready_mask level(std::uint32_t i) const;
  void share(std::uint32_t i) { ++sockets_[i].references; }
  [[gnu::noinline]] void release(std::uint32_t i);
  [[nodiscard]] watched to_watch(std::uint32_t i) { return {&sockets_[i].watchers, level(i)}; }

  void receive(const wire::datagram& d);
  void receive(const wire::icmp_error& e);
  void configure();

  void look(observe::host_metrics& m) const;
  void begin_counting(instant from) { gauge_.restart(from); }
  void rows(std::vector<std::pair<std::uint32_t, observe::socket_row>>& to) const;

 private:
  result<> autobind(std::uint32_t i);
  /// `v6only_error`: what an IPv6 socket for IPv6 alone answers to an IPv4 address.
  result<wire::address_id> destination_of(const udp_socket& s, const endpoint& to,
                                          errc v6only_error) const;
  [[nodiscard]] std::uint64_t truesize(const wire::datagram& d) const;
  wire::datagram take(udp_socket& s);
  [[nodiscard]] bool is_full(const udp_socket& s, std::uint64_t truesize) const;
  result<std::size_t> lose(udp_socket& s, payload p);
  wire::address_id source_to(const udp_socket& s, wire::address_id there) const;
  result<route> route_to(const udp_socket& s, wire::address_id there) const;
  errc refusal_of_send(udp_socket& s, std::size_t size, bool v6);
  [[nodiscard]] bool speaks_v4(const udp_socket& s) const;
  result<std::size_t> transmit(udp_socket& s, payload p, wire::address_id to, std::uint16_t port);
  [[nodiscard]] ports::claim claim_of(const udp_socket& s) const;
  [[nodiscard]] std::uint32_t find(const wire::four_tuple& t) const;
  /// Which of a SO_REUSEPORT group gets a datagram; `best` is one of it.
  [[nodiscard]] std::uint32_t member_for(std::uint32_t best, const std::vector<std::uint32_t>& here,
                                         const wire::four_tuple& t) const;
  [[nodiscard]] int score(const udp_socket& s, const wire::four_tuple& t) const;
  [[nodiscard]] endpoint name_of(const udp_socket& s, wire::address_id a, std::uint16_t p) const;
  void hold(std::uint32_t i, std::uint16_t port);
  void let_go(std::uint32_t i);
  void wake(udp_socket& s, std::uint32_t i);
  void refuse(const wire::datagram& d);
  void receive_broadcast(const wire::datagram& d);
  void deliver(std::uint32_t i, const wire::datagram& d);
  void count(host_counter c, const wire::datagram& d);
  errc take_error(udp_socket& s);

  kernel_parts parts_;
  ports::udp_table ports_;
  core::slab<udp_socket> sockets_;
  std::map<std::uint16_t, std::vector<std::uint32_t>> by_port_;  ///< the newest last
  observe::gauge gauge_;
};

}  // namespace fourtuple::host
