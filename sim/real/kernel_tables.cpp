#include "sim/real/kernel_tables.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "sim/real/names.h"

namespace fourtuple::real {
namespace {

endpoint end_of(const std::uint32_t* words, std::uint16_t port, int family) {
  endpoint e;
  e.address.family = family == AF_INET ? family::inet : family::inet6;
  std::memcpy(e.address.bytes.data(), words, family == AF_INET ? 4 : 16);
  e.port = ntohs(port);
  return e;
}

/// What inet_sk_diag_fill() says of a timer.
void fill_timer(const inet_diag_msg& m, observe::socket_row& r) {
  static constexpr std::array<const char*, 5> names = {"", "on", "keepalive", "timewait",
                                                       "persist"};
  if (m.idiag_timer == 0 || m.idiag_timer >= names.size()) return;
  r.timer = names[m.idiag_timer];
  r.timer_left = std::chrono::milliseconds{m.idiag_expires};
  r.retransmits = m.idiag_retrans;
}

observe::socket_row row_of(const inet_diag_msg& m) {
  observe::socket_row r;
  r.state = state_name(m.idiag_state);
  r.local = end_of(m.id.idiag_src, m.id.idiag_sport, m.idiag_family);
  r.remote = end_of(m.id.idiag_dst, m.id.idiag_dport, m.idiag_family);
  r.recv_q = m.idiag_rqueue;
  r.send_q = m.idiag_wqueue;
  r.uid = m.idiag_uid;
  fill_timer(m, r);
  return r;
}

/// A pair of lines: "Tcp: RtoAlgorithm ..." and "Tcp: 1 ...".
void read_pairs(const char* path, std::map<std::string, std::uint64_t>& to) {
  std::ifstream in(path);
  std::string names;
  std::string values;
  while (std::getline(in, names) && std::getline(in, values)) {
    std::istringstream n(names);
    std::istringstream v(values);
    std::string prefix;
    std::string again;
    n >> prefix;
    v >> again;
    if (prefix != again || prefix.empty()) continue;
    prefix.pop_back();
    std::string name;
    std::int64_t value = 0;
    while (n >> name && v >> value) to[prefix + name] = static_cast<std::uint64_t>(value);
  }
}

std::string read_text(const char* path) {
  std::ifstream in(path);
  std::string text;
  std::getline(in, text);
  return text;
}

}  // namespace

socket_table::socket_table(const network_namespace& where) {
  const auto inside = where.enter();
  netlink_ = file(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!netlink_)
    throw unable(
        fmt::format("this kernel does not list its sockets (sock_diag): {}", std::strerror(errno)));
}

void socket_table::append(int family, int protocol, std::vector<listed_socket>& to) const {
  struct {
    nlmsghdr head;
    inet_diag_req_v2 body;
  } ask{};
  ask.head.nlmsg_len = sizeof ask;
  ask.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  ask.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  ask.body.sdiag_family = static_cast<std::uint8_t>(family);
  ask.body.sdiag_protocol = static_cast<std::uint8_t>(protocol);
  ask.body.idiag_states = ~0U;
  if (::send(netlink_.get(), &ask, sizeof ask, 0) < 0) return;
  alignas(nlmsghdr) std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t n = ::recv(netlink_.get(), buffer.data(), buffer.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    auto left = static_cast<unsigned>(n);
    for (auto* h = reinterpret_cast<nlmsghdr*>(buffer.data()); NLMSG_OK(h, left);
         h = NLMSG_NEXT(h, left)) {
      if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR) return;
      inet_diag_msg m{};
      std::memcpy(&m, NLMSG_DATA(h), sizeof m);
      to.push_back({row_of(m), m.idiag_inode});
    }
  }
}

std::vector<listed_socket> socket_table::tcp() const {
  std::vector<listed_socket> all;
  append(AF_INET, IPPROTO_TCP, all);
  append(AF_INET6, IPPROTO_TCP, all);
  return all;
}

std::vector<listed_socket> socket_table::udp() const {
  std::vector<listed_socket> all;
  append(AF_INET, IPPROTO_UDP, all);
  append(AF_INET6, IPPROTO_UDP, all);
  return all;
}

std::map<std::string, std::uint64_t> read_counters(const network_namespace& where) {
  std::map<std::string, std::uint64_t> all;
  const auto inside = where.enter();
  read_pairs("/proc/thread-self/net/snmp", all);
  read_pairs("/proc/thread-self/net/netstat", all);
  // "Udp6OutDatagrams    3", one a line
  std::ifstream v6("/proc/thread-self/net/snmp6");
  std::string name;
  std::uint64_t value = 0;
  while (v6 >> name >> value) all[name] = value;
  return all;
}

local_ports read_local_ports(const network_namespace& where) {
  const auto inside = where.enter();
  local_ports p;
  std::istringstream range(read_text("/proc/sys/net/ipv4/ip_local_port_range"));
  range >> p.low >> p.high;
  std::istringstream reserved(read_text("/proc/sys/net/ipv4/ip_local_reserved_ports"));
  p.capacity = p.high - p.low + 1U;
  std::string part;
  while (std::getline(reserved, part, ',')) {
    unsigned from = 0;
    unsigned to = 0;
    const int fields = std::sscanf(part.c_str(), "%u-%u", &from, &to);
    if (fields < 1) continue;
    if (fields == 1) to = from;
    from = std::max<unsigned>(from, p.low);
    to = std::min<unsigned>(to, p.high);
    if (from <= to) p.capacity -= to - from + 1;
  }
  return p;
}

}  // namespace fourtuple::real
