#include "sim/wire/codec.h"

#include <algorithm>

#include "sim/wire/byte_reader.h"

namespace fourtuple::wire {
namespace {

constexpr std::uint8_t protocol_icmp = 1;
constexpr std::uint8_t protocol_tcp = 6;
constexpr std::uint8_t protocol_udp = 17;
constexpr std::uint8_t protocol_icmp6 = 58;

enum option : std::uint8_t {
  opt_end = 0,
  opt_nop = 1,
  opt_mss = 2,
  opt_window_scale = 3,
  opt_sack_permitted = 4,
  opt_sack = 5,
  opt_timestamps = 8,
};

void put8(std::string& to, unsigned v) { to.push_back(static_cast<char>(v)); }
void put16(std::string& to, unsigned v) {
  put8(to, v >> 8 & 0xff);
  put8(to, v & 0xff);
}
void put32(std::string& to, std::uint32_t v) {
  put16(to, v >> 16);
  put16(to, v & 0xffff);
}
void set16(std::string& in, std::size_t at, unsigned v) {
  in[at] = static_cast<char>(v >> 8);
  in[at + 1] = static_cast<char>(v);
}
void put_address(std::string& to, const ip_address& a) {
  const std::size_t n = a.family == family::inet ? 4 : 16;
  for (std::size_t i = 0; i < n; ++i) put8(to, a.bytes[i]);
}

std::uint32_t sum_of(std::string_view bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2)
    sum += static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes[i]) << 8 |
                                      static_cast<std::uint8_t>(bytes[i + 1]));
  if (bytes.size() % 2 != 0)
    sum += static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes.back()) << 8);
  return (sum & 0xffff) + (sum >> 16);
}
std::uint16_t folded(std::uint32_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

// ---- TCP ----------------------------------------------------------------------------------------

void put_timestamps(std::string& to, const segment& s) {
  put8(to, opt_timestamps);
  put8(to, 10);
  put32(to, s.ts_value);
  put32(to, s.ts_echo);
}

std::string tcp_options(const segment& s) {
  std::string o;
  if (s.mss != 0) {
    put8(o, opt_mss);
    put8(o, 4);
    put16(o, s.mss);
  }
  if (s.has_timestamps) {
    if (s.sack_permitted) {
      put8(o, opt_sack_permitted);
      put8(o, 2);
    } else {
      put16(o, opt_nop << 8 | opt_nop);
    }
    put_timestamps(o, s);
  } else if (s.sack_permitted) {
    put16(o, opt_nop << 8 | opt_nop);
    put8(o, opt_sack_permitted);
    put8(o, 2);
  }
  if (s.window_scale != segment::no_window_scale) {
    put8(o, opt_nop);
    put8(o, opt_window_scale);
    put8(o, 3);
    put8(o, s.window_scale);
  }
  if (s.sack_count != 0) {
    put16(o, opt_nop << 8 | opt_nop);
    put8(o, opt_sack);
    put8(o, 2U + 8U * s.sack_count);
    for (unsigned i = 0; i < s.sack_count; ++i) {
      put32(o, s.sack[i].left);
      put32(o, s.sack[i].right);
    }
  }
  return o;
}

std::string tcp_bytes(const frame& f, const segment& s) {
  const std::string options = tcp_options(s);
  std::string out;
  put16(out, f.source.port);
  put16(out, f.destination.port);
  put32(out, s.seq_number);
  put32(out, s.ack_number);
  put8(out, static_cast<unsigned>((20 + options.size()) / 4) << 4);
  put8(out, s.flags);
  put16(out, s.window);
  put32(out, 0);  // checksum, urgent pointer
  return out + options + f.payload;
}

bool read_tcp_option(segment& s, std::uint8_t kind, byte_reader body) {
  switch (kind) {
    case opt_mss:
      s.mss = body.u16();
      break;
    case opt_window_scale:
      s.window_scale = body.u8();
      break;
    case opt_sack_permitted:
      s.sack_permitted = true;
      break;
    case opt_timestamps:
      s.has_timestamps = true;
      s.ts_value = body.u32();
      s.ts_echo = body.u32();
      break;
    case opt_sack:
      while (body.left() >= 8) {
        const sack_block b{body.u32(), body.u32()};
        if (s.sack_count < s.sack.size()) s.sack[s.sack_count++] = b;
      }
      break;
    default:
      return true;
  }
  return body.good();
}

bool read_tcp_options(segment& s, byte_reader options) {
  while (options.left() != 0) {
    const std::uint8_t kind = options.u8();
    if (kind == opt_end) return true;
    if (kind == opt_nop) continue;
    const std::uint8_t length = options.u8();
    if (!options.good() || length < 2 || !read_tcp_option(s, kind, options.part(length - 2U)))
      return false;
  }
  return options.good();
}

constexpr unsigned known_flags = fin | syn | rst | psh | ack | ece | cwr;

bool read_tcp(frame& f, byte_reader r) {
  segment s;
  f.source.port = r.u16();
  f.destination.port = r.u16();
  s.seq_number = r.u32();
  s.ack_number = r.u32();
  const unsigned header = (r.u8() >> 4) * 4U;
  s.flags = r.u8() & known_flags;
  s.window = r.u16();
  r.skip(4);
  if (!r.good() || header < 20 || !read_tcp_options(s, r.part(header - 20U))) return false;
  if (!r.good()) return false;
  f.payload = r.rest();
  s.length = static_cast<std::uint32_t>(f.payload.size());
  f.what = s;
  return true;
}

// ---- UDP ----------------------------------------------------------------------------------------

std::string udp_bytes(const frame& f) {
  std::string out;
  put16(out, f.source.port);
  put16(out, f.destination.port);
  put16(out, static_cast<unsigned>(8 + f.payload.size()));
  put16(out, 0);
  return out + f.payload;
}

bool read_udp(frame& f, byte_reader r) {
  f.source.port = r.u16();
  f.destination.port = r.u16();
  const unsigned length = r.u16();
  r.skip(2);
  if (!r.good() || length < 8 || length - 8 > r.left()) return false;
  f.payload = r.part(length - 8U).rest();
  f.what = udp_header{};
  return true;
}

// ---- ICMP errors --------------------------------------------------------------------------------

/// As much of the packet complained of as Linux quotes: a message of 576 bytes (icmp_send()), over
/// IPv6 of 1280 (icmp6_send()). Bytes of payload are not known any more.
std::string quote(const icmp_message& m) {
  frame f;
  f.source = m.quoted_source;
  f.destination = m.quoted_destination;
  if (m.about_tcp) {
    f.what = m.quoted;
  } else {
    f.what = udp_header{};
  }
  f.payload.assign(std::min<std::uint32_t>(m.quoted.length, 65'000), 'x');
  const bool v4 = f.source.address.family == family::inet;
  return encode(f).substr(0, v4 ? 576 - 20 - 8 : 1280 - 40 - 8);
}

std::string icmp_bytes(const icmp_message& m) {
  std::string out;
  put8(out, m.type);
  put8(out, m.code);
  put16(out, 0);
  put32(out, m.mtu);
  out += quote(m);
  return out;
}

struct ip_part {
  ip_address source;
  ip_address destination;
  std::uint8_t protocol = 0;
  std::uint8_t ttl = 0;
  unsigned tos = 0;        ///< IPv6: traffic class
  std::size_t length = 0;  ///< behind the header, as it says; `rest` may be cut shorter
  byte_reader rest{std::string_view{}};
};

std::optional<ip_part> read_ip(byte_reader r, bool whole);

/// Eight bytes behind the quoted IP header are certain (RFC 792); of TCP more is read where it is
/// there.
bool read_quote(icmp_message& m, const ip_part& quoted) {
  byte_reader r = quoted.rest;
  m.quoted_source = {quoted.source, r.u16()};
  m.quoted_destination = {quoted.destination, r.u16()};
  if (!m.about_tcp) {
    m.quoted.length = static_cast<std::uint32_t>(std::max<std::size_t>(quoted.length, 8) - 8);
    return r.good();
  }
  m.quoted.seq_number = r.u32();
  if (!r.good()) return false;
  frame whole;
  whole.what = udp_header{};
  if (!read_tcp(whole, quoted.rest)) return true;
  const std::size_t bytes = quoted.rest.left() - whole.payload.size();
  m.quoted = *whole.tcp();
  m.quoted.length = static_cast<std::uint32_t>(std::max(quoted.length, bytes) - bytes);
  return true;
}

bool read_icmp(frame& f, byte_reader r) {
  icmp_message m;
  m.type = r.u8();
  m.code = r.u8();
  r.skip(2);
  m.mtu = static_cast<std::uint16_t>(r.u32());
  const bool v4 = f.source.address.family == family::inet;
  const bool error = v4 ? m.type == 3 || m.type == 11 || m.type == 12 : m.type >= 1 && m.type <= 4;
  if (!r.good() || !error) return false;
  const auto quoted = read_ip(r, false);
  if (!quoted) return false;
  if (quoted->protocol != protocol_tcp && quoted->protocol != protocol_udp) return false;
  m.about_tcp = quoted->protocol == protocol_tcp;
  if (!read_quote(m, *quoted)) return false;
  f.what = m;
  return true;
}

// ---- IP -----------------------------------------------------------------------------------------

constexpr unsigned ect_0 = 2;     // ECN field, RFC 3168 5
constexpr unsigned ecn_mask = 3;  // of the type of service and of the traffic class

std::string ip_header(const ip_address& from, const ip_address& to, std::uint8_t protocol,
                      std::uint8_t ttl, unsigned tos, std::size_t length) {
  std::string out;
  if (from.family == family::inet) {
    put16(out, 0x4500 | tos);
    put16(out, static_cast<unsigned>(20 + length));
    put16(out, 0);
    put16(out, 0x4000);  // don't fragment
    put8(out, ttl);
    put8(out, protocol);
    put16(out, 0);
    put_address(out, from);
    put_address(out, to);
    set16(out, 10, internet_checksum(out));
  } else {
    put32(out, 0x60000000 | tos << 20);
    put16(out, static_cast<unsigned>(length));
    put8(out, protocol);
    put8(out, ttl);
    put_address(out, from);
    put_address(out, to);
  }
  return out;
}

/// Checksum of a transport header that has zero where it goes; UDP says 0xffff for 0.
std::uint16_t transport_checksum(const frame& f, std::uint8_t protocol, std::string_view bytes) {
  std::string pseudo;
  if (protocol != protocol_icmp) {
    put_address(pseudo, f.source.address);
    put_address(pseudo, f.destination.address);
    put32(pseudo, static_cast<std::uint32_t>(bytes.size()));
    put32(pseudo, protocol);
  }
  const std::uint16_t sum = folded(sum_of(bytes, sum_of(pseudo)));
  return protocol == protocol_udp && sum == 0 ? std::uint16_t{0xffff} : sum;
}

std::optional<ip_part> read_ip(byte_reader r, bool whole) {
  ip_part out;
  const unsigned first = r.u8();
  const auto address = [&r](family f) {
    ip_address a;
    a.family = f;
    for (std::size_t i = 0; i < (f == family::inet ? 4 : 16); ++i) a.bytes[i] = r.u8();
    return a;
  };
  std::size_t length = 0;
  if (first >> 4 == 4) {
    const unsigned header = (first & 0xf) * 4;
    out.tos = r.u8();
    const unsigned total = r.u16();
    r.skip(2);
    if ((r.u16() & 0x3fff) != 0) return std::nullopt;  // a fragment
    out.ttl = r.u8();
    out.protocol = r.u8();
    r.skip(2);
    out.source = address(family::inet);
    out.destination = address(family::inet);
    if (header < 20 || total < header) return std::nullopt;
    r.skip(header - 20U);
    length = total - header;
  } else if (first >> 4 == 6) {
    out.tos = (first << 4 | r.u8() >> 4) & 0xff;
    r.skip(2);
    length = r.u16();
    out.protocol = r.u8();
    out.ttl = r.u8();
    out.source = address(family::inet6);
    out.destination = address(family::inet6);
  } else {
    return std::nullopt;
  }
  if (!r.good() || (whole && r.left() < length)) return std::nullopt;
  out.length = length;
  out.rest = r.part(std::min(length, r.left()));
  return out;
}

}  // namespace

std::uint16_t internet_checksum(std::string_view bytes) { return folded(sum_of(bytes)); }

std::string encode(const frame& f) {
  const bool v4 = f.source.address.family == family::inet;
  std::uint8_t protocol = protocol_udp;
  std::size_t place = 6;  // of the checksum
  std::string body;
  if (const segment* s = f.tcp()) {
    protocol = protocol_tcp;
    place = 16;
    body = tcp_bytes(f, *s);
  } else if (const icmp_message* m = f.icmp()) {
    protocol = v4 ? protocol_icmp : protocol_icmp6;
    place = 2;
    body = icmp_bytes(*m);
  } else {
    body = udp_bytes(f);
  }
  set16(body, place, transport_checksum(f, protocol, body));
  const unsigned tos = f.tcp() != nullptr && f.tcp()->ect ? ect_0 : 0;
  return ip_header(f.source.address, f.destination.address, protocol, f.ttl, tos, body.size()) +
         body;
}

std::optional<frame> decode(std::string_view bytes) {
  const auto ip = read_ip(byte_reader(bytes), true);
  if (!ip) return std::nullopt;
  frame f;
  f.source.address = ip->source;
  f.destination.address = ip->destination;
  f.ttl = ip->ttl;
  bool good = false;
  switch (ip->protocol) {
    case protocol_tcp:
      good = read_tcp(f, ip->rest);
      if (good) std::get<segment>(f.what).ect = (ip->tos & ecn_mask) != 0;
      break;
    case protocol_udp:
      good = read_udp(f, ip->rest);
      break;
    case protocol_icmp:
    case protocol_icmp6:
      good = (ip->protocol == protocol_icmp) == (ip->source.family == family::inet) &&
             read_icmp(f, ip->rest);
      break;
    default:
      break;
  }
  if (!good) return std::nullopt;
  return f;
}

}  // namespace fourtuple::wire
