// links:, and what a step changes of one.
#include "sim/scenario/parts.h"

#include <algorithm>
#include <array>

namespace fourtuple::scenario {
namespace {

/// The value of a key with a syntax of its own, or what stands in `value`.
template <class T, class Parse>
void read_special(mapping& m, const char* key, T& value, Parse parse) {
  const auto text = m.special(key);
  if (!text || *text == "none") return;
  auto parsed = parse(*text);
  if (parsed.value) {
    value = *parsed.value;
  } else {
    m.error(key, parsed.error);
  }
}

/// The same for a key that may be absent.
template <class T, class Parse>
void read_given(mapping& m, const char* key, std::optional<T>& value, Parse parse) {
  if (!m.has(key)) return;
  T parsed{};
  read_special(m, key, parsed, parse);
  value = parsed;
}

bool has_ipv6(const spec::host& h) {
  return std::any_of(h.addresses.begin(), h.addresses.end(),
                     [](const spec::address_run& a) { return a.first.family == family::inet6; });
}

/// What takes time needs a link that does.
void check_times(mapping& m, const spec::link_shape& l) {
  if (l.latency != duration{}) return;
  const auto wants_time = [&m](const char* key, bool given) {
    if (given) m.error(key, "takes time, and a link without latency has none (give it a latency)");
  };
  wants_time("jitter", l.jitter != duration{});
  wants_time("bandwidth", l.bandwidth != 0);
  wants_time("reorder", l.reorder != 0);
}

/// `bandwidth: none` beside it will do: a step or a change may give the link some.
void check_queue(mapping& m, const spec::link_shape& l) {
  if (m.has("queue") && !m.has("bandwidth") && l.bandwidth == 0)
    m.error("queue", "nothing waits on a link without bandwidth");
}

void read_link_shape(mapping& m, spec::link_shape& l) {
  l.latency = m.time("latency");
  l.jitter = m.time("jitter");
  read_special(m, "bandwidth", l.bandwidth, spec::parse_bandwidth);
  spec::queue_length queue{l.queue_packets, l.queue_bytes};
  read_special(m, "queue", queue, spec::parse_queue);
  l.queue_packets = queue.packets;
  l.queue_bytes = queue.bytes;
  read_special(m, "loss", l.loss, spec::parse_share);
  read_special(m, "duplicate", l.duplicate, spec::parse_share);
  read_special(m, "reorder", l.reorder, spec::parse_share);
  l.mtu = static_cast<std::uint32_t>(m.whole("mtu"));
  l.up = m.flag("up");
  check_queue(m, l);
  check_times(m, l);
}

/// Names two hosts that a link joins.
std::optional<std::array<spec::host_selection, 2>> read_ends(context& c, mapping& m,
                                                             const char* key) {
  const node* between = m.find(key);
  if (between == nullptr) return std::nullopt;
  if (between->kind != node::type::list || between->items.size() != 2) {
    m.error(key, "must name two hosts: [HOST, HOST]");
    return std::nullopt;
  }
  std::array<spec::host_selection, 2> ends;
  bool ok = true;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto& end = between->items[i];
    if (!expect_scalar(c, end, key)) return std::nullopt;
    const auto found = look_up_host(c, end.text, end.where);
    if (found) ends[i] = *found;
    ok = ok && found.has_value();
  }
  return ok ? std::optional(ends) : std::nullopt;
}

std::optional<spec::link> read_link(context& c, const node& n) {
  mapping m(c, n, link_table, "a link");
  spec::link l;
  l.where = n.where;
  read_link_shape(m, l);
  const auto ends = read_ends(c, m, "between");
  if (!ends) return std::nullopt;
  l.between = *ends;
  if (l.between[0].host == l.between[1].host && (l.between[0].member == l.between[1].member ||
                                                 !l.between[0].member || !l.between[1].member)) {
    m.error("between", "a link joins two different hosts");
    return std::nullopt;
  }
  constexpr std::uint32_t least_for_ipv6 = 1280;  // RFC 8200 5
  if (l.mtu < least_for_ipv6 && has_ipv6(c.out.hosts[l.between[0].host]) &&
      has_ipv6(c.out.hosts[l.between[1].host]))
    m.error("mtu", "must be at least 1280 where both hosts have IPv6 addresses");
  return l;
}

/// Whether two ends can be one host.
bool meet(const spec::host_selection& a, const spec::host_selection& b) {
  return a.host == b.host && (!a.member || !b.member || a.member == b.member);
}

bool same_pair(const spec::link& a, const spec::link& b) {
  return (meet(a.between[0], b.between[0]) && meet(a.between[1], b.between[1])) ||
         (meet(a.between[0], b.between[1]) && meet(a.between[1], b.between[0]));
}

}  // namespace

void load_links(context& c, const node& links) {
  constexpr std::uint64_t most_pairs = 1'000'000;
  constexpr std::size_t most_links = 10'000;
  if (links.kind != node::type::list) {
    c.error(links.where, "links must be a list of mappings");
    return;
  }
  if (links.items.size() > most_links) {
    c.error(links.where, "more than the limit of 10000 links");
    return;
  }
  std::uint64_t pairs = 0;
  for (const auto& n : links.items) {
    const auto l = read_link(c, n);
    if (!l) continue;
    std::uint64_t product = 1;
    for (const auto& end : l->between) product *= end.member ? 1 : c.out.hosts[end.host].members();
    pairs += product;
    for (const auto& other : c.out.links)
      if (same_pair(other, *l)) {
        c.error(n.where, "a second link between these hosts (the first is in line " +
                             std::to_string(other.where.line) + ")");
        break;
      }
    c.out.links.push_back(*l);
  }
  if (pairs > most_pairs)
    c.error(links.where,
            "these are " + std::to_string(pairs) + " links, more than the limit of 1000000");
}

std::optional<std::uint32_t> find_link(context& c, mapping& m, const char* key) {
  const auto ends = read_ends(c, m, key);
  if (!ends) return std::nullopt;
  for (std::uint32_t i = 0; i < c.out.links.size(); ++i) {
    const auto& have = c.out.links[i].between;
    if (have == *ends || (have[0] == (*ends)[1] && have[1] == (*ends)[0])) return i;
  }
  m.error(key, "there is no such link among links: (as it is written there)");
  return std::nullopt;
}

link_change read_link_change(mapping& m, spec::link_shape& shape) {
  link_change out;
  if (m.has("latency")) out.latency = m.time("latency");
  if (m.has("jitter")) out.jitter = m.time("jitter");
  read_given(m, "bandwidth", out.bandwidth, spec::parse_bandwidth);
  std::optional<spec::queue_length> queue;
  read_given(m, "queue", queue, spec::parse_queue);
  if (queue) out.queue_packets = queue->packets;
  if (queue) out.queue_bytes = queue->bytes;
  read_given(m, "loss", out.loss, spec::parse_share);
  read_given(m, "duplicate", out.duplicate, spec::parse_share);
  read_given(m, "reorder", out.reorder, spec::parse_share);
  if (m.has("up")) out.up = m.flag("up");
  if (out.latency && (*out.latency == duration{}) != (shape.latency == duration{}))
    m.error("latency", std::string(keeps_whether_it_takes_time));
  shape.apply(out);
  check_queue(m, shape);
  check_times(m, shape);
  return out;
}

}  // namespace fourtuple::scenario
