// changes:, what of the file becomes different at a time. Each element is applied to the tree as
// --set would, and the file as it then is, is checked like any other; what differs is carried out.
#include <algorithm>
#include <array>

#include "sim/scenario/parts.h"
#include "sim/scenario/settings.h"

namespace fourtuple::scenario {
namespace {

/// What may change while a run lasts: a key of a table. Everything else is settled when a host
/// boots or a program starts.
struct changeable {
  std::string_view table;
  std::string_view key;
};
constexpr changeable may_change[] = {
    {"host", "sysctls"},
    {"host", "firewall"},
    {"link", "latency"},
    {"link", "jitter"},
    {"link", "bandwidth"},
    {"link", "queue"},
    {"link", "loss"},
    {"link", "duplicate"},
    {"link", "reorder"},
    {"link", "up"},
    {"echo_server", "reply"},
    {"echo_server", "delay"},
    {"echo_server", "accept_rate"},
    {"echo_server", "max_connections"},
    {"echo_server", "close"},
    {"echo_server", "idle_timeout"},
    {"load", "rate"},
    {"load", "request"},
    {"load", "reply"},
    {"load", "hold"},
    {"load", "close"},
    {"load", "timeout"},
    {"load", "retries"},
    {"load", "retry_after"},
    {"load", "backoff"},
    {"load", "jitter"},
    {"load", "pause"},
    {"pool", "rate"},
    {"pool", "size"},
    {"pool", "request"},
    {"pool", "reply"},
    {"pool", "hold"},
    {"pool", "idle_timeout"},
    {"pool", "max_lifetime"},
    {"pool", "queue_timeout"},
    {"proxy", "keepalive"},
    {"proxy", "idle_timeout"},
    {"proxy", "upstream_idle_timeout"},
    {"proxy", "timeout"},
    {"proxy", "retries"},
    {"udp_server", "reply"},
    {"udp_server", "delay"},
    {"udp_client", "rate"},
    {"udp_client", "timeout"},
    {"udp_client", "hold"},
};

void check_changeable(context& c, spec::position where, const std::string& path,
                      const reached_key& to) {
  for (const auto& each : may_change)
    if (each.table == to.table && each.key == to.key) return;
  const std::string others = changeable_keys(to.table);
  c.error(where,
          quoted(path) + " cannot change during a run" +
              (others.empty() ? "" : "; of this " + std::string(to.table) + " can: " + others));
}

struct timed {
  duration at{};
  const node* set = nullptr;
  spec::position where;
};

std::vector<timed> read_times(context& c, const node& changes) {
  constexpr std::size_t most = 1'000;
  std::vector<timed> out;
  if (changes.kind != node::type::list) {
    c.error(changes.where, "changes must be a list of { at: TIME, set: { path: value } }");
    return out;
  }
  if (changes.items.size() > most) {
    c.error(changes.where, "more than the limit of 1000 changes");
    return out;
  }
  for (const node& n : changes.items) {
    mapping m(c, n, change_table, "a change");
    if (!m.is_map()) continue;
    timed t{m.time("at"), m.find("set"), n.where};
    if (t.at == duration{} && m.has("at") && spec::parse_time(m.find("at")->text).value)
      m.error("at", "must be more than 0 (what holds from the start is no change)");
    if (c.out.duration && t.at > *c.out.duration) m.error("at", "is after the end of the run");
    if (t.set == nullptr) continue;
    if (t.set->kind != node::type::map || t.set->entries.empty()) {
      m.error("set", "must be a mapping from paths to values: { apps.api.delay: 6 s }");
      continue;
    }
    out.push_back(t);
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const timed& a, const timed& b) { return a.at < b.at; });
  return out;
}

/// Writes into the tree.
void set_all(context& c, node& root, const timed& t) {
  for (const entry& e : t.set->entries) {
    std::vector<config_error> wrong;
    const auto to = apply_change(root, e.key, e.value, wrong);
    for (const auto& w : wrong) c.error(e.where, w.message);
    if (to && wrong.empty()) check_changeable(c, e.where, e.key, *to);
  }
}

/// Each path must lead to what may change, whatever else is wrong with the file.
void check_paths(context& c, const std::vector<timed>& all, node root) {
  for (const timed& t : all) set_all(c, root, t);
}

/// The rate of an open loop, where the app is one.
template <class Kind>
std::optional<spec::rate> rate_of(const Kind& k) {
  if constexpr (requires { k.rate_changes; }) {
    return k.rate;
  } else {
    return std::nullopt;
  }
}

/// An app that changes its rate knows that from its start; `of` is the one that the run begins
/// with.
void note_rate(spec::app& of, const spec::app& before, const spec::app& after, duration at) {
  const auto rate = [](const spec::app& a) {
    return std::visit([](const auto& k) { return rate_of(k); }, a.kind);
  };
  const auto now = rate(after);
  if (!now || rate(before) == now) return;
  std::visit(
      [&](auto& k) {
        if constexpr (requires { k.rate_changes; })
          k.rate_changes.push_back({std::max(duration{}, at - of.start), *now});
      },
      of.kind);
}

/// Likewise a server that takes connections otherwise.
void note_accepts(spec::app& of, const spec::app& after, duration at) {
  auto* server = std::get_if<spec::echo_server>(&of.kind);
  const auto* now = std::get_if<spec::echo_server>(&after.kind);
  if (server == nullptr || now == nullptr) return;
  const auto& last =
      server->accept_changes.empty() ? server->accepts : server->accept_changes.back().to;
  if (!(last == now->accepts))
    server->accept_changes.push_back({std::max(duration{}, at - of.start), now->accepts});
}

/// With the rates of the first, and how it accepts: their changes are lists of their own.
void keep_paces(spec::app_kind& later, const spec::app_kind& first) {
  if (auto* server = std::get_if<spec::echo_server>(&later)) {
    const auto& of = std::get<spec::echo_server>(first);
    server->accepts = of.accepts;
    server->accept_changes = of.accept_changes;
  }
  std::visit(
      [&](auto& k) {
        if constexpr (requires { k.rate_changes; }) {
          const auto& of = std::get<std::decay_t<decltype(k)>>(first);
          k.rate = of.rate;
          k.rate_changes = of.rate_changes;
        }
      },
      later);
}

bool holds_for_ever(const spec::app& a) {
  const auto* load = std::get_if<spec::load>(&a.kind);
  return load != nullptr && !load->hold;
}

/// What each `set` of one element makes different, by the path that names it: also where the file
/// says the same, since a script may have changed it meanwhile.
class element {
 public:
  element(context& c, const spec::scenario& before, const spec::scenario& after, const timed& t)
      : c_(c), before_(before), after_(after), t_(t) {
    out_.at = t.at;
  }

  spec::change read() {
    for (const entry& e : t_.set->entries) {
      std::string why;
      const auto path = spec::parse_path(e.key, why);
      if (!path || path->size() < 3) continue;  // is an error already
      const std::string& what = path->front().key;
      if (what == "hosts") of_host(e, *path);
      if (what == "links") of_link(e, (*path)[1].index, (*path)[2].key);
      if (what == "apps") of_app(e, (*path)[1].key, path->back().key);
    }
    return std::move(out_);
  }

 private:
  void of_host(const entry& e, const spec::metric_path& path) {
    const std::uint32_t i = c_.host_index.find(path[1].key)->second;
    const spec::host& h = after_.hosts[i];
    if (path[2].key == "firewall") out_.what.emplace_back(spec::firewall_change{i, h.firewall});
    if (path[2].key != "sysctls") return;
    if (path.size() != 4) {
      c_.error(e.where, "sysctls change one by one: hosts." + h.name + ".sysctls[NAME]");
      return;
    }
    for (const auto& [name, value] : h.sysctl_lines)
      if (name == path[3].key) out_.what.emplace_back(spec::sysctl_change{i, name, value});
  }

  void of_link(const entry& e, std::uint32_t i, const std::string& key) {
    const spec::link& now = after_.links[i];
    if (key == "latency" && (before_.links[i].latency == duration{}) != (now.latency == duration{}))
      c_.error(e.where, "latency: " + std::string(keeps_whether_it_takes_time));
    out_.what.emplace_back(spec::link_setting{i, spec::only(now, key)});
  }

  void of_app(const entry& e, const std::string& name, const std::string& key) {
    const auto is_it = [&name](const spec::app& a) { return a.name == name; };
    const auto found = std::find_if(after_.apps.begin(), after_.apps.end(), is_it);
    const auto i = static_cast<std::uint32_t>(found - after_.apps.begin());
    if (key == "rate") note_rate(c_.out.apps[i], before_.apps[i], *found, t_.at);
    note_accepts(c_.out.apps[i], *found, t_.at);
    if (holds_for_ever(before_.apps[i]) != holds_for_ever(*found))
      c_.error(e.where, "hold does not change to or from forever");
    out_.what.emplace_back(spec::app_change{i, found->kind});
  }

  context& c_;
  const spec::scenario& before_;
  const spec::scenario& after_;
  const timed& t_;
  spec::change out_;
};

}  // namespace

std::string changeable_keys(std::string_view table) {
  std::string out;
  for (const auto& each : may_change)
    if (each.table == table) out += (out.empty() ? "" : ", ") + std::string(each.key);
  return out;
}

void load_changes(context& c, const node& changes, const node& root, read_file_at read) {
  if (changes.kind == node::type::null) return;
  const auto all = read_times(c, changes);
  check_paths(c, all, root);
  if (!c.errors.empty()) return;  // a file with mistakes has no later state
  node tree = root;
  spec::scenario before = c.out;
  for (const timed& t : all) {
    node changed = tree;
    set_all(c, changed, t);
    number_nodes(changed);
    context then;
    then.file = c.file;
    read(then, changed);
    for (auto& e : then.errors) {
      e.message += " (after the change at " + spec::time_text(t.at) + ")";
      c.errors.push_back(std::move(e));
    }
    if (!then.errors.empty()) continue;  // the next ones are told of as if this one were not there
    c.out.changes.push_back(element(c, before, then.out, t).read());
    before = std::move(then.out);
    tree = std::move(changed);
  }
  if (!c.errors.empty()) return;
  for (auto& each : c.out.changes)
    for (auto& what : each.what)
      if (auto* app = std::get_if<spec::app_change>(&what))
        keep_paces(app->kind, c.out.apps[app->app].kind);
}

}  // namespace fourtuple::scenario
