// yaml-cpp as an event source only: its node tree keeps duplicate keys, shares aliases without
// bound, forgets where keys stand and does not merge.
#include "sim/scenario/tree.h"

#include "sim/scenario/syntax_words.h"
#include "sim/scenario/text_check.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <sstream>

namespace fourtuple::scenario {
namespace {

spec::position place(const YAML::Mark& m) {
  return m.is_null() ? spec::position{} : spec::position{m.line + 1, m.column + 1};
}

/// Ends the parse; what() is not for the user.
struct fatal {
  spec::position where;
  std::string message;
};

std::size_t weight(const node& n) {
  std::size_t w = 1;
  for (const auto& i : n.items) w += weight(i);
  for (const auto& e : n.entries) w += weight(e.value);
  return w;
}

bool is_null_word(std::string_view t) {
  return t.empty() || t == "~" || t == "null" || t == "Null" || t == "NULL";
}

class builder final : public YAML::EventHandler {
 public:
  builder(std::string_view file, std::string_view text, std::vector<config_error>& errors)
      : file_(file), text_(text), errors_(errors) {}

  node root;
  int documents = 0;

  /// Where the innermost list or mapping that is not complete began; 0: there is none.
  [[nodiscard]] spec::position innermost() const {
    return open_.empty() ? spec::position{} : open_.back().value.where;
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents > 1) throw fatal{place(mark), "a file holds one scenario, this is a second"};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    node n;
    n.where = place(mark);
    n.plain = true;
    finish(std::move(n), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    node n;
    n.where = place(mark);
    n.text = value;
    n.plain = tag == "?" || tag.empty();
    if (!n.plain) {
      check_tag(mark, tag);
      const auto at = start_of_scalar(mark);
      n.block = at < text_.size() && (text_[at] == '>' || text_[at] == '|');
      check_closed(at, n.where);
    }
    n.kind = n.plain && is_null_word(value) ? node::type::null : node::type::scalar;
    finish(std::move(n), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw fatal{place(mark), "an alias inside its own anchor"};
    count(found->second.second, place(mark));
    add(found->second.first);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    start(mark, tag, anchor, node::type::list);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    start(mark, tag, anchor, node::type::map);
  }
  void OnMapEnd() override {
    if (open_.back().merges) merge(open_.back().value);
    end();
  }

 private:
  struct frame {
    node value;
    YAML::anchor_t anchor = 0;
    std::optional<entry> pending;  ///< a key that waits for its value
    std::set<std::string> keys;    ///< of a map, to find duplicates
    bool merges = false;           ///< has a key <<
  };

  void error(spec::position at, std::string message) {
    if (errors_.size() < limits::errors) errors_.push_back({file_, at, std::move(message)});
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag == "!" || tag == "?" || tag.empty() || tag == "tag:yaml.org,2002:str") return;
    error(place(mark), tag.starts_with("!=") ? "a condition that begins with > or ! needs quotes"
                                             : "tags ('" + tag + "') are not used in scenarios");
  }

  /// Where the scalar itself begins: a mark points at its anchor or tag.
  std::size_t start_of_scalar(const YAML::Mark& mark) const {
    auto at = static_cast<std::size_t>(std::max(mark.pos, 0));
    while (at < text_.size() && (text_[at] == '&' || text_[at] == '!')) {
      at = std::min(text_.find_first_of(" \t\r\n", at), text_.size());
      at = std::min(text_.find_first_not_of(" \t\r\n", at), text_.size());
    }
    return at;
  }

  /// yaml-cpp takes the end of the file for a closing quote.
  void check_closed(std::size_t at, spec::position where) const {
    if (at >= text_.size() || (text_[at] != '"' && text_[at] != '\'')) return;
    const char quote = text_[at];
    for (++at; at < text_.size(); ++at) {
      if (quote == '"' && text_[at] == '\\') {
        ++at;
      } else if (text_[at] == quote) {
        return;  // '' inside '...' ends here too, and is no less closed
      }
    }
    throw fatal{where, "a quote is not closed"};
  }

  void count(std::size_t more, spec::position at) {
    nodes_ += more;
    if (nodes_ > limits::nodes)
      throw fatal{at, "the file has more than the limit of " + std::to_string(limits::nodes) +
                          " values (aliases and merges counted)"};
  }

  void start(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
             node::type kind) {
    if (open_.size() >= limits::depth)
      throw fatal{place(mark), "nested deeper than the limit of " + std::to_string(limits::depth)};
    check_tag(mark, tag);
    if (!open_.empty() && open_.back().value.kind == node::type::map && !open_.back().pending)
      throw fatal{place(mark), "a key must be a word, not a list or mapping"};
    frame f;
    f.value.kind = kind;
    f.value.where = place(mark);
    f.anchor = anchor;
    open_.push_back(std::move(f));
  }

  void end() {
    frame f = std::move(open_.back());
    open_.pop_back();
    finish(std::move(f.value), f.anchor);
  }

  void finish(node n, YAML::anchor_t anchor) {
    count(1, n.where);
    if (anchor != 0) anchors_[anchor] = {n, weight(n)};
    add(std::move(n));
  }

  void add(node n) {
    if (open_.empty()) {
      root = std::move(n);
      return;
    }
    auto& f = open_.back();
    if (f.value.kind == node::type::list) {
      f.value.items.push_back(std::move(n));
    } else if (!f.pending) {
      take_key(f, std::move(n));
    } else {
      if (n.kind == node::type::null && n.text.empty()) n.where = f.pending->where;
      f.pending->value = std::move(n);
      if (f.keys.insert(f.pending->key).second) {
        f.value.entries.push_back(std::move(*f.pending));
      } else {
        error(f.pending->where, "duplicate key '" + f.pending->key + "'");
      }
      f.pending.reset();
    }
  }

  void take_key(frame& f, node n) {
    if (n.kind == node::type::list || n.kind == node::type::map)
      throw fatal{n.where, "a key must be a word, not a list or mapping"};
    if (n.kind == node::type::null && n.text.empty()) error(n.where, "a key is missing");
    f.pending = entry{n.text, n.where, {}};
    if (n.plain && n.text == "<<") f.merges = true;
  }

  /// YAML 1.1 merge keys, as docker compose reads them: explicit keys win, then earlier maps.
  void merge(node& map) {
    std::vector<entry> own;
    std::set<std::string> keys;
    std::vector<node> sources;
    for (auto& e : map.entries) {
      if (e.key != "<<") {
        keys.insert(e.key);
        own.push_back(std::move(e));
      } else if (e.value.kind == node::type::list) {
        for (auto& item : e.value.items) sources.push_back(std::move(item));
      } else {
        sources.push_back(std::move(e.value));
      }
    }
    for (auto& source : sources) {
      if (source.kind != node::type::map) {
        error(source.where, "<< takes a mapping or a list of mappings");
        continue;
      }
      for (auto& e : source.entries)
        if (keys.insert(e.key).second) own.push_back(std::move(e));
    }
    map.entries = std::move(own);
  }

  std::string file_;
  std::string_view text_;
  std::vector<config_error>& errors_;
  std::vector<frame> open_;
  std::map<YAML::anchor_t, std::pair<node, std::size_t>> anchors_;
  std::size_t nodes_ = 0;
};

void number(node& n, std::uint32_t& next) {
  n.id = next++;
  for (auto& i : n.items) number(i, next);
  for (auto& e : n.entries) number(e.value, next);
}

/// The tree of a text that YAML has no objection to, else the objection. What is wrong otherwise
/// goes to `out`.
std::optional<syntax_fault> parse_once(const std::string& name, std::string_view text,
                                       parsed_tree& out) {
  builder b(name, text, out.errors);
  b.root.where = {1, 1};
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(b)) {
    }
  } catch (const fatal& f) {
    out.errors.push_back({name, f.where, f.message});
    return std::nullopt;
  } catch (const YAML::Exception& e) {
    return explain_syntax(text, {place(e.mark), e.msg, b.innermost()});
  }
  out.root = std::move(b.root);
  number_nodes(out.root);
  out.usable = true;
  return std::nullopt;
}

}  // namespace

const node* node::find(std::string_view key) const {
  for (const auto& e : entries)
    if (e.key == key) return &e.value;
  return nullptr;
}

node* node::find(std::string_view key) {
  for (auto& e : entries)
    if (e.key == key) return &e.value;
  return nullptr;
}

void number_nodes(node& root) {
  std::uint32_t next = 1;
  number(root, next);
}

parsed_tree parse_tree(std::string_view file, std::string_view text) {
  parsed_tree out;
  const std::string name(file);
  if (const auto fault = check_text(text)) {
    out.errors.push_back({name, fault->where, fault->message});
    return out;
  }
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark
  std::string readable(text);
  std::vector<config_error> syntax_errors;
  std::size_t bytes_again = 0;
  while (const auto fault = parse_once(name, readable, out)) {
    out.errors.clear();  // they are found again, or there is nothing that they could be about
    syntax_errors.push_back({name, fault->where, fault->message});
    bytes_again += text.size();
    if (!fault->bare_operator || bytes_again > limits::bytes_again ||
        syntax_errors.size() == limits::errors)
      break;
    for (auto i = *fault->bare_operator;
         std::string_view(">!=").find(readable[i]) != std::string_view::npos; ++i)
      readable[i] = ' ';
  }
  out.errors.insert(out.errors.begin(), syntax_errors.begin(), syntax_errors.end());
  return out;
}

}  // namespace fourtuple::scenario
