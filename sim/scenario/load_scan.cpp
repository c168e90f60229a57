// apps: the scan.
#include "sim/scenario/app_parts.h"
#include "sim/spec/services.h"

namespace fourtuple::scenario {
namespace {

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

/// The ports of a scan: `well-known` stands for the services of its transport.
std::vector<profile::port_range> scan_ports(place p, mapping& m, spec::transport t) {
  const node* n = m.find("ports");
  if (n == nullptr) return {};
  node list;
  list.kind = node::type::list;
  list.where = n->where;
  for (const node* one : one_or_list(*n)) {
    if (one->kind != node::type::scalar || one->text != "well-known") {
      list.items.push_back(*one);
      continue;
    }
    for (const auto& s : spec::services()) {
      if (!spec::runs_over(s, t)) continue;
      node port = *one;
      port.text = std::to_string(s.port);
      list.items.push_back(std::move(port));
    }
  }
  if (list.items.empty()) m.error("ports", "is an empty list");
  return read_ports(p.c, list);
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
  if (room == 0)
    p.c.error(m.where(), "a scan needs a nofile of at least 4: descriptors 0-2 are taken");
  if (s.concurrency && *s.concurrency > room)
    m.error("concurrency", "is more than nofile " + std::to_string(p.app.nofile) +
                               " allows (descriptors 0-2 are taken)");
  return s;
}

}  // namespace fourtuple::scenario
