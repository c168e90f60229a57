#include "sim/real/names.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "sim/core/assert.h"

#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51  // linux/in.h since 6.3
#endif

namespace fourtuple::real {
namespace {

struct place {
  int level = 0;
  int name = 0;
};

place place_of(option o) {
  switch (o) {
    case option::so_reuseaddr:
      return {SOL_SOCKET, SO_REUSEADDR};
    case option::so_reuseport:
      return {SOL_SOCKET, SO_REUSEPORT};
    case option::so_linger:
      return {SOL_SOCKET, SO_LINGER};
    case option::so_rcvbuf:
      return {SOL_SOCKET, SO_RCVBUF};
    case option::so_sndbuf:
      return {SOL_SOCKET, SO_SNDBUF};
    case option::so_keepalive:
      return {SOL_SOCKET, SO_KEEPALIVE};
    case option::so_error:
      return {SOL_SOCKET, SO_ERROR};
    case option::so_broadcast:
      return {SOL_SOCKET, SO_BROADCAST};
    case option::so_rcvtimeo:
      return {SOL_SOCKET, SO_RCVTIMEO};
    case option::so_sndtimeo:
      return {SOL_SOCKET, SO_SNDTIMEO};
    case option::tcp_nodelay:
      return {IPPROTO_TCP, TCP_NODELAY};
    case option::tcp_cork:
      return {IPPROTO_TCP, TCP_CORK};
    case option::tcp_syncnt:
      return {IPPROTO_TCP, TCP_SYNCNT};
    case option::tcp_user_timeout:
      return {IPPROTO_TCP, TCP_USER_TIMEOUT};
    case option::tcp_defer_accept:
      return {IPPROTO_TCP, TCP_DEFER_ACCEPT};
    case option::tcp_linger2:
      return {IPPROTO_TCP, TCP_LINGER2};
    case option::tcp_maxseg:
      return {IPPROTO_TCP, TCP_MAXSEG};
    case option::tcp_keepidle:
      return {IPPROTO_TCP, TCP_KEEPIDLE};
    case option::tcp_keepintvl:
      return {IPPROTO_TCP, TCP_KEEPINTVL};
    case option::tcp_keepcnt:
      return {IPPROTO_TCP, TCP_KEEPCNT};
    case option::ip_bind_address_no_port:
      return {IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT};
    case option::ip_local_port_range:
      return {IPPROTO_IP, IP_LOCAL_PORT_RANGE};
    case option::ip_freebind:
      return {IPPROTO_IP, IP_FREEBIND};
    case option::ipv6_v6only:
      return {IPPROTO_IPV6, IPV6_V6ONLY};
  }
  return {};
}

constexpr std::int64_t second = 1'000'000'000;

result<> answer(int r) {
  if (r < 0) return errc_of(errno);
  return {};
}

template <class T>
result<> set(int fd, place p, const T& value) {
  return answer(::setsockopt(fd, p.level, p.name, &value, sizeof value));
}
template <class T>
result<T> get(int fd, place p) {
  T value{};
  socklen_t size = sizeof value;
  if (::getsockopt(fd, p.level, p.name, &value, &size) < 0) return errc_of(errno);
  return value;
}

}  // namespace

errc errc_of(int error) {
  const char* const name = ::strerrorname_np(error);
  const auto known = name != nullptr ? errc_from_name(name) : std::nullopt;
  if (!known)
    throw core::internal_error("the kernel answered errno " + std::to_string(error) +
                               ", which no socket call should");
  return *known;
}

socket_address to_kernel(const endpoint& e) {
  socket_address a;
  if (e.address.family == family::inet) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(e.port);
    std::memcpy(&in.sin_addr, e.address.bytes.data(), 4);
    std::memcpy(&a.storage, &in, sizeof in);
    a.size = sizeof in;
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(e.port);
    std::memcpy(&in.sin6_addr, e.address.bytes.data(), 16);
    std::memcpy(&a.storage, &in, sizeof in);
    a.size = sizeof in;
  }
  return a;
}

endpoint from_kernel(const socket_address& a) {
  endpoint e;
  if (a.storage.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &a.storage, sizeof in);
    std::memcpy(e.address.bytes.data(), &in.sin_addr, 4);
    e.port = ntohs(in.sin_port);
  } else if (a.storage.ss_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &a.storage, sizeof in);
    e.address.family = family::inet6;
    std::memcpy(e.address.bytes.data(), &in.sin6_addr, 16);
    e.port = ntohs(in.sin6_port);
  }
  return e;
}

std::string_view state_name(unsigned kernel_state) {
  // enum of include/net/tcp_states.h; 12 is TCP_NEW_SYN_RECV.
  static constexpr std::array<std::string_view, 13> names = {
      "",       "ESTABLISHED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2",  "TIME-WAIT",
      "CLOSED", "CLOSE-WAIT",  "LAST-ACK", "LISTEN",       "CLOSING",    "SYN-RECEIVED"};
  return kernel_state < names.size() ? names[kernel_state] : std::string_view{};
}

short poll_events(ready_mask m) {
  int out = 0;
  if ((m & ready_in) != 0) out |= POLLIN;
  if ((m & ready_pri) != 0) out |= POLLPRI;
  if ((m & ready_out) != 0) out |= POLLOUT;
  if ((m & ready_rdhup) != 0) out |= POLLRDHUP;
  return static_cast<short>(out);
}

ready_mask from_poll(short events) {
  unsigned out = 0;
  if ((events & POLLIN) != 0) out |= ready_in;
  if ((events & POLLPRI) != 0) out |= ready_pri;
  if ((events & POLLOUT) != 0) out |= ready_out;
  if ((events & POLLRDHUP) != 0) out |= ready_rdhup;
  if ((events & POLLERR) != 0) out |= ready_err;
  if ((events & POLLHUP) != 0) out |= ready_hup;
  return static_cast<ready_mask>(out);
}

result<> set_option(int fd, option o, const option_value& v) {
  const place p = place_of(o);
  switch (o) {
    case option::so_linger:
      return set(fd, p, linger{static_cast<int>(v.number), static_cast<int>(v.second)});
    case option::so_rcvtimeo:
    case option::so_sndtimeo:
      return set(fd, p, timeval{v.number / second, v.number % second / 1000});
    case option::ip_local_port_range:
      // The program's numbers may not fit: the kernel never sees more than its 32 bits.
      return set(fd, p, static_cast<std::uint32_t>(v.number | v.second << 16));
    default:
      return set(fd, p, static_cast<int>(v.number));
  }
}

result<option_value> get_option(int fd, option o) {
  const place p = place_of(o);
  switch (o) {
    case option::so_linger: {
      const auto l = get<linger>(fd, p);
      if (!l) return l.error();
      return option_value{l->l_onoff, l->l_linger};
    }
    case option::so_rcvtimeo:
    case option::so_sndtimeo: {
      const auto t = get<timeval>(fd, p);
      if (!t) return t.error();
      return option_value{t->tv_sec * second + t->tv_usec * 1000, 0};
    }
    case option::ip_local_port_range: {
      const auto r = get<std::uint32_t>(fd, p);
      if (!r) return r.error();
      return option_value{*r & 0xffff, *r >> 16};
    }
    case option::so_error: {
      const auto e = get<int>(fd, p);
      if (!e) return e.error();
      return option_value{*e == 0 ? 0 : static_cast<std::int64_t>(errc_of(*e)), 0};
    }
    default: {
      const auto n = get<int>(fd, p);
      if (!n) return n.error();
      return option_value{*n, 0};
    }
  }
}

}  // namespace fourtuple::real
