// One node of the result tree (FORMAT 4), and its JSON. A tree of our own, because times are
// decimals of exact nanoseconds: a JSON library would print them through double. Maps keep the
// order in which they were filled. No parsing.
#pragma once

#include <fourtuple/time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/spec/condition.h"

namespace fourtuple::observe {

struct member;

struct value {
  enum class type : std::uint8_t {
    null,     ///< a moment that never came
    boolean,  ///< `number` is 0 or 1
    integer,  ///< `number`
    decimal,  ///< `number` / 10^9
    time,     ///< `number` nanoseconds, printed as seconds
    text,
    list,
    map,
  };

  value();
  value(bool b);              // NOLINT: a literal is a value
  value(int n);               // NOLINT
  value(std::int64_t n);      // NOLINT
  value(std::uint64_t n);     // NOLINT
  value(std::uint32_t n);     // NOLINT
  value(duration d);          // NOLINT
  value(instant t);           // NOLINT
  value(std::string s);       // NOLINT
  value(std::string_view s);  // NOLINT
  value(const char* s);       // NOLINT
  /// Null where there is nothing.
  template <class T>
  value(const std::optional<T>& v);  // NOLINT
  [[nodiscard]] static value list();
  [[nodiscard]] static value map();
  [[nodiscard]] static value decimal(std::int64_t billionths);
  /// part / whole, rounded to the nearest billionth; 0 where whole is 0.
  [[nodiscard]] static value share(std::uint64_t part, std::uint64_t whole);

  /// Appends to a map; the caller sees to it that the key is new.
  value& set(std::string_view key, value v);
  void push(value v);
  /// The member of that name, or null where there is none.
  [[nodiscard]] const value* find(std::string_view key) const;
  [[nodiscard]] bool is_null() const { return kind == type::null; }
  [[nodiscard]] bool is_container() const { return kind == type::list || kind == type::map; }

  type kind = type::null;
  std::int64_t number = 0;
  std::string text;
  std::vector<value> items;
  std::vector<member> members;
};

struct member {
  std::string key;
  value content;
};

// Here and not in the class: a list of members can only be made once a member is known.
inline value::value() = default;

template <class T>
value::value(const std::optional<T>& v) {
  if (v) *this = value(*v);
}

/// 28.232, 40.0, -0.000000001: exact, at least one place, no trailing zeros.
[[nodiscard]] std::string exact_decimal(std::int64_t billionths);

/// What a condition tests. Lists and maps have no such value: they are null there.
[[nodiscard]] spec::value to_spec(const value& v);

/// JSON with two spaces of indent; small lists and maps stand on one line. Bytes that are not UTF-8
/// come out as U+FFFD. No newline at the end.
[[nodiscard]] std::string to_json(const value& v);
/// A JSON string with its quotes.
[[nodiscard]] std::string json_string(std::string_view text);
/// Bytes that are not UTF-8 replaced by U+FFFD.
[[nodiscard]] std::string as_utf8(std::string_view text);
/// Whether all of it is well-formed UTF-8 (RFC 3629).
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace fourtuple::observe
