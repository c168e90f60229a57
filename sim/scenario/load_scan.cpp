// apps: the scan.
#include <algorithm>

#include "sim/scenario/app_parts.h"
#include "sim/spec/services.h"

namespace fourtuple::scenario {
namespace {

/// A run keeps what became of each.
constexpr std::uint64_t most_looks = 10'000'000;

/// `target:` is one address: a host's first of the family that both have, or the address itself.
ip_address scan_target(place p, mapping& m) {
  if (!m.has("target")) return {};
  std::string name = m.text("target");
  if (m.find("target")->kind != node::type::scalar) return {};
  const auto literal = parse_address(name);
  if (literal && literal->is_any()) m.error("target", quoted(name) + " is no machine");
  if (literal) return *literal;
  const auto errors = p.c.errors.size();
  node with_port = *m.find("target");
  with_port.text = name + ":1";
  const auto found = read_endpoints(p.c, with_port, "target", p.app.host, std::nullopt, 0);
  if (found.size() > 1)
    m.error("target", quoted(name) + " is " + std::to_string(found.size()) + " hosts; name one");
  if (found.size() != 1 || p.c.errors.size() != errors) return {};
  return found.front().address;
}

/// The ports of a scan: `well-known` stands for the services of its transport that are not listed
/// beside it.
std::vector<profile::port_range> scan_ports(place p, mapping& m, spec::transport t) {
  const node* n = m.find("ports");
  if (n == nullptr) return {};
  const auto is_group = [](const node* one) {
    return one->kind == node::type::scalar && one->text == "well-known";
  };
  const std::vector<const node*> items = one_or_list(*n);
  node named;
  named.kind = node::type::list;
  named.where = n->where;
  for (const node* one : items)
    if (!is_group(one)) named.items.push_back(*one);
  const auto groups = std::count_if(items.begin(), items.end(), is_group);
  if (groups > 1) m.error("ports", "'well-known' is listed twice");
  if (items.empty()) m.error("ports", "is an empty list");
  std::vector<profile::port_range> out = read_ports(p.c, named);
  if (groups == 0 || out.size() != named.items.size()) return out;
  profile::port_set listed;
  for (const auto& r : out) listed.add(r);
  auto place = out.begin() + (std::find_if(items.begin(), items.end(), is_group) - items.begin());
  for (const auto& s : spec::services()) {
    const profile::port_range r{s.port, s.port};
    if (!spec::runs_over(s, t) || listed.count_in(r) != 0) continue;
    listed.add(r);
    place = out.insert(place, r) + 1;
  }
  return out;
}

}  // namespace

spec::app_kind read_scan(place p, mapping& m) {
  spec::scan s;
  s.target = scan_target(p, m);
  s.transport = static_cast<spec::transport>(m.choice("transport"));
  s.ports = scan_ports(p, m, s.transport);
  s.timeout = m.time_from("timeout", microsecond);
  s.concurrency = small(m.maybe_whole("concurrency"));
  const auto room = p.app.nofile - 3;
  std::uint64_t ports = 0;
  for (const auto& r : s.ports) ports += r.size();
  const auto members = p.app.host.member ? 1 : p.c.out.hosts[p.app.host.host].members();
  if (ports * members > most_looks)
    m.error("ports", std::to_string(members) + " x " + std::to_string(ports) +
                         " ports are more than the limit of 10000000");
  if (room == 0)
    p.c.error(m.where(), "a scan needs a nofile of at least 4: descriptors 0-2 are taken");
  if (s.concurrency && *s.concurrency > room)
    m.error("concurrency", "is more than nofile " + std::to_string(p.app.nofile) +
                               " allows (descriptors 0-2 are taken)");
  return s;
}

}  // namespace fourtuple::scenario
