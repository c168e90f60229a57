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

/// secs_to_retrans(): how many SYN-ACK retransmissions cover that many seconds.
std::uint8_t periods_of(std::int64_t seconds) {
  if (seconds <= 0) return 0;
  std::int64_t covered = 1;
  std::int64_t next = 2;
  std::uint8_t periods = 1;
  while (covered < seconds && periods < 255) {
    covered += next;
    next = std::min(next * 2, longest_period_s);
    ++periods;
  }
  return periods;
}

/// retrans_to_secs()
std::int64_t seconds_of(unsigned periods) {
  std::int64_t seconds = 0;
  std::int64_t next = 1;
  for (unsigned n = 0; n < periods; ++n) {
    seconds += next;
    next = std::min(next * 2, longest_period_s);
  }
  return seconds;
}

/// do_tcp_setsockopt(TCP_LINGER2): negative is none, longer than TCP_FIN_TIMEOUT_MAX that.
std::int16_t linger2_of(std::int64_t seconds) {
  constexpr std::int64_t most = 120;
  return static_cast<std::int16_t>(seconds < 0 ? -1 : std::min(seconds, most));
}

/// do_tcp_setsockopt(): what is only remembered; ENOPROTOOPT for all else.
errc remember(tcp::socket_options& opt, option o, std::int64_t number) {
  const auto within = [number](std::int64_t least, std::int64_t most) {
    return number >= least && number <= most;
  };
  switch (o) {
    case option::tcp_syncnt:
      if (!within(1, 127)) return errc::einval;
      opt.syncnt = static_cast<std::uint8_t>(number);
      return errc::ok;
    case option::tcp_user_timeout:
      if (number < 0) return errc::einval;
      opt.user_timeout_ms = static_cast<std::uint32_t>(number);
      return errc::ok;
    case option::tcp_defer_accept:
      opt.defer_accept = periods_of(number);
      return errc::ok;
    case option::tcp_linger2:
      opt.linger2_s = linger2_of(number);
      return errc::ok;
    case option::tcp_maxseg:
      if (number != 0 && !within(88, 32767)) return errc::einval;
      opt.maxseg = static_cast<std::uint16_t>(number);
      return errc::ok;
    case option::tcp_keepintvl:
      if (!within(1, 32767)) return errc::einval;
      opt.keep_intvl_s = static_cast<std::uint16_t>(number);
      return errc::ok;
    case option::tcp_keepcnt:
      if (!within(1, 127)) return errc::einval;
      opt.keep_cnt = static_cast<std::uint8_t>(number);
      return errc::ok;
    default:
      return errc::enoprotoopt;
  }
}

}  // namespace

result<> tcp_stack::setsockopt(std::uint32_t i, option o, option_value v) {
  tcp_socket& s = awake(i);
  if (o == option::ipv6_v6only) {
    if (s.family != family::inet6) return errc::enoprotoopt;
    if (s.port() != 0) return errc::einval;
    s.v6only = v.number != 0;
    return {};
  }
  lock held(*this, i);
  const state before = s.tcb->st;
  tcp::actions& out = sink_for(s);
  if (const errc refused = set_socket_option(s, o, v, out); refused != errc::ok) return refused;
  if (s.owner && (o == option::so_reuseaddr || o == option::so_reuseport))
    ports_.set_options(s.owner, s.reuseaddr, s.reuseport, 0);
  carry_out(i, s, before, out);
  return {};
}

/// sk_setsockopt()
errc tcp_stack::set_socket_option(tcp_socket& s, option o, option_value v, tcp::actions& out) {
  const bool on = v.number != 0;
  const std::uint32_t most = core_buffer_max(*parts_.config.profile);
  switch (o) {
    case option::so_reuseaddr:
      s.reuseaddr = on;
      return errc::ok;
    case option::so_reuseport:
      s.reuseport = on;
      return errc::ok;
    case option::so_broadcast:
      s.broadcast = on;
      return errc::ok;
    case option::so_linger: {
      socket_extras& x = s.made_rare().extras;
      x.linger_on = on;
      if (on) x.linger_s = static_cast<std::int32_t>(v.second);
      s.tcb->opt.linger_zero = on && v.second == 0;
      s.tcb->opt.linger_waits = on && v.second > 0;
      return errc::ok;
    }
    case option::so_rcvbuf:
      tcp::set_rcvbuf(*s.tcb, stored_buffer(v.number, least_rcvbuf, most));
      return errc::ok;
    case option::so_sndbuf:
      tcp::set_sndbuf(*s.tcb, stored_buffer(v.number, least_sndbuf, most));
      return errc::ok;
    case option::so_keepalive:
      tcp::set_keepalive(*s.tcb, on, limits_, clock(), out);
      return errc::ok;
    case option::so_rcvtimeo:
      s.made_rare().extras.rcvtimeo = kept_timeout(v.number, limits_.hz);
      return errc::ok;
    case option::so_sndtimeo:
      s.made_rare().extras.sndtimeo = kept_timeout(v.number, limits_.hz);
      return errc::ok;
    default:
      return set_tcp_option(s, o, v, out);
  }
}

/// do_tcp_setsockopt()
errc tcp_stack::set_tcp_option(tcp_socket& s, option o, option_value v, tcp::actions& out) {
  switch (o) {
    case option::tcp_nodelay:
      tcp::set_nodelay(*s.tcb, v.number != 0, limits_, clock(), out);
      return errc::ok;
    case option::tcp_cork:
      tcp::set_cork(*s.tcb, v.number != 0, limits_, clock(), out);
      return errc::ok;
    case option::tcp_keepidle:
      if (v.number < 1 || v.number > 32767) return errc::einval;
      tcp::set_keep_idle(*s.tcb, static_cast<std::uint16_t>(v.number), limits_, clock(), out);
      return errc::ok;
    case option::ip_freebind:
    case option::ip_bind_address_no_port:
    case option::ip_local_port_range:
      return set_ip_option(s, o, v);
    default:
      return remember(s.tcb->opt, o, v.number);
  }
}

/// do_ip_setsockopt(), of IPv6 sockets too
errc tcp_stack::set_ip_option(tcp_socket& s, option o, option_value v) {
  const profile::port_rules& has = parts_.config.profile->ports;
  if (o == option::ip_freebind) {
    s.freebind = v.number != 0;
    return errc::ok;
  }
  if (o == option::ip_bind_address_no_port) {
    if (!has.has_bind_address_no_port) return errc::enoprotoopt;
    s.no_port = v.number != 0;
    return errc::ok;
  }
  if (!has.has_local_port_range_option) return errc::enoprotoopt;
  const auto range = port_range_of(v);
  if (!range) return errc::einval;
  s.made_rare().extras.port_range = *range;
  return errc::ok;
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
    case option::tcp_defer_accept:
      return number(seconds_of(opt.defer_accept));
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
