#include "sim/wire/icmp.h"

#include <array>

namespace fourtuple::wire {

std::uint8_t icmp_type(icmp_kind k, family f) {
  const bool v4 = f == family::inet;
  switch (k) {
    case icmp_kind::time_exceeded: return v4 ? 11 : 3;
    case icmp_kind::too_big: return v4 ? 3 : 2;
    case icmp_kind::unreachable: break;
  }
  return v4 ? 3 : 1;
}

icmp_meaning meaning_of(family f, const icmp_error& e) {
  if (e.kind == icmp_kind::time_exceeded) return {errc::ehostunreach, false, false};
  if (e.kind == icmp_kind::too_big) return {errc::emsgsize, true, false};
  const std::uint8_t code = e.code;
  static constexpr std::array<icmp_meaning, 16> v4 = {{
      {errc::enetunreach, false, true},    // net unreachable
      {errc::ehostunreach, false, true},   // host unreachable
      {errc::enoprotoopt, true, false},    // protocol unreachable
      {errc::econnrefused, true, false},   // port unreachable
      {errc::emsgsize, false, false},      // fragmentation needed
      {errc::eopnotsupp, false, false},    // source route failed
      {errc::enetunreach, true, false},    // net unknown
      {errc::ehostdown, true, false},      // host unknown
      {errc::enonet, true, false},         // host isolated
      {errc::enetunreach, true, false},    // net prohibited
      {errc::ehostunreach, true, false},   // host prohibited
      {errc::enetunreach, false, false},   // net unreachable for type of service
      {errc::ehostunreach, false, false},  // host unreachable for type of service
      {errc::ehostunreach, true, false},   // packet filtered
      {errc::ehostunreach, true, false},   // precedence violation
      {errc::ehostunreach, true, false},   // precedence cutoff
  }};
  static constexpr std::array<icmp_meaning, 7> v6 = {{
      {errc::enetunreach, false, true},   // no route
      {errc::eacces, true, false},        // administratively prohibited
      {errc::ehostunreach, false, true},  // beyond scope
      {errc::ehostunreach, false, true},  // address unreachable
      {errc::econnrefused, true, false},  // port unreachable
      {errc::eacces, true, false},        // source address failed policy
      {errc::eacces, true, false},        // reject route
  }};
  if (f == family::inet) return code < v4.size() ? v4[code] : icmp_meaning{};
  return code < v6.size() ? v6[code] : icmp_meaning{errc::eproto, true, false};
}

icmp_error unreachable(const segment& about, address_id from, std::uint8_t code) {
  icmp_error e;
  e.about = about.tuple;
  e.from = from;
  e.code = code;
  e.quoted_seq = about.seq_number;
  e.quoted_ack = about.ack_number;
  e.quoted_length = about.length;
  e.quoted_ts_value = about.ts_value;
  e.quoted_ts_echo = about.ts_echo;
  e.quoted_window = about.window;
  e.quoted_mss = about.mss;
  e.quoted_flags = about.flags;
  e.quoted_window_scale = about.window_scale;
  e.quoted_sack_permitted = about.sack_permitted;
  e.quoted_has_timestamps = about.has_timestamps;
  e.quoted_sack_count = about.sack_count;
  e.quoted_sack = about.sack;
  e.protocol = protocol::tcp;
  return e;
}

icmp_error unreachable(const datagram& about, address_id from, std::uint8_t code) {
  icmp_error e;
  e.about = about.tuple;
  e.from = from;
  e.code = code;
  e.quoted_length = about.length;
  e.protocol = protocol::udp;
  return e;
}

segment quoted_segment(const icmp_error& e) {
  segment s;
  s.tuple = e.about;
  s.seq_number = e.quoted_seq;
  s.ack_number = e.quoted_ack;
  s.length = e.quoted_length;
  s.ts_value = e.quoted_ts_value;
  s.ts_echo = e.quoted_ts_echo;
  s.window = e.quoted_window;
  s.mss = e.quoted_mss;
  s.flags = e.quoted_flags;
  s.window_scale = e.quoted_window_scale;
  s.sack_permitted = e.quoted_sack_permitted;
  s.has_timestamps = e.quoted_has_timestamps;
  s.sack_count = e.quoted_sack_count;
  s.sack = e.quoted_sack;
  return s;
}

datagram quoted_datagram(const icmp_error& e) {
  datagram d;
  d.tuple = e.about;
  d.length = e.quoted_length;
  return d;
}

}  // namespace fourtuple::wire
