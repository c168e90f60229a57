// The options of a TCP socket (sk_setsockopt(), do_tcp_setsockopt(), do_ip_setsockopt(),
// do_ipv6_setsockopt()), and what is read back.
#include <algorithm>
#include <utility>

#include "sim/host/option_rules.h"
#include "sim/host/tcp_lock.h"
#include "sim/host/tcp_stack.h"

namespace fourtuple::host {

using tcp::state;

namespace {

constexpr std::int64_t longest_period_s = 120;  // TCP_RTO_MAX, to which TCP_DEFER_ACCEPT counts

}  // namespace

result<> tcp_stack::setsockopt(std::uint32_t i, option o, option_value v) {
  tcp_socket& s = awake(i);
  tcp::socket_options& opt = s.tcb->opt;
  const bool on = v.number != 0;
  if (o == option::ipv6_v6only) {
    if (s.family != family::inet6) return errc::enoprotoopt;
    if (s.port() != 0) return errc::einval;
    s.v6only = on;
    return {};
  }
  lock held(*this, i);
  const state before = s.tcb->st;
  tcp::actions& out = sink_for(s);
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
    case option::ip_freebind:
      s.freebind = on;
      break;
    case option::ip_bind_address_no_port:
      if (!parts_.config.profile->ports.has_bind_address_no_port) return errc::enoprotoopt;
      s.no_port = on;
      break;
    case option::so_linger: {
      socket_extras& x = s.made_rare().extras;
      x.linger_on = on;
      if (on) x.linger_s = static_cast<std::int32_t>(v.second);
      opt.linger_zero = on && v.second == 0;
      opt.linger_waits = on && v.second > 0;
      break;
    }
    case option::so_rcvbuf:
      tcp::set_rcvbuf(
          *s.tcb, stored_buffer(v.number, least_rcvbuf, core_buffer_max(*parts_.config.profile)));
      break;
    case option::so_sndbuf:
      tcp::set_sndbuf(
          *s.tcb, stored_buffer(v.number, least_sndbuf, core_buffer_max(*parts_.config.profile)));
      break;
    case option::so_keepalive:
      tcp::set_keepalive(*s.tcb, on, limits_, clock(), out);
      break;
    case option::so_rcvtimeo:
      s.made_rare().extras.rcvtimeo = kept_timeout(v.number, limits_.hz);
      break;
    case option::so_sndtimeo:
      s.made_rare().extras.sndtimeo = kept_timeout(v.number, limits_.hz);
      break;
    case option::tcp_nodelay:
      tcp::set_nodelay(*s.tcb, on, limits_, clock(), out);
      break;
    case option::tcp_cork:
      tcp::set_cork(*s.tcb, on, limits_, clock(), out);
      break;
    case option::tcp_syncnt:
      if (v.number < 1 || v.number > 127) return errc::einval;
      opt.syncnt = static_cast<std::uint8_t>(v.number);
      break;
    case option::tcp_user_timeout:
      if (v.number < 0) return errc::einval;
      opt.user_timeout_ms = static_cast<std::uint32_t>(v.number);
      break;
    case option::tcp_defer_accept: {
      // secs_to_retrans(): how many SYN-ACK retransmissions cover that many seconds.
      std::uint8_t periods = 0;
      if (v.number > 0) {
        std::int64_t covered = 1;
        std::int64_t next = 2;
        periods = 1;
        while (covered < v.number && periods < 255) {
          covered += next;
          next = std::min(next * 2, longest_period_s);
          ++periods;
        }
      }
      opt.defer_accept = periods;
      break;
    }
    case option::tcp_linger2:
      opt.linger2_s = v.number < 0     ? std::int16_t{-1}
                      : v.number > 120 ? std::int16_t{120}
                                       : static_cast<std::int16_t>(v.number);
      break;
    case option::tcp_maxseg:
      if (v.number != 0 && (v.number < 88 || v.number > 32767)) return errc::einval;
      opt.maxseg = static_cast<std::uint16_t>(v.number);
      break;
    case option::tcp_keepidle:
      if (v.number < 1 || v.number > 32767) return errc::einval;
      tcp::set_keep_idle(*s.tcb, static_cast<std::uint16_t>(v.number), limits_, clock(), out);
      break;
    case option::tcp_keepintvl:
      if (v.number < 1 || v.number > 32767) return errc::einval;
      opt.keep_intvl_s = static_cast<std::uint16_t>(v.number);
      break;
    case option::tcp_keepcnt:
      if (v.number < 1 || v.number > 127) return errc::einval;
      opt.keep_cnt = static_cast<std::uint8_t>(v.number);
      break;
    case option::ip_local_port_range: {
      if (!parts_.config.profile->ports.has_local_port_range_option) return errc::enoprotoopt;
      const auto range = port_range_of(v);
      if (!range) return errc::einval;
      s.made_rare().extras.port_range = *range;
      break;
    }
    default:
      return errc::enoprotoopt;
  }
  if (s.owner && (o == option::so_reuseaddr || o == option::so_reuseport))
    ports_.set_options(s.owner, s.reuseaddr, s.reuseport, 0);
  carry_out(i, s, before, out);
  return {};
}

namespace {

/// do_tcp_getsockopt(TCP_MAXSEG): the program's own while not connected, else mss_cache.
/// DEVIATION: an IPv6 socket that leaves SYN-SENT to a mapped address by connect(unspec) keeps
/// IPv4's 536 on the kernel; who asks it for TCP_MAXSEG then.
std::uint16_t maxseg_of(const tcp::tcb& t) {
  const bool unconnected = t.st == state::closed || t.st == state::listen;
  return unconnected && t.opt.maxseg != 0 ? t.opt.maxseg : t.mss_cache;
}

}  // namespace

result<option_value> tcp_stack::getsockopt(std::uint32_t i, option o) {
  tcp_socket& s = awake(i);
  const tcp::socket_options& opt = s.tcb->opt;
  const auto number = [](auto n) { return option_value{static_cast<std::int64_t>(n), 0}; };
  switch (o) {
    case option::so_error: {
      // sk_getsockopt(): the soft error too, where there is no other; taken either way.
      const errc hard = take_error(s);
      return number(hard != errc::ok ? hard : std::exchange(s.tcb->soft_error, errc::ok));
    }
    case option::so_reuseaddr:
      return number(s.reuseaddr);
    case option::so_reuseport:
      return number(s.reuseport);
    case option::so_broadcast:
      return number(s.broadcast);
    case option::so_keepalive:
      return number(opt.keepalive);
    case option::so_linger:
      return option_value{s.extras().linger_on, s.extras().linger_s};
    case option::so_rcvbuf:
      return number(opt.rcvbuf != 0 ? opt.rcvbuf : limits_.rmem_default);
    case option::so_sndbuf:
      return number(opt.sndbuf != 0 ? opt.sndbuf : limits_.wmem_default);
    case option::so_rcvtimeo:
      return number(ns(s.extras().rcvtimeo));
    case option::so_sndtimeo:
      return number(ns(s.extras().sndtimeo));
    case option::tcp_nodelay:
      return number(opt.nodelay);
    case option::tcp_cork:
      return number(opt.cork);
    case option::tcp_syncnt:
      return number(opt.syncnt != 0 ? opt.syncnt : limits_.syn_retries);
    case option::tcp_user_timeout:
      return number(opt.user_timeout_ms);
    case option::tcp_defer_accept: {
      std::int64_t seconds = 0;  // retrans_to_secs()
      std::int64_t next = 1;
      for (unsigned n = 0; n < opt.defer_accept; ++n) {
        seconds += next;
        next = std::min(next * 2, longest_period_s);
      }
      return number(seconds);
    }
    case option::tcp_linger2:
      return number(opt.linger2_s != 0 ? std::int64_t{opt.linger2_s}
                                       : std::int64_t{limits_.fin_timeout_s});
    case option::tcp_maxseg:
      return number(maxseg_of(*s.tcb));
    case option::tcp_keepidle:
      return number(opt.keep_idle_s != 0 ? opt.keep_idle_s : limits_.keepalive_time_s);
    case option::tcp_keepintvl:
      return number(opt.keep_intvl_s != 0 ? opt.keep_intvl_s : limits_.keepalive_intvl_s);
    case option::tcp_keepcnt:
      return number(opt.keep_cnt != 0 ? opt.keep_cnt : limits_.keepalive_probes);
    case option::ip_bind_address_no_port:
      return number(s.no_port);
    case option::ip_local_port_range:
      return option_value{s.extras().port_range.low, s.extras().port_range.high};
    case option::ip_freebind:
      return number(s.freebind);
    case option::ipv6_v6only:
      return s.family == family::inet6 ? result<option_value>{number(s.v6only)}
                                       : result<option_value>{of_another_level(s.family)};
  }
  return errc::enoprotoopt;
}

}  // namespace fourtuple::host
