// The options of a UDP socket (sk_setsockopt(), do_ip_setsockopt(), do_ipv6_setsockopt()). Some are
// kept for whoever reads them back, and change nothing.
#include "sim/host/option_rules.h"
#include "sim/host/udp_stack.h"

namespace fourtuple::host {

result<> udp_stack::setsockopt(std::uint32_t i, option o, option_value v) {
  udp_socket& s = sockets_[i];
  const bool on = v.number != 0;
  switch (o) {
    case option::so_reuseaddr:
      s.reuseaddr = on;
      break;
    case option::so_reuseport:
      s.reuseport = on;
      break;
    case option::so_broadcast:
      s.broadcast = on;
      break;
    case option::so_keepalive:
      s.keepalive = on;
      break;
    case option::so_linger:
      s.linger_on = on;
      if (on) s.linger_s = static_cast<std::int32_t>(v.second);
      break;
    case option::ip_freebind:
      s.freebind = on;
      break;
    case option::ip_bind_address_no_port:
      if (!parts_.config.profile->ports.has_bind_address_no_port) return errc::enoprotoopt;
      s.no_port = on;
      break;
    case option::ip_local_port_range: {
      if (!parts_.config.profile->ports.has_local_port_range_option) return errc::enoprotoopt;
      const auto range = port_range_of(v);
      if (!range) return errc::einval;
      s.port_range = *range;
      break;
    }
    case option::so_rcvbuf:
      s.rcvbuf = stored_buffer(v.number, least_rcvbuf, core_buffer_max(*parts_.config.profile));
      break;
    case option::so_sndbuf:
      s.sndbuf = stored_buffer(v.number, least_sndbuf, core_buffer_max(*parts_.config.profile));
      break;
    case option::so_rcvtimeo:
      s.rcvtimeo = kept_timeout(v.number, parts_.config.timers.hz);
      break;
    case option::so_sndtimeo:
      s.sndtimeo = kept_timeout(v.number, parts_.config.timers.hz);
      break;
    case option::ipv6_v6only:
      if (s.family != family::inet6) return errc::enoprotoopt;
      if (s.port != 0) return errc::einval;
      s.v6only = on;
      break;
    default:
      return errc::enoprotoopt;
  }
  if (s.owner) ports_.set_options(s.owner, s.reuseaddr, s.reuseport, 0);
  return {};
}

result<option_value> udp_stack::getsockopt(std::uint32_t i, option o) {
  udp_socket& s = sockets_[i];
  const auto number = [](auto n) { return option_value{static_cast<std::int64_t>(n), 0}; };
  switch (o) {
    case option::so_error:
      return number(take_error(s));
    case option::so_reuseaddr:
      return number(s.reuseaddr);
    case option::so_reuseport:
      return number(s.reuseport);
    case option::so_broadcast:
      return number(s.broadcast);
    case option::so_keepalive:
      return number(s.keepalive);
    case option::so_linger:
      return option_value{s.linger_on, s.linger_s};
    case option::ip_freebind:
      return number(s.freebind);
    case option::ip_bind_address_no_port:
      return number(s.no_port);
    case option::ip_local_port_range:
      return option_value{s.port_range.low, s.port_range.high};
    case option::so_rcvbuf:
      return number(s.rcvbuf);
    case option::so_sndbuf:
      return number(s.sndbuf);
    case option::so_rcvtimeo:
      return number(ns(s.rcvtimeo));
    case option::so_sndtimeo:
      return number(ns(s.sndtimeo));
    case option::ipv6_v6only:
      return s.family == family::inet6 ? result<option_value>{number(s.v6only)}
                                       : result<option_value>{errc::eopnotsupp};
    default:
      return of_another_level(s.family);
  }
}

}  // namespace fourtuple::host
