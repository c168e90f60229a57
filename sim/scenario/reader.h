// Reads one mapping of the file by its table: unknown, misplaced and missing keys are errors with
// their place, values are parsed by the row's type, absent ones take the row's default. What was
// filled in is remembered, for --resolved.
#pragma once

#include "sim/scenario/config_error.h"
#include "sim/scenario/keys.h"
#include "sim/scenario/tree.h"
#include "sim/spec/quantity.h"
#include "sim/spec/spec.h"

#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fourtuple::scenario {

/// A default that the file left out: key and text, for the mapping with that id.
struct filled {
  std::uint32_t mapping = 0;
  std::string key;
  std::string text;
};

/// What one load accumulates.
struct context {
  std::string file;
  std::vector<config_error> errors;
  std::vector<filled> fills;
  spec::scenario out;
  std::map<std::string, std::uint32_t, std::less<>> host_index;  ///< records by name
  std::uint64_t endpoints = 0;                                   ///< resolved so far, bounded
  std::set<std::string, std::less<>> misaddressed;  ///< hosts with a mistake in their address

  void error(spec::position at, std::string message);
};

/// "'latencey'", cut where it is very long.
[[nodiscard]] std::string quoted(std::string_view text);
/// Whether the node is a scalar with a text; else an error that says what was expected.
[[nodiscard]] bool expect_scalar(context& c, const node& n, std::string_view what);
/// A bare whole number in [least, most], or an error and nothing.
[[nodiscard]] std::optional<std::int64_t> read_whole(context& c, const node& n,
                                                     std::string_view what, std::int64_t least,
                                                     std::int64_t most);
/// Checks [A-Za-z][A-Za-z0-9_-]*.
[[nodiscard]] bool is_name(std::string_view text);
/// The elements of a list, or the node itself.
[[nodiscard]] std::vector<const node*> one_or_list(const node& n);

class mapping {
 public:
  /// Checks the keys of `n` against the table. `what` names it in errors ("host 'client'").
  mapping(context& c, const node& n, const table& t, std::string what);

  [[nodiscard]] bool is_map() const { return map_; }
  [[nodiscard]] const node* find(std::string_view key) const;
  [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
  /// Which of `keys`, that exclude each other, is given. None of them or several: reported as a
  /// mistake of `who`, and nothing; so it is where one is misspelt, which has been reported.
  [[nodiscard]] std::optional<std::size_t> one_of(std::string_view who,
                                                  std::initializer_list<std::string_view> keys);
  /// Of the value, or of the mapping where it is absent.
  [[nodiscard]] spec::position at(std::string_view key) const;
  [[nodiscard]] spec::position where() const { return node_.where; }
  [[nodiscard]] std::uint32_t id() const { return node_.id; }

  // Each reads the value of a key or its default; on an error it is reported and a harmless value
  // returned.
  std::string text(std::string_view key);
  std::int64_t whole(std::string_view key);
  std::optional<std::int64_t> maybe_whole(std::string_view key);  ///< absent or "none": nothing
  bool flag(std::string_view key);
  duration time(std::string_view key);
  /// As time(); one below `least` is an error too, and `least` returned.
  duration time_from(std::string_view key, duration least);
  std::optional<duration> maybe_time(std::string_view key);
  std::uint64_t size(std::string_view key);
  spec::rate rate(std::string_view key);
  /// As rate(); 0 is an error too.
  spec::rate rate_above_0(std::string_view key);
  std::optional<spec::rate> maybe_rate(std::string_view key);
  /// The index of the word in the row's syntax.
  std::size_t choice(std::string_view key);
  /// The scalar of a special syntax, its default filled in; nothing where it is no scalar.
  std::optional<std::string> special(std::string_view key);

  /// Remembers a default that is no constant of the table.
  void fill(std::string_view key, std::string text);
  void error(std::string_view key, std::string message);

 private:
  struct given {
    std::string text;
    spec::position where;
    bool plain = true;
    bool ok = false;
  };
  const key& row(std::string_view key) const;
  given take(std::string_view key);
  void check_keys();
  /// An unknown key stands for it: then it is not missing too.
  [[nodiscard]] bool is_misspelt(std::string_view key) const;
  /// Reports it; the key that was meant, if one is near.
  std::string_view unknown_key(const entry& e);
  template <class T, class Parse>
  std::optional<T> parse(std::string_view key, Parse parser);

  context& c_;
  const node& node_;
  const table& table_;
  std::string what_;
  bool map_;
  std::vector<std::string_view> misspelt_;  ///< keys of the table that unknown ones stand for
};

}  // namespace fourtuple::scenario
