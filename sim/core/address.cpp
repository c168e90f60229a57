// Parsing and printing of <fourtuple/address.h>. Syntax is inet_pton(3)'s, printing RFC 5952's; by
// hand, because the answer may not depend on the machine's libc.
#include <fourtuple/address.h>

#include <algorithm>
#include <charconv>

namespace fourtuple {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/// A decimal number of at most `max`, without sign; inet_pton accepts no leading zero.
std::optional<unsigned> decimal(std::string_view text, unsigned max, bool leading_zero) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > max) return {};
  if (!leading_zero && text.size() > 1 && text.front() == '0') return {};
  return value;
}

bool parse_v4(std::string_view text, std::uint8_t* out) {
  for (int i = 0; i < 4; ++i) {
    const auto dot = i < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos) return false;
    const auto byte = decimal(text.substr(0, dot), 255, false);
    if (!byte) return false;
    out[i] = static_cast<std::uint8_t>(*byte);
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return true;
}

/// One side of "::": 16-bit groups, the last of which may be a dotted quad. Bytes written, or -1.
int parse_groups(std::string_view text, std::uint8_t* out) {
  int written = 0;
  while (!text.empty()) {
    const auto colon = std::min(text.find(':'), text.size());
    const auto group = text.substr(0, colon);
    if (colon == text.size() && group.find('.') != std::string_view::npos) {
      return written + 4 <= 16 && parse_v4(group, out + written) ? written + 4 : -1;
    }
    unsigned value = 0;
    const auto [end, error] = std::from_chars(group.data(), group.data() + group.size(), value, 16);
    if (error != std::errc{} || end != group.data() + group.size() || group.size() > 4) return -1;
    if (written + 2 > 16) return -1;
    out[written++] = static_cast<std::uint8_t>(value >> 8);
    out[written++] = static_cast<std::uint8_t>(value & 0xff);
    if (colon == text.size()) break;
    text.remove_prefix(colon + 1);
    if (text.empty()) return -1;  // "1:2:" ends in a colon
  }
  return written;
}

bool parse_v6(std::string_view text, std::array<std::uint8_t, 16>& out) {
  const auto gap = text.find("::");
  if (gap == std::string_view::npos) return parse_groups(text, out.data()) == 16;
  const auto head = text.substr(0, gap);
  if (head.find('.') != std::string_view::npos) return false;  // a quad stands at the end only
  std::array<std::uint8_t, 16> tail{};
  const int before = parse_groups(head, out.data());
  const int after = parse_groups(text.substr(gap + 2), tail.data());
  if (before < 0 || after < 0 || before + after > 14) return false;
  std::copy_n(tail.begin(), after, out.end() - after);
  return true;
}

std::string print_v4(const std::uint8_t* b) {
  return std::to_string(b[0]) + '.' + std::to_string(b[1]) + '.' + std::to_string(b[2]) + '.' +
         std::to_string(b[3]);
}

struct run_of_zeros {
  int first = 8;
  int length = 0;
};

/// The longest run of zero groups, the first of equals; one group alone is no run (RFC 5952 4.2).
run_of_zeros longest_run(const std::array<unsigned, 8>& groups) {
  run_of_zeros best;
  for (int i = 0; i < 8;) {
    int end = i;
    while (end < 8 && groups[static_cast<std::size_t>(end)] == 0) ++end;
    if (end - i > best.length && end - i > 1) best = {i, end - i};
    i = std::max(end, i + 1);
  }
  return best;
}

std::string print_v6(const std::array<std::uint8_t, 16>& b) {
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < 8; ++i) groups[i] = b[2 * i] * 256U + b[2 * i + 1];
  const run_of_zeros gap = longest_run(groups);
  std::string text;
  for (int i = 0; i < 8; ++i) {
    if (i == gap.first) {
      text += "::";
      i += gap.length - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    std::array<char, 8> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(),
                                   groups[static_cast<std::size_t>(i)], 16);
    text.append(digits.data(), end.ptr);
  }
  return text;
}

}  // namespace

ip_address ip_address::any(fourtuple::family f) {
  ip_address a;
  a.family = f;
  return a;
}

ip_address ip_address::loopback(fourtuple::family f) {
  if (f == fourtuple::family::inet) return v4(127, 0, 0, 1);
  ip_address a = any(f);
  a.bytes[15] = 1;
  return a;
}

ip_address ip_address::v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  ip_address result;
  result.bytes[0] = a;
  result.bytes[1] = b;
  result.bytes[2] = c;
  result.bytes[3] = d;
  return result;
}

ip_address ip_address::mapped(const ip_address& v4) {
  ip_address a = any(fourtuple::family::inet6);
  std::copy(mapped_prefix.begin(), mapped_prefix.end(), a.bytes.begin());
  std::copy_n(v4.bytes.begin(), 4, a.bytes.begin() + 12);
  return a;
}

bool ip_address::is_any() const { return *this == any(family); }

bool ip_address::is_loopback() const {
  if (family == fourtuple::family::inet) return bytes[0] == 127;
  return is_v4_mapped() ? bytes[12] == 127 : *this == loopback(fourtuple::family::inet6);
}

bool ip_address::is_multicast() const {
  return family == fourtuple::family::inet ? (bytes[0] & 0xf0) == 0xe0 : bytes[0] == 0xff;
}

bool ip_address::is_broadcast() const { return *this == v4(255, 255, 255, 255); }

bool ip_address::is_v4_mapped() const {
  return family == fourtuple::family::inet6 &&
         std::equal(mapped_prefix.begin(), mapped_prefix.end(), bytes.begin());
}

ip_address ip_address::unmapped() const {
  return is_v4_mapped() ? v4(bytes[12], bytes[13], bytes[14], bytes[15]) : *this;
}

std::string to_string(const ip_address& a) {
  if (a.family == family::inet) return print_v4(a.bytes.data());
  if (a.is_v4_mapped()) return "::ffff:" + print_v4(a.bytes.data() + 12);
  // inet_ntop(3): ::10.0.0.1, but ::1
  const bool compatible =
      std::all_of(a.bytes.begin(), a.bytes.begin() + 12, [](std::uint8_t b) { return b == 0; }) &&
      (a.bytes[12] != 0 || a.bytes[13] != 0);
  if (compatible) return "::" + print_v4(a.bytes.data() + 12);
  return print_v6(a.bytes);
}

std::optional<ip_address> parse_address(std::string_view text) {
  ip_address a;
  if (text.find(':') == std::string_view::npos) {
    if (!parse_v4(text, a.bytes.data())) return {};
    return a;
  }
  a.family = family::inet6;
  if (!parse_v6(text, a.bytes)) return {};
  return a;
}

std::string to_string(const endpoint& e) {
  const std::string address = to_string(e.address);
  const std::string port = std::to_string(e.port);
  return e.address.family == family::inet ? address + ':' + port : '[' + address + "]:" + port;
}

std::optional<endpoint> parse_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return {};
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = parse_address(host);
  const auto port = decimal(text.substr(colon + 1), 65535, true);
  if (!address || !port || (address->family == family::inet6) != bracketed) return {};
  return endpoint{*address, static_cast<std::uint16_t>(*port)};
}

}  // namespace fourtuple
