// Block style, except that a mapping or list of scalars in a list stands on one line where it fits.
#include "sim/scenario/emit.h"

#include <algorithm>
#include <map>
#include <set>

namespace fourtuple::scenario {
namespace {

constexpr std::size_t line_width = 110;

std::string double_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\r':
        out += "\\r";
        break;
      default:
        out += c;
    }
  }
  return out + "\"";
}

/// Whether a text may stand without quotes, inside [ ] and { } too, and reads back as itself.
bool safe_plain(std::string_view t) {
  if (t.empty() || t.front() == ' ' || t.back() == ' ' || t.back() == ':') return false;
  if (std::string_view("-?:,[]{}#&*!|>'\"%@`").find(t.front()) != std::string_view::npos)
    return false;
  for (const char c : t)
    if (std::string_view(",[]{}\n\t\r").find(c) != std::string_view::npos) return false;
  return t.find(": ") == std::string_view::npos && t.find(" #") == std::string_view::npos;
}

std::string scalar_text(const node& n) {
  if (n.kind == node::type::null) return n.text.empty() ? "null" : n.text;
  if (!n.plain) return double_quoted(n.text);
  return safe_plain(n.text) ? n.text : double_quoted(n.text);
}

std::string key_text(std::string_view key) {
  return safe_plain(key) ? std::string(key) : double_quoted(key);
}

bool is_leaf(const node& n) { return n.kind == node::type::scalar || n.kind == node::type::null; }

class emitter {
 public:
  explicit emitter(const std::vector<filled>& fills) {
    for (const auto& f : fills) fills_[f.mapping].push_back(&f);
  }

  std::string out;

  void map(const node& n, std::size_t indent) {
    std::set<std::string_view> seen;
    for (const auto& e : n.entries) {
      seen.insert(e.key);
      pair(e.key, e.value, indent);
    }
    for (const auto* f : missing(n, seen))
      out += std::string(indent, ' ') + key_text(f->key) + ": " + f->text + "\n";
  }

 private:
  /// The defaults of a mapping that it does not hold itself, each once.
  std::vector<const filled*> missing(const node& n, std::set<std::string_view> seen) const {
    std::vector<const filled*> rows;
    const auto found = fills_.find(n.id);
    if (found == fills_.end()) return rows;
    for (const auto* f : found->second)
      if (seen.insert(f->key).second) rows.push_back(f);
    return rows;
  }

  [[nodiscard]] bool has_fills(const node& n) const { return fills_.contains(n.id); }

  void pair(std::string_view key, const node& value, std::size_t indent) {
    out += std::string(indent, ' ') + key_text(key) + ":";
    if (value.kind == node::type::map || (value.kind == node::type::null && has_fills(value))) {
      if (value.entries.empty() && !has_fills(value)) {
        out += " {}\n";
      } else {
        out += "\n";
        map(value, indent + 2);
      }
    } else if (value.kind == node::type::list) {
      list(value, indent);
    } else {
      out += " " + scalar_text(value) + "\n";
    }
  }

  void list(const node& n, std::size_t indent) {
    const auto flow = one_line(n);
    if (!flow.empty() && flow.size() + indent < line_width) {
      out += " " + flow + "\n";
      return;
    }
    out += "\n";
    for (const auto& i : n.items) item(i, indent + 2);
  }

  void item(const node& n, std::size_t indent) {
    const std::string dash = std::string(indent, ' ') + "-";
    const auto flow = one_line(n);
    if (!flow.empty() && flow.size() + indent < line_width) {
      out += dash + " " + flow + "\n";
    } else if (n.kind == node::type::map) {
      // the first key goes beside the dash
      const auto start = out.size();
      map(n, indent + 2);
      out.replace(start, indent + 2, dash + " ");
    } else if (n.kind == node::type::list) {
      out += dash;
      list(n, indent + 2);
    } else {
      out += dash + " " + scalar_text(n) + "\n";
    }
  }

  /// Scalars, and flat mappings or lists of them; empty where the node is neither.
  std::string one_line(const node& n) const {
    if (is_leaf(n)) return scalar_text(n);
    std::string inside;
    const auto add = [&](const std::string& t) { inside += (inside.empty() ? "" : ", ") + t; };
    if (n.kind == node::type::list) {
      for (const auto& i : n.items) {
        if (!is_leaf(i)) return {};
        add(scalar_text(i));
      }
      return "[" + inside + "]";
    }
    std::set<std::string_view> seen;
    for (const auto& e : n.entries) {
      if (!is_leaf(e.value) || has_fills(e.value)) return {};
      seen.insert(e.key);
      add(key_text(e.key) + ": " + scalar_text(e.value));
    }
    for (const auto* f : missing(n, seen)) add(key_text(f->key) + ": " + f->text);
    return "{ " + inside + " }";
  }

  std::map<std::uint32_t, std::vector<const filled*>> fills_;
};

}  // namespace

std::string emit_yaml(const node& root, const std::vector<filled>& fills) {
  emitter e(fills);
  e.map(root, 0);
  return std::move(e.out);
}

}  // namespace fourtuple::scenario
