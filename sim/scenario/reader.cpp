#include "sim/scenario/reader.h"

#include "sim/profile/nearest.h"

#include <algorithm>

namespace fourtuple::scenario {
namespace {

/// "a | b | c" at its bars.
std::vector<std::string_view> words_of(std::string_view syntax) {
  std::vector<std::string_view> out;
  while (true) {
    const auto bar = syntax.find(" | ");
    out.push_back(syntax.substr(0, bar));
    if (bar == std::string_view::npos) return out;
    syntax.remove_prefix(bar + 3);
  }
}

bool is_extension(std::string_view key) { return key.starts_with("x-"); }

std::string kind_of(const node& n) {
  switch (n.kind) {
    case node::type::null:
      return "nothing";
    case node::type::list:
      return "a list";
    case node::type::map:
      return "a mapping";
    case node::type::scalar:
      break;
  }
  return quoted(n.text);
}

}  // namespace

void context::error(spec::position at, std::string message) {
  if (errors.size() < limits::errors) errors.push_back({file, at, std::move(message)});
}

std::string quoted(std::string_view text) {
  constexpr std::size_t shown = 60;
  std::string out = "'";
  for (const char c : text.substr(0, shown)) out += c == '\n' ? ' ' : c;
  return out + (text.size() > shown ? "...'" : "'");
}

bool expect_scalar(context& c, const node& n, std::string_view what) {
  if (n.kind == node::type::scalar) return true;
  if (n.kind == node::type::null) {
    c.error(n.where, std::string(what) + " has no value");
  } else {
    c.error(n.where, std::string(what) + " is one value, not " + kind_of(n));
  }
  return false;
}

std::optional<std::int64_t> read_whole(context& c, const node& n, std::string_view what,
                                       std::int64_t least, std::int64_t most) {
  if (!expect_scalar(c, n, what)) return std::nullopt;
  if (!n.plain) {
    c.error(n.where,
            std::string(what) + ": " + quoted(n.text) + " must be a bare number, without quotes");
    return std::nullopt;
  }
  auto parsed = spec::parse_whole(n.text, least, most);
  if (!parsed.value) c.error(n.where, std::string(what) + ": " + parsed.error);
  return parsed.value;
}

bool is_name(std::string_view t) {
  const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
  if (t.empty() || !letter(t.front())) return false;
  for (const char c : t)
    if (!letter(c) && !(c >= '0' && c <= '9') && c != '_' && c != '-') return false;
  return true;
}

std::vector<const node*> one_or_list(const node& n) {
  std::vector<const node*> out;
  if (n.kind != node::type::list) {
    out.push_back(&n);
  } else {
    for (const auto& i : n.items) out.push_back(&i);
  }
  return out;
}

mapping::mapping(context& c, const node& n, const table& t, std::string what)
    : c_(c), node_(n), table_(t), what_(std::move(what)), map_(n.kind == node::type::map) {
  if (map_) {
    check_keys();
  } else if (n.kind != node::type::null) {
    c_.error(n.where, what_ + " must be a mapping of keys, not " + kind_of(n));
  }
}

void mapping::check_keys() {
  for (const auto& e : node_.entries) {
    if (is_extension(e.key)) continue;
    const key* k = table_.find(e.key);
    if (k == nullptr) {
      misspelt_.push_back(unknown_key(e));
    } else if (k->need == presence::later) {
      c_.error(e.where, quoted(e.key) + " is not yet modelled");
    }
  }
  for (const auto& k : table_.keys)
    if (k.need == presence::required && !has(k.name) && !is_misspelt(k.name))
      c_.error(node_.where, what_ + " needs the key '" + std::string(k.name) + "'");
}

std::string_view mapping::unknown_key(const entry& e) {
  if (c_.errors.size() >= limits::errors) return {};  // looking for near words takes time
  if (const auto meant = meant_by(e.key, table_); !meant.empty()) {
    c_.error(e.where,
             "unknown key " + quoted(e.key) + " (it is called '" + std::string(meant) + "' here)");
    return meant;
  }
  std::vector<std::string_view> names;
  for (const auto& own : table_.keys)
    if (own.need != presence::later) names.push_back(own.name);
  const auto near = profile::nearest(e.key, names);
  c_.error(e.where, "unknown key " + quoted(e.key) +
                        (near.empty() ? " in " + what_ : profile::did_you_mean(e.key, names)));
  return near;
}

bool mapping::is_misspelt(std::string_view key) const {
  return std::find(misspelt_.begin(), misspelt_.end(), key) != misspelt_.end();
}

std::optional<std::size_t> mapping::one_of(std::string_view who,
                                           std::initializer_list<std::string_view> keys) {
  std::optional<std::size_t> found;
  unsigned times = 0;
  bool misspelt = false;
  std::string names;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string_view key = keys.begin()[i];
    misspelt = misspelt || is_misspelt(key);
    if (i != 0) names += i + 1 == keys.size() ? " and " : ", ";
    names += key;
    if (!has(key)) continue;
    found = i;
    ++times;
  }
  if (times == 1) return found;
  if (!misspelt || times > 1) c_.error(where(), std::string(who) + " has exactly one of " + names);
  return std::nullopt;
}

const node* mapping::find(std::string_view key) const { return map_ ? node_.find(key) : nullptr; }

spec::position mapping::at(std::string_view key) const {
  const node* n = find(key);
  return n != nullptr ? n->where : node_.where;
}

const key& mapping::row(std::string_view name) const {
  static const key none{};
  const key* k = table_.find(name);
  return k != nullptr ? *k : none;
}

mapping::given mapping::take(std::string_view key) {
  const node* n = find(key);
  if (n != nullptr) {
    if (!expect_scalar(c_, *n, key)) return {};
    return {n->text, n->where, n->plain, true};
  }
  const auto& k = row(key);
  if (k.fallback.empty()) return {};
  const bool empty_text = k.fallback == "\"\"";
  if (map_ || node_.kind == node::type::null) fill(key, std::string(k.fallback));
  return {empty_text ? std::string() : std::string(k.fallback), node_.where, true, true};
}

template <class T, class Parse>
std::optional<T> mapping::parse(std::string_view key, Parse parser) {
  const auto g = take(key);
  if (!g.ok) return std::nullopt;
  auto r = parser(g.text);
  if (!r.value) c_.error(g.where, std::string(key) + ": " + r.error);
  return r.value;
}

std::string mapping::text(std::string_view key) { return take(key).text; }

std::int64_t mapping::whole(std::string_view key) { return maybe_whole(key).value_or(0); }

std::optional<std::int64_t> mapping::maybe_whole(std::string_view key) {
  const auto& k = row(key);
  const node* n = find(key);
  if (n != nullptr && k.fallback == "none" && n->kind == node::type::scalar && n->text == "none")
    return std::nullopt;
  if (n != nullptr) return read_whole(c_, *n, key, k.least, k.most);
  const auto g = take(key);
  if (!g.ok || g.text == "none") return std::nullopt;
  return spec::parse_whole(g.text, k.least, k.most).value;
}

bool mapping::flag(std::string_view key) {
  const auto g = take(key);
  if (!g.ok) return false;
  const bool yes = g.text == "true" || g.text == "True" || g.text == "TRUE";
  const bool no = g.text == "false" || g.text == "False" || g.text == "FALSE";
  if (!(yes || no) || !g.plain)
    c_.error(g.where, std::string(key) + ": " + quoted(g.text) + " is neither true nor false");
  return yes;
}

duration mapping::time(std::string_view key) {
  return parse<duration>(key, spec::parse_time).value_or(duration{});
}

duration mapping::time_from(std::string_view key, duration least) {
  const auto t = parse<duration>(key, spec::parse_time);
  if (t && *t < least && has(key)) error(key, "must be at least " + spec::time_text(least));
  return std::max(t.value_or(least), least);
}

std::optional<duration> mapping::maybe_time(std::string_view key) {
  return parse<std::optional<duration>>(
             key,
             [&](const std::string& t) -> spec::parsed<std::optional<duration>> {
               if (t == "none" && row(key).fallback == "none")
                 return {std::optional<duration>{}, {}};
               auto r = spec::parse_time(t);
               if (!r.value) return {std::nullopt, r.error};
               return {r.value, {}};
             })
      .value_or(std::nullopt);
}

std::uint64_t mapping::size(std::string_view key) {
  return parse<std::uint64_t>(key, spec::parse_size).value_or(0);
}

spec::rate mapping::rate(std::string_view key) {
  return parse<spec::rate>(key, spec::parse_rate).value_or(spec::rate{});
}

spec::rate mapping::rate_above_0(std::string_view key) {
  const auto r = parse<spec::rate>(key, spec::parse_rate);
  if (r && r->count == 0) error(key, "must be more than 0");
  return r.value_or(spec::rate{});
}

std::optional<spec::rate> mapping::maybe_rate(std::string_view key) {
  const node* n = find(key);
  if (n == nullptr || (n->kind == node::type::scalar && n->text == "none")) {
    if (n == nullptr) (void)take(key);
    return std::nullopt;
  }
  return rate(key);
}

std::size_t mapping::choice(std::string_view key) {
  const auto g = take(key);
  if (!g.ok) return 0;
  const auto words = words_of(row(key).syntax);
  for (std::size_t i = 0; i < words.size(); ++i)
    if (words[i] == g.text) return i;
  // a wrong number is no misspelling
  auto hint = spec::is_whole_number(g.text) ? std::string() : profile::did_you_mean(g.text, words);
  if (hint.empty()) hint = " (" + std::string(row(key).syntax) + ")";
  c_.error(g.where, std::string(key) + ": unknown " + quoted(g.text) + hint);
  return 0;
}

std::optional<std::string> mapping::special(std::string_view key) {
  auto g = take(key);
  if (!g.ok) return std::nullopt;
  return std::move(g.text);
}

void mapping::fill(std::string_view key, std::string text) {
  c_.fills.push_back({node_.id, std::string(key), std::move(text)});
}

void mapping::error(std::string_view key, std::string message) {
  c_.error(at(key), std::string(key) + ": " + std::move(message));
}

}  // namespace fourtuple::scenario
