#include "sim/observe/tree.h"

#include <algorithm>
#include <utility>

namespace fourtuple::observe {

namespace {

/// Maps in which a name that is not there did not occur: 0.
bool counts_occurrences(std::string_view key) {
  return key == "errors" || key == "nstat" || key == "sockets";
}

/// `upstream.errors` without a name is all of them.
std::uint64_t total(const value& counts) {
  std::uint64_t all = 0;
  for (const auto& one : counts.members) all += static_cast<std::uint64_t>(one.content.number);
  return all;
}

std::vector<host_metrics> look_at(const backend& world, const spec::host& h) {
  std::vector<host_metrics> all;
  all.reserve(h.members());
  for (std::uint32_t m = 0; m < h.members(); ++m)
    all.push_back(world.look(spec::member_name(h, m)));
  return all;
}

}  // namespace

value lookup(const value& tree, std::span<const spec::path_segment> path) {
  const value* here = &tree;
  std::string_view above;
  for (const auto& segment : path) {
    const value* next = nullptr;
    if (!segment.key.empty()) {
      next = here->find(segment.key);
    } else if (segment.index < here->items.size()) {
      next = &here->items[segment.index];
    }
    if (next == nullptr) return counts_occurrences(above) ? value(0) : value();
    above = segment.key;
    here = next;
  }
  if (above == "errors") return value(total(*here));
  return *here;
}

value tree_view::app(std::size_t index, std::size_t members) const {
  const auto& processes = from_.apps[index];
  value out = app_value(processes);
  const spec::host_selection where = from_.scenario->apps[index].host;
  if (!from_.scenario->hosts[where.host].count || where.member) return out;
  value& on = out.set("on", value::map());
  for (std::size_t m = 0; m < std::min(processes.size(), members); ++m) {
    on.set(processes[m]->member, app_value({&processes[m], 1}));
  }
  return out;
}

value tree_view::host(const spec::host& h) const { return host_value(look_at(*from_.world, h)); }

value tree_view::whole() const {
  value out = value::map();
  value& apps = out.set("apps", value::map());
  for (std::size_t i = 0; i < from_.apps.size(); ++i) {
    if (!from_.apps[i].empty()) apps.set(from_.scenario->apps[i].name, app(i, max_members));
  }
  value& hosts = out.set("hosts", value::map());
  for (const auto& h : from_.scenario->hosts) {
    hosts.set(h.name, host(h));
    if (!h.count) continue;
    for (std::uint32_t m = 0; m < std::min<std::size_t>(h.members(), max_members); ++m) {
      const std::string name = spec::member_name(h, m);
      hosts.set(name, host_by_name(name));
    }
  }
  out.set("script", from_.script);
  return out;
}

value tree_view::app_by_name(std::string_view name, const spec::metric_path& path) const {
  for (std::size_t i = 0; i < from_.apps.size(); ++i) {
    if (from_.scenario->apps[i].name != name) continue;
    if (path.size() < 4 || path[2].key != "on") return app(i, 0);
    for (const auto* p : from_.apps[i]) {
      if (p->member == path[3].key) return app_value({&p, 1});
    }
  }
  return {};
}

value tree_view::host_by_name(std::string_view name) const {
  const auto selection = spec::find_host(*from_.scenario, name);
  if (!selection) return {};
  const spec::host& h = from_.scenario->hosts[selection->host];
  if (!selection->member) return host(h);
  const host_metrics one = from_.world->look(name);
  return host_value({&one, 1});
}

value tree_view::top(std::string_view name) const {
  if (name == "ended_at") return from_.world->now();
  if (name == "digest") return from_.world->digest();
  if (name == "seed") return from_.scenario->seed;
  if (name == "title") return from_.scenario->title;
  return {};
}

value tree_view::at(const spec::metric_path& path) {
  if (path.size() < 2) return path.empty() ? value() : top(path[0].key);
  const std::string& root = path[0].key;
  const auto below = std::span(path).subspan(1);
  if (root == "script") return lookup(from_.script, below);
  if (root == "run") return lookup(from_.run, below);
  const bool on_member = root == "apps" && path.size() >= 4 && path[2].key == "on";
  std::string piece = root + '.' + path[1].key;
  if (on_member) piece += ".on." + path[3].key;
  auto found = pieces_.find(piece);
  if (found == pieces_.end()) {
    value made = root == "apps"    ? app_by_name(path[1].key, path)
                 : root == "hosts" ? host_by_name(path[1].key)
                                   : value();
    found = pieces_.emplace(std::move(piece), std::move(made)).first;
  }
  return lookup(found->second, std::span(path).subspan(on_member ? 4 : 2));
}

}  // namespace fourtuple::observe
