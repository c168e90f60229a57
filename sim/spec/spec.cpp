#include "sim/spec/spec.h"

#include "sim/profile/nearest.h"
#include "sim/spec/quantity.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace fourtuple::spec {
namespace {

/// a - b where that is in [0, 2^32); nothing otherwise.
std::optional<std::uint32_t> distance(const ip_address& a, const ip_address& b) {
  if (a.family != b.family) return std::nullopt;
  const std::size_t size = a.family == family::inet ? 4 : 16;
  if (std::memcmp(a.bytes.data(), b.bytes.data(), size - 4) != 0) {
    // A run of an IPv6 prefix may cross the last 32 bits; addresses that far apart are not in one.
    return std::nullopt;
  }
  const auto low = [size](const ip_address& x) {
    std::uint32_t n = 0;
    for (std::size_t i = size - 4; i < size; ++i) n = n << 8 | x.bytes[i];
    return n;
  };
  if (low(a) < low(b)) return std::nullopt;
  return low(a) - low(b);
}

std::string quoted(std::string_view t) { return "'" + std::string(t) + "'"; }

struct split {
  std::string_view name;
  std::string_view port;
  bool ok = false;
};

split split_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return {text, {}, false};
  return {text.substr(0, colon), text.substr(colon + 1), true};
}

std::string unknown_host(const scenario& s, std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& h : s.hosts) names.push_back(h.name);
  return "unknown host " + quoted(name) + profile::did_you_mean(name, names);
}

/// Members 1 to n of a host in the order of their decimal numbers as text: 1, 10, 100, 11, 2.
void append_by_name(std::uint32_t n, std::uint32_t host, std::vector<host_ref>& to) {
  std::uint64_t number = 1;
  for (std::uint32_t i = 0; i < n; ++i) {
    to.push_back({host, static_cast<std::uint32_t>(number - 1)});
    if (number * 10 <= n) {
      number *= 10;
      continue;
    }
    while (number % 10 == 9 || number == n) number /= 10;
    ++number;
  }
}

/// What "addr:port" would have been, where parse_endpoint() takes it.
std::optional<endpoint> literal(std::string_view text) { return parse_endpoint(text); }

}  // namespace

std::uint64_t scenario::host_count() const {
  std::uint64_t n = 0;
  for (const auto& h : hosts) n += h.members();
  return n;
}

std::vector<host_ref> in_name_order(const scenario& s) {
  std::vector<std::uint32_t> hosts(s.hosts.size());
  std::iota(hosts.begin(), hosts.end(), 0U);
  std::sort(hosts.begin(), hosts.end(),
            [&](std::uint32_t a, std::uint32_t b) { return s.hosts[a].name < s.hosts[b].name; });
  const auto by_name = [&](const host_ref& a, const host_ref& b) {
    return host_name(s, a) < host_name(s, b);
  };
  std::vector<host_ref> refs;
  refs.reserve(s.host_count());
  for (const std::uint32_t h : hosts) {
    const auto middle = static_cast<std::ptrdiff_t>(refs.size());
    append_by_name(s.hosts[h].members(), h, refs);
    // "a-2" of a fleet stands behind a host "a-1x".
    const auto fresh = refs.begin() + middle;
    if (middle != 0 && by_name(*fresh, *(fresh - 1)))
      std::inplace_merge(refs.begin(), fresh, refs.end(), by_name);
  }
  return refs;
}

std::optional<host_selection> find_host(const scenario& s, std::string_view name) {
  for (std::uint32_t i = 0; i < s.hosts.size(); ++i)
    if (s.hosts[i].name == name) return host_selection{i, std::nullopt};
  const auto dash = name.rfind('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto stem = name.substr(0, dash);
  const auto digits = name.substr(dash + 1);
  for (std::uint32_t i = 0; i < s.hosts.size(); ++i) {
    if (s.hosts[i].name != stem || !s.hosts[i].count) continue;
    const auto n = parse_whole(digits, 1, *s.hosts[i].count);
    if (n.value) return host_selection{i, static_cast<std::uint32_t>(*n.value - 1)};
  }
  return std::nullopt;
}

std::optional<host_ref> owner_of(const scenario& s, const ip_address& a) {
  for (std::uint32_t i = 0; i < s.hosts.size(); ++i) {
    const auto& h = s.hosts[i];
    for (const auto& run : h.addresses) {
      const auto d = distance(a, run.first);
      if (!d || *d >= run.length) continue;
      if (!h.count) return host_ref{i, 0};
      if (*d < *h.count) return host_ref{i, *d};
    }
  }
  return std::nullopt;
}

std::string host_name(const scenario& s, host_ref h) {
  return member_name(s.hosts[h.host], h.member);
}

std::string host_name(const scenario& s, host_selection h) {
  return h.member ? member_name(s.hosts[h.host], *h.member) : s.hosts[h.host].name;
}

const app* find_app(const scenario& s, std::string_view name) {
  for (const auto& a : s.apps)
    if (a.name == name) return &a;
  return nullptr;
}

std::vector<endpoint> resolve_endpoints(const scenario& s, std::string_view text, family f,
                                        std::string& why) {
  why.clear();
  text = trimmed(text);
  if (const auto e = literal(text)) return {*e};
  const auto [name, port_text, has_port] = split_port(text);
  if (!has_port || parse_address(text)) {
    why = quoted(text) + " has no port (write " +
          (text.find(':') == std::string_view::npos ? std::string(text)
                                                    : "[" + std::string(text) + "]") +
          ":PORT)";
    return {};
  }
  const auto port = parse_whole(port_text, 0, 65535);
  if (!port.value) {
    why = "port " + port.error;
    return {};
  }
  const auto p = static_cast<std::uint16_t>(*port.value);
  if (name == "localhost") return {endpoint{ip_address::loopback(f), p}};
  const auto found = find_host(s, name);
  if (name.empty()) {
    why = quoted(text) + " has no host (write 0.0.0.0" + std::string(text) + " for every address)";
    return {};
  }
  if (!found) {
    const bool address_like =
        name.find_first_not_of("0123456789abcdefABCDEF.:[]") == std::string_view::npos &&
        name.find_first_of(".:[") != std::string_view::npos;
    why = address_like ? quoted(name) + " is not an address" : unknown_host(s, name);
    return {};
  }
  const auto& h = s.hosts[found->host];
  const std::uint32_t from = found->member.value_or(0);
  const std::uint32_t to = found->member ? from + 1 : h.members();
  std::vector<endpoint> out;
  for (std::uint32_t m = from; m < to; ++m) {
    const auto a = first_address(h, m, f);
    if (!a) {
      why = "host " + quoted(h.name) + " has no " + (f == family::inet ? "IPv4" : "IPv6") +
            " address";
      return {};
    }
    out.push_back({*a, p});
  }
  return out;
}

}  // namespace fourtuple::spec
