#include "sim/profile/sysctl_syntax.h"

#include <charconv>
#include <vector>

namespace fourtuple::profile {
namespace {

bool blank(char c) { return c == ' ' || c == '\t'; }

std::string_view trimmed(std::string_view t) {
  while (!t.empty() && (blank(t.front()) || t.front() == '\n')) t.remove_prefix(1);
  while (!t.empty() && (blank(t.back()) || t.back() == '\n')) t.remove_suffix(1);
  return t;
}

std::optional<std::int64_t> digits(std::string_view t) {
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(t.data(), t.data() + t.size(), n);
  if (error != std::errc{} || end != t.data() + t.size()) return std::nullopt;
  return n;
}

std::optional<std::uint16_t> port(std::string_view t, std::int64_t least) {
  const auto n = digits(t);
  if (!n || *n < least || *n > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*n);
}

std::vector<std::string_view> words(std::string_view t) {
  std::vector<std::string_view> out;
  t = trimmed(t);
  while (!t.empty()) {
    std::size_t n = 0;
    while (n < t.size() && !blank(t[n])) ++n;
    out.push_back(t.substr(0, n));
    t = trimmed(t.substr(n));
  }
  return out;
}

}  // namespace

std::optional<std::int64_t> read_whole(std::string_view text) { return digits(trimmed(text)); }

std::optional<port_range> read_range(std::string_view text) {
  const auto w = words(text);
  if (w.size() != 2) return std::nullopt;
  const auto low = port(w[0], 1);
  const auto high = port(w[1], 1);
  if (!low || !high) return std::nullopt;
  return port_range{*low, *high};
}

std::optional<port_set> read_port_list(std::string_view text) {
  port_set out;
  text = trimmed(text);
  while (!text.empty()) {
    const auto comma = text.find(',');
    const auto part = text.substr(0, comma);
    const auto dash = part.find('-');
    const auto low = port(part.substr(0, dash), 0);
    const auto high = dash == std::string_view::npos ? low : port(part.substr(dash + 1), 0);
    if (!low || !high || *low > *high) return std::nullopt;
    out.add({*low, *high});
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
    if (text.empty()) return std::nullopt;
  }
  return out;
}

std::string write_port_list(const port_set& ports) {
  std::string out;
  for (const auto& r : ports.ranges()) {
    if (!out.empty()) out += ',';
    out += std::to_string(r.low);
    if (r.high != r.low) out += "-" + std::to_string(r.high);
  }
  return out;
}

std::optional<std::array<std::int32_t, 3>> read_three(std::string_view text) {
  const auto w = words(text);
  if (w.size() != 3) return std::nullopt;
  std::array<std::int32_t, 3> out{};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto n = digits(w[i]);
    if (!n || *n < 1 || *n > INT32_MAX) return std::nullopt;
    out[i] = static_cast<std::int32_t>(*n);
  }
  return out;
}

}  // namespace fourtuple::profile
