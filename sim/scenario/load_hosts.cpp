// hosts:.
#include "sim/profile/nearest.h"
#include "sim/scenario/parts.h"

#include <algorithm>
#include <tuple>

namespace fourtuple::scenario {
namespace {

constexpr std::size_t most_records = 10'000;
constexpr std::uint64_t most_hosts = 1'000'000;
constexpr std::uint32_t most_addresses = 65'536;  // of one plain host

/// b - a for a <= b of one family, where that is below 2^32 and no carry leaves the last 32 bits.
std::optional<std::uint32_t> span_between(const ip_address& a, const ip_address& b) {
  const std::size_t size = a.family == family::inet ? 4 : 16;
  if (a.family != b.family ||
      !std::equal(a.bytes.begin(), a.bytes.begin() + static_cast<long>(size) - 4, b.bytes.begin()))
    return std::nullopt;
  std::uint32_t low = 0, high = 0;
  for (std::size_t i = size - 4; i < size; ++i) {
    low = low << 8 | a.bytes[i];
    high = high << 8 | b.bytes[i];
  }
  if (high < low) return std::nullopt;
  return high - low;
}

struct addresses {
  ip_address first;
  std::uint32_t available = 0;  ///< consecutive ones from first
  bool prefix = false;
};

std::string unusable(const ip_address& a) {
  if (a.is_any()) return "is the unspecified address";
  if (a.is_loopback()) return "is a loopback address, which every host has of its own";
  if (a.is_multicast()) return "is a multicast address";
  if (a.is_broadcast()) return "is the broadcast address";
  if (a.is_v4_mapped()) return "is an IPv4 address in IPv6 form; write it as IPv4";
  if (a.family == family::inet && a.bytes[0] == 0) return "is in 0.0.0.0/8, which no host has";
  if (a.family == family::inet && a.bytes[0] >= 240) return "is in 240.0.0.0/4, which is reserved";
  if (a.family == family::inet6 && a.bytes[0] == 0xfe && (a.bytes[1] & 0xc0) == 0x80)
    return "is link-local, which is not yet modelled";
  return {};
}

std::optional<addresses> read_prefix(context& c, const node& n, std::size_t slash) {
  const std::string_view text = n.text;
  const auto base = parse_address(text.substr(0, slash));
  const int width = base && base->family == family::inet6 ? 128 : 32;
  const auto bits = spec::parse_whole(text.substr(slash + 1), 0, width);
  if (!base || !bits.value) {
    c.error(n.where, "address: " + quoted(text) + " is not a prefix (10.1.0.0/24)");
    return std::nullopt;
  }
  auto network = *base;
  for (int bit = static_cast<int>(*bits.value); bit < width; ++bit)
    network.bytes[static_cast<std::size_t>(bit / 8)] &=
        static_cast<std::uint8_t>(~(0x80 >> (bit % 8)));
  if (network != *base) {
    c.error(n.where, "address: " + quoted(text) + " is not the start of its network (write " +
                         to_string(network) + "/" + std::to_string(*bits.value) + ")");
    return std::nullopt;
  }
  const int free_bits = std::min(width - static_cast<int>(*bits.value), 31);
  // .0 is the network's; the last of an IPv4 network is its broadcast address (RFC 3021: not of
  // /31)
  const std::uint32_t all = std::uint32_t{1} << free_bits;
  const bool broadcast = width == 32 && free_bits >= 2;
  return addresses{spec::plus(network, 1), all - 1 - (broadcast ? 1 : 0), true};
}

std::optional<addresses> read_addresses(context& c, const node& n) {
  if (!expect_scalar(c, n, "address")) return std::nullopt;
  const std::string_view text = spec::trimmed(n.text);
  if (const auto slash = text.find('/'); slash != std::string_view::npos)
    return read_prefix(c, n, n.text.find('/'));
  const auto dots = text.find("..");
  const auto low = parse_address(spec::trimmed(text.substr(0, dots)));
  const auto high =
      dots == std::string_view::npos ? low : parse_address(spec::trimmed(text.substr(dots + 2)));
  if (!low || !high) {
    c.error(n.where, "address: " + quoted(text) + " is not an address");
    return std::nullopt;
  }
  const auto span = span_between(*low, *high);
  if (!span || *span > most_hosts) {
    c.error(n.where, "address: " + quoted(text) + " is not a range (LOW .. HIGH, at most 1000000)");
    return std::nullopt;
  }
  return addresses{*low, *span + 1, false};
}

/// One element of `address:`, checked against the host's count.
void add_addresses(context& c, const node& n, spec::host& h) {
  const auto a = read_addresses(c, n);
  if (!a) return;
  if (a->prefix && !h.count) {
    c.error(n.where, "address: a prefix (" + quoted(n.text) + ") belongs to a host with count");
    return;
  }
  const std::uint32_t wanted = h.count.value_or(a->available);
  if (wanted > a->available) {
    c.error(n.where, "address: " + quoted(n.text) + " has " + std::to_string(a->available) +
                         (a->available == 1 ? " address" : " addresses") + ", too few for count " +
                         std::to_string(wanted));
    return;
  }
  if (!h.count && wanted > most_addresses) {
    c.error(n.where, "address: more than the limit of 65536 addresses on one host");
    return;
  }
  for (const auto& end : {a->first, spec::plus(a->first, wanted - 1)})
    if (const auto why = unusable(end); !why.empty()) {
      c.error(n.where, "address: " + to_string(end) + " " + why);
      return;
    }
  h.addresses.push_back({a->first, wanted, n.where});
}

void read_sysctls(context& c, const node& n, spec::host& h) {
  if (n.kind == node::type::null) return;
  if (n.kind != node::type::map) {
    c.error(n.where, "sysctls must be a mapping from names to values");
    return;
  }
  for (const auto& e : n.entries) {
    if (e.value.kind == node::type::map) {
      c.error(e.where, quoted(e.key) +
                           " is no sysctl; a path names one in brackets: "
                           "sysctls[net.ipv4.tcp_tw_reuse]");
      continue;
    }
    // an empty list of reserved ports is written "" or left empty
    if (e.value.kind != node::type::null && !expect_scalar(c, e.value, e.key)) continue;
    const auto refused = profile::set_sysctl(h.sysctls, *h.profile, e.key, e.value.text);
    if (refused) {
      const bool unknown_name = refused->starts_with("unknown") || refused->starts_with("sysctl");
      c.error(unknown_name ? e.where : e.value.where, *refused);
    } else {
      h.sysctl_lines.emplace_back(e.key, e.value.text);
    }
  }
}

void read_kernel(context& c, mapping& m, spec::host& h) {
  const auto os = m.special("os");
  const auto found = profile::find_profile(os.value_or("linux"));
  if (found.profile == nullptr) c.error(m.at("os"), "os: " + found.error);
  h.profile = found.profile != nullptr ? found.profile : &profile::newest_linux();
  h.sysctls = profile::boot_sysctls(*h.profile);
  h.hz = h.profile->hz;
  if (h.profile->is_linux) {
    constexpr std::uint16_t ticks[] = {100, 250, 1000};
    h.hz = ticks[m.choice("hz")];
    h.timers = static_cast<spec::timer_mode>(m.choice("timers"));
    return;
  }
  h.timers = spec::timer_mode::ideal;  // a textbook has no timer wheel
  for (const auto* key : {"hz", "timers"})
    if (m.has(key))
      m.error(key, "belongs to a linux profile, not to " + std::string(h.profile->name));
}

/// Whether the file meant a count that could not be read: what follows from that is no news.
bool count_is_wrong(const mapping& m, const spec::host& h) {
  return !h.count && (m.has("count") || m.has("replicas") || m.has("scale"));
}

void load_host(context& c, const entry& e) {
  spec::host h;
  h.name = e.key;
  h.where = e.where;
  mapping m(c, e.value, host_table, "host " + quoted(e.key));
  read_kernel(c, m, h);
  if (const auto n = m.maybe_whole("count")) h.count = static_cast<std::uint32_t>(*n);
  if (const node* a = m.find("address");
      a != nullptr && a->kind != node::type::null && !count_is_wrong(m, h)) {
    const std::size_t mistakes = c.errors.size();
    for (const node* one : one_or_list(*a)) add_addresses(c, *one, h);
    if (c.errors.size() != mistakes) c.misaddressed.insert(h.name);
  }
  if (const node* s = m.find("sysctls")) read_sysctls(c, *s, h);
  h.user = read_user(m, "user", spec::user{});
  h.nofile = static_cast<std::uint32_t>(m.whole("nofile"));
  h.router = m.flag("router");
  c.host_index.emplace(h.name, static_cast<std::uint32_t>(c.out.hosts.size()));
  c.out.hosts.push_back(std::move(h));
}

void check_member_names(context& c) {
  for (const auto& h : c.out.hosts) {
    const auto dash = h.name.rfind('-');
    if (dash == std::string::npos) continue;
    const auto counted = c.host_index.find(h.name.substr(0, dash));
    if (counted == c.host_index.end()) continue;
    const auto& fleet = c.out.hosts[counted->second];
    const auto n = fleet.count ? spec::parse_whole(h.name.substr(dash + 1), 1, *fleet.count)
                               : spec::parsed<std::int64_t>{};
    if (n.value)
      c.error(h.where, "host " + quoted(h.name) + " is already member " + std::to_string(*n.value) +
                           " of " + quoted(fleet.name));
  }
}

/// One address on two hosts, or twice on one: runs sorted by their first address must not overlap.
void check_addresses(context& c) {
  struct run {
    const spec::address_run* addresses;
    const spec::host* owner;
  };
  std::vector<run> runs;
  for (const auto& h : c.out.hosts)
    for (const auto& a : h.addresses) runs.push_back({&a, &h});
  const auto key = [](const run& r) {
    const auto& a = *r.addresses;
    return std::tuple(a.first.family, a.first.bytes, a.where);
  };
  std::sort(runs.begin(), runs.end(), [&](const run& a, const run& b) { return key(a) < key(b); });
  const run* widest = nullptr;
  ip_address last{};
  for (const auto& r : runs) {
    const auto& first = r.addresses->first;
    if (widest != nullptr && first.family == last.family && first.bytes <= last.bytes) {
      const bool later = r.addresses->where > widest->addresses->where;
      const auto& blamed = later ? r : *widest;
      const auto& holder = later ? *widest : r;
      c.error(blamed.addresses->where, "address: " + to_string(first) + " is already on host " +
                                           quoted(holder.owner->name) + " (line " +
                                           std::to_string(holder.addresses->where.line) + ")");
    }
    const auto end = spec::plus(first, r.addresses->length - 1);
    if (widest == nullptr || end.family != last.family || end.bytes > last.bytes) {
      widest = &r;
      last = end;
    }
  }
}

}  // namespace

void load_hosts(context& c, const node& hosts) {
  if (hosts.kind != node::type::map) {
    c.error(hosts.where, "hosts must be a mapping from names to hosts");
    return;
  }
  if (hosts.entries.size() > most_records) {
    c.error(hosts.where, "more than the limit of 10000 hosts by name (use count)");
    return;
  }
  c.out.hosts.reserve(hosts.entries.size());
  for (const auto& e : hosts.entries) {
    if (!is_name(e.key) || e.key == "localhost")
      c.error(e.where, quoted(e.key) + " is not a name (a letter, then letters, digits, _ and -)");
    load_host(c, e);
  }
  if (c.out.host_count() > most_hosts)
    c.error(hosts.where, "the counts add up to " + std::to_string(c.out.host_count()) +
                             " hosts, more than the limit of 1000000");
  check_member_names(c);
  check_addresses(c);
}

std::optional<spec::host_selection> look_up_host(context& c, std::string_view name,
                                                 spec::position where) {
  if (const auto found = c.host_index.find(name); found != c.host_index.end())
    return spec::host_selection{found->second, std::nullopt};
  if (const auto member = spec::find_host(c.out, name)) return member;
  std::vector<std::string_view> names;
  for (const auto& h : c.out.hosts) names.push_back(h.name);
  c.error(where, "unknown host " + quoted(name) + profile::did_you_mean(name, names));
  return std::nullopt;
}

}  // namespace fourtuple::scenario
