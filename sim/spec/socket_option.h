// The socket options a file may name, by their real names, with the syntax of their values.
#pragma once

#include <fourtuple/time.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace fourtuple::spec {

enum class sockopt : std::uint8_t {
  so_reuseaddr,
  so_reuseport,
  so_linger,
  so_rcvbuf,
  so_sndbuf,
  so_keepalive,
  so_error,
  so_broadcast,
  so_rcvtimeo,
  so_sndtimeo,
  tcp_nodelay,
  tcp_cork,
  tcp_syncnt,
  tcp_user_timeout,
  tcp_defer_accept,
  tcp_linger2,
  tcp_maxseg,
  tcp_keepidle,
  tcp_keepintvl,
  tcp_keepcnt,
  ip_bind_address_no_port,
  ip_local_port_range,
  ip_freebind,
  ipv6_v6only,
};

/// How the value of an option is written, and what its integer means.
enum class sockopt_syntax : std::uint8_t {
  flag,       ///< 0 or 1 (true, false)
  integer,    ///< a number as setsockopt(2) takes it, unit by the manual
  linger,     ///< { onoff: 0|1, linger: seconds }
  time,       ///< struct timeval: a time with unit, e.g. 500 ms; 0 s: none
  range,      ///< "LOW HIGH" ports, LOW .. HIGH, or the raw 32-bit number (high << 16 | low)
  read_only,  ///< getsockopt only (SO_ERROR)
};

struct sockopt_row {
  sockopt id;
  std::string_view name;  ///< "SO_REUSEADDR"
  sockopt_syntax syntax;
  std::string_view doc;
};

/// A value for setsockopt. For flag, integer and range: `number`; for linger: onoff and linger
/// seconds; for time: `time`.
struct sockopt_value {
  std::int64_t number = 0;
  std::int32_t onoff = 0;
  std::int32_t linger = 0;
  duration time{};
  friend bool operator==(const sockopt_value&, const sockopt_value&) = default;
};

struct sockopt_setting {
  sockopt option = sockopt::so_reuseaddr;
  sockopt_value value;
  friend bool operator==(const sockopt_setting&, const sockopt_setting&) = default;
};

[[nodiscard]] std::span<const sockopt_row> all_sockopts();
[[nodiscard]] const sockopt_row& row_of(sockopt o);
/// By its exact name.
[[nodiscard]] std::optional<sockopt> sockopt_from_name(std::string_view name);

}  // namespace fourtuple::spec
