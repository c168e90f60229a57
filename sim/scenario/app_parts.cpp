#include "sim/scenario/app_parts.h"

namespace fourtuple::scenario {

std::optional<std::uint32_t> small(std::optional<std::int64_t> n) {
  if (!n) return std::nullopt;
  return static_cast<std::uint32_t>(*n);
}

namespace {

void check_families(mapping& m, const std::vector<endpoint>& to, const std::vector<endpoint>& bind,
                    std::string_view key) {
  for (const auto& e : to)
    if (!bind.empty() && e.address.family != bind.front().address.family) {
      m.error(key, to_string(e) + " and bind are of different families");
      return;
    }
}

}  // namespace

std::vector<endpoint> destinations(place p, mapping& m, const std::vector<endpoint>& bind,
                                   std::string_view key) {
  const node* n = m.find(key);
  if (n == nullptr) return {};
  std::optional<family> f;
  if (!bind.empty()) f = bind.front().address.family;
  auto to = read_endpoints(p.c, *n, key, p.app.host, f, 1);
  check_families(m, to, bind, key);
  return to;
}

std::vector<endpoint> binds(place p, mapping& m) {
  const node* n = m.find("bind");
  if (n == nullptr) return {};
  for (const node* one : one_or_list(*n)) {
    const auto h =
        spec::find_host(p.c.out, std::string_view(one->text).substr(0, one->text.rfind(':')));
    if (h && !h->member && p.c.out.hosts[h->host].members() > 1)
      p.c.error(one->where, "bind: " + quoted(one->text) + " is the addresses of " +
                                std::to_string(p.c.out.hosts[h->host].members()) +
                                " hosts, and each has but its own");
  }
  auto out = read_endpoints(p.c, *n, "bind", p.app.host, std::nullopt, 0);
  for (const auto& e : out)
    if (e.address.family != out.front().address.family) m.error("bind", "mixes IPv4 and IPv6");
  return out;
}

void belong_to(mapping& m, std::string_view main, std::initializer_list<std::string_view> keys) {
  for (const auto key : keys)
    if (m.has(key) && !m.has(main)) m.error(key, "belongs to " + std::string(main));
}

}  // namespace fourtuple::scenario
