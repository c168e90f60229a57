// The options of section 3 of the file format: socket(7), tcp(7), ip(7), ipv6(7).
#include "sim/spec/socket_option.h"

namespace fourtuple::spec {
namespace {

using enum sockopt;
using syntax = sockopt_syntax;

constexpr sockopt_row rows[] = {
    {so_reuseaddr, "SO_REUSEADDR", syntax::flag, "bind() beside sockets that have it too"},
    {so_reuseport, "SO_REUSEPORT", syntax::flag, "several listeners of one user on one port"},
    {so_linger, "SO_LINGER", syntax::linger, "close() waits, or resets with linger 0"},
    {so_rcvbuf, "SO_RCVBUF", syntax::integer, "receive buffer in bytes; the kernel doubles it"},
    {so_sndbuf, "SO_SNDBUF", syntax::integer, "send buffer in bytes; the kernel doubles it"},
    {so_keepalive, "SO_KEEPALIVE", syntax::flag, "keepalive probes"},
    {so_error, "SO_ERROR", syntax::read_only, "the pending error; reading clears it"},
    {so_broadcast, "SO_BROADCAST", syntax::flag, "UDP to broadcast addresses"},
    {so_rcvtimeo, "SO_RCVTIMEO", syntax::time, "blocking reads give up with EAGAIN; 0 s: never"},
    {so_sndtimeo, "SO_SNDTIMEO", syntax::time, "blocking writes and connect() give up; 0 s: never"},
    {tcp_nodelay, "TCP_NODELAY", syntax::flag, "small segments are sent at once"},
    {tcp_cork, "TCP_CORK", syntax::flag, "small segments wait until it is 0 again, 200 ms at most"},
    {tcp_syncnt, "TCP_SYNCNT", syntax::integer, "SYN retransmissions, 1 .. 127"},
    {tcp_user_timeout, "TCP_USER_TIMEOUT", syntax::integer, "milliseconds without an ACK; 0: none"},
    {tcp_defer_accept, "TCP_DEFER_ACCEPT", syntax::integer, "seconds to wait for data; 0: off"},
    {tcp_linger2, "TCP_LINGER2", syntax::integer, "seconds of an orphan's FIN-WAIT-2"},
    {tcp_maxseg, "TCP_MAXSEG", syntax::integer, "largest segment in bytes"},
    {tcp_keepidle, "TCP_KEEPIDLE", syntax::integer, "seconds of silence before a probe"},
    {tcp_keepintvl, "TCP_KEEPINTVL", syntax::integer, "seconds between probes"},
    {tcp_keepcnt, "TCP_KEEPCNT", syntax::integer, "probes without answer"},
    {ip_bind_address_no_port, "IP_BIND_ADDRESS_NO_PORT", syntax::flag,
     "bind() to port 0 leaves the choice to connect()"},
    {ip_local_port_range, "IP_LOCAL_PORT_RANGE", syntax::range, "ports of this socket; 0: all"},
    {ip_freebind, "IP_FREEBIND", syntax::flag, "bind() to an address the host does not have"},
    {ipv6_v6only, "IPV6_V6ONLY", syntax::flag, "no IPv4 on this IPv6 socket"},
};

}  // namespace

std::span<const sockopt_row> all_sockopts() { return rows; }

const sockopt_row& row_of(sockopt o) {
  for (const auto& r : rows)
    if (r.id == o) return r;
  return rows[0];
}

std::optional<sockopt> sockopt_from_name(std::string_view name) {
  for (const auto& r : rows)
    if (r.name == name) return r.id;
  return std::nullopt;
}

}  // namespace fourtuple::spec
