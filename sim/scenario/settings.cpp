#include "sim/scenario/settings.h"

#include "sim/profile/nearest.h"
#include "sim/scenario/keys.h"
#include "sim/scenario/reader.h"
#include "sim/spec/metric.h"

namespace fourtuple::scenario {
namespace {

struct bad_path {
  std::string message;
};

/// Walks down a path. `keys_` is the table of the mapping reached, null where names are free.
class walker {
 public:
  /// Keys that a path makes get that place.
  explicit walker(node& root, spec::position made_at = {})
      : at_(&root), keys_(&top_table), made_at_(made_at) {}

  void step(const spec::path_segment& s) {
    if (s.key.empty()) {
      index(s.index);
    } else {
      name(s.key);
    }
    walked_.push_back(s);
  }

  [[nodiscard]] node& here() { return *at_; }
  [[nodiscard]] reached_key reached() const { return reached_; }

 private:
  [[noreturn]] void lost(std::string_view key, std::vector<std::string_view> known) const {
    const auto place =
        walked_.empty() ? std::string("the file") : "'" + spec::to_string(walked_) + "'";
    throw bad_path{place + " has no " + quoted(key) + profile::did_you_mean(key, known)};
  }

  void index(std::uint32_t i) {
    if (at_->kind != node::type::list)
      throw bad_path{"'" + spec::to_string(walked_) + "' is not a list"};
    if (i >= at_->items.size())
      throw bad_path{"'" + spec::to_string(walked_) + "' has " + std::to_string(at_->items.size()) +
                     " elements, counted from 0"};
    at_ = &at_->items[i];
    keys_ = element_;
    if (steps_) keys_ = table_of_step();
    named_ = nullptr;
  }

  /// The table of the step just reached.
  const table* table_of_step() const {
    for (const auto& e : at_->entries)
      for (const auto& t : step_tables())
        if (t.name == e.key) return &t;
    return nullptr;
  }

  void name(const std::string& key) {
    if (named_ != nullptr) return child_of_names(key);
    if (keys_ == nullptr) return free_key(key);
    if (keys_ == &app_table && app_table.find(key) == nullptr) into_kind(key);
    const auto* k = keys_->find(key);
    if (k == nullptr) lost(key, known_keys());
    descend(key);
    reached_ = {keys_->name, k->name};
    named_ = k->type == value_type::named ? k->sub : nullptr;
    element_ = k->type == value_type::mappings ? k->sub : nullptr;
    steps_ = k->type == value_type::steps;
    keys_ = k->type == value_type::mapping ? k->sub : nullptr;
  }

  /// hosts.NAME, apps.NAME: the name must be there.
  void child_of_names(const std::string& key) {
    node* child = at_->kind == node::type::map ? at_->find(key) : nullptr;
    if (child == nullptr) {
      std::vector<std::string_view> names;
      for (const auto& e : at_->entries) names.push_back(e.key);
      lost(key, names);
    }
    at_ = child;
    keys_ = named_;
    named_ = nullptr;
  }

  /// Sysctl names, metrics, keys of an option's value: may be new.
  void free_key(const std::string& key) { descend(key); }

  /// apps.load.rate: the kind is left out.
  void into_kind(const std::string& key) {
    for (auto& e : at_->entries) {
      const auto* k = app_table.find(e.key);
      if (!is_app_kind(e.key) || k->sub == nullptr) continue;
      if (k->sub->find(key) == nullptr) {
        auto known = known_keys();
        for (const auto& own : k->sub->keys) known.push_back(own.name);
        lost(key, known);
      }
      at_ = &e.value;
      keys_ = k->sub;
      return;
    }
  }

  std::vector<std::string_view> known_keys() const {
    std::vector<std::string_view> out;
    for (const auto& k : keys_->keys)
      if (k.need != presence::later) out.push_back(k.name);
    return out;
  }

  /// The value of a key, made where it is absent.
  void descend(const std::string& key) {
    if (at_->kind == node::type::null) at_->kind = node::type::map;
    if (at_->kind != node::type::map)
      throw bad_path{"'" + spec::to_string(walked_) + "' is not a mapping"};
    node* child = at_->find(key);
    if (child == nullptr) {
      at_->entries.push_back({key, made_at_, {}});
      child = &at_->entries.back().value;
      child->plain = true;
    }
    at_ = child;
  }

  node* at_;
  const table* keys_;
  const table* named_ = nullptr;    ///< the reached mapping goes from names to these
  const table* element_ = nullptr;  ///< the reached list has such elements
  bool steps_ = false;              ///< the reached list has steps
  spec::metric_path walked_;
  spec::position made_at_;
  reached_key reached_;  ///< the last key of a table
};

/// A scalar as it stands; YAML where it begins like a list, mapping or quoted text.
node value_node(const setting& s, std::vector<config_error>& errors) {
  const auto text = spec::trimmed(s.value);
  constexpr std::string_view yaml_starts = "[{\"'";
  if (!text.empty() && yaml_starts.find(text.front()) != std::string_view::npos) {
    auto tree = parse_tree("--set " + s.path, text);
    if (tree.usable && tree.errors.empty()) return std::move(tree.root);
    for (auto& e : tree.errors) errors.push_back({"--set " + s.path, {}, std::move(e.message)});
  }
  node n;
  n.text = text;
  n.plain = true;
  n.kind = text.empty() ? node::type::null : node::type::scalar;
  return n;
}

/// expect paths hold dots of their own: the rest of the path is one key.
std::optional<spec::metric_path> split(const std::string& text, std::string& why) {
  for (const std::string_view root : {"expect.", "expect["}) {
    if (!text.starts_with(root)) continue;
    auto rest = text.substr(root.size());
    if (root.back() == '[' && !rest.empty() && rest.back() == ']') rest.pop_back();
    return spec::metric_path{{"expect", 0}, {rest, 0}};
  }
  return spec::parse_path(text, why);
}

void clear_places(node& n) {
  n.where = {};
  for (auto& i : n.items) clear_places(i);
  for (auto& e : n.entries) {
    e.where = {};
    clear_places(e.value);
  }
}

}  // namespace

std::optional<reached_key> apply_change(node& root, const std::string& path_text, const node& value,
                                        std::vector<config_error>& errors) {
  std::string why;
  const auto path = split(path_text, why);
  if (!path) {
    errors.push_back({path_text, {}, std::move(why)});
    return std::nullopt;
  }
  try {
    walker w(root, value.where);
    for (const auto& segment : *path) w.step(segment);
    w.here() = value;
    return w.reached();
  } catch (const bad_path& e) {
    errors.push_back({path_text, {}, e.message});
    return std::nullopt;
  }
}

void apply_setting(node& root, const setting& s, std::vector<config_error>& errors) {
  const auto fail = [&](std::string why) {
    errors.push_back({"--set " + s.path, {}, std::move(why)});
  };
  std::string why;
  const auto path = split(s.path, why);
  if (!path) return fail(why);
  try {
    walker w(root);
    for (const auto& segment : *path) w.step(segment);
    auto value = value_node(s, errors);
    clear_places(value);
    w.here() = std::move(value);
  } catch (const bad_path& e) {
    fail(e.message);
  }
}

}  // namespace fourtuple::scenario
