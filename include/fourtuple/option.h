// Socket options by their real names, and the one value type they all fit in.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fourtuple {

/// socket(7), tcp(7), ip(7), ipv6(7). One row per option: enumerator and the name users write.
#define FOURTUPLE_OPTION_TABLE(X)                                                              \
  X(so_reuseaddr, "SO_REUSEADDR") X(so_reuseport, "SO_REUSEPORT") X(so_linger, "SO_LINGER")     \
  X(so_rcvbuf, "SO_RCVBUF") X(so_sndbuf, "SO_SNDBUF") X(so_keepalive, "SO_KEEPALIVE")           \
  X(so_error, "SO_ERROR") X(so_broadcast, "SO_BROADCAST") X(so_rcvtimeo, "SO_RCVTIMEO")         \
  X(so_sndtimeo, "SO_SNDTIMEO") X(tcp_nodelay, "TCP_NODELAY") X(tcp_cork, "TCP_CORK")           \
  X(tcp_syncnt, "TCP_SYNCNT") X(tcp_user_timeout, "TCP_USER_TIMEOUT")                           \
  X(tcp_defer_accept, "TCP_DEFER_ACCEPT") X(tcp_linger2, "TCP_LINGER2")                         \
  X(tcp_maxseg, "TCP_MAXSEG") X(tcp_keepidle, "TCP_KEEPIDLE")                                   \
  X(tcp_keepintvl, "TCP_KEEPINTVL") X(tcp_keepcnt, "TCP_KEEPCNT")                               \
  X(ip_bind_address_no_port, "IP_BIND_ADDRESS_NO_PORT")                                         \
  X(ip_local_port_range, "IP_LOCAL_PORT_RANGE") X(ip_freebind, "IP_FREEBIND")                   \
  X(ipv6_v6only, "IPV6_V6ONLY")

enum class option : std::uint8_t {
#define FOURTUPLE_ENUMERATOR(name, text) name,
  FOURTUPLE_OPTION_TABLE(FOURTUPLE_ENUMERATOR)
#undef FOURTUPLE_ENUMERATOR
};

[[nodiscard]] std::string_view name(option o);
[[nodiscard]] std::optional<option> option_from_name(std::string_view text);

/// The value of an option. Switches: 0 or 1. SO_RCVTIMEO, SO_SNDTIMEO: `number` in ns (0: none).
/// SO_LINGER: `number` is l_onoff, `second` l_linger in seconds. IP_LOCAL_PORT_RANGE: `number` is
/// the lowest port, `second` the highest (0: no bound). SO_ERROR: the errc as a number. The rest as
/// the manual pages have it (TCP_USER_TIMEOUT ms, TCP_KEEPIDLE s, SO_RCVBUF bytes).
struct option_value {
  std::int64_t number = 0;
  std::int64_t second = 0;
};

}  // namespace fourtuple
