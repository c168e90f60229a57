// Conditions (FORMAT section 5) and the values they test, exactly: no floating point. A condition
// is parsed once at load; the run layer tests values of the result tree.
#pragma once

#include <fourtuple/time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fourtuple::spec {

__extension__ typedef __int128 int128;

/// A value of the result tree, or of a condition.
struct value {
  enum class type : std::uint8_t {
    none,  ///< null: the moment never came
    boolean,
    number,  ///< `scaled` / 10^9
    time,    ///< nanoseconds in `scaled`
    text,
  };
  type kind = type::none;
  bool boolean = false;
  int128 scaled = 0;
  std::string text;

  [[nodiscard]] static value null() { return {}; }
  [[nodiscard]] static value of(bool b);
  [[nodiscard]] static value of_int(std::int64_t n);
  [[nodiscard]] static value of_scaled(int128 billionths);  ///< a decimal with 9 places
  [[nodiscard]] static value of(duration d);
  [[nodiscard]] static value of(instant t) { return of(t.time_since_epoch()); }
  [[nodiscard]] static value of(std::string_view text);
  friend bool operator==(const value&, const value&) = default;
};

/// As a report prints it: 28232, 0.5, 28.2 s, ECONNREFUSED, none, true.
[[nodiscard]] std::string to_string(const value& v);

enum class compare_op : std::uint8_t { eq, ne, lt, le, gt, ge, between, in, none };

struct condition {
  compare_op op = compare_op::eq;
  std::vector<value>
      values;        ///< one; two for between (LOW, HIGH); any number for in; none for none
  std::string text;  ///< as written
};

/// A condition, or why the text is none (then `error` is not empty).
struct parsed_condition {
  condition cond;
  std::string error;
};

/// What kind of value a condition is about; decides whether "5" may stand without a unit.
enum class value_kind : std::uint8_t {
  count,    ///< a whole number
  decimal,  ///< a number; 5 % means 0.05
  time,     ///< needs a unit; a bare 0 too
  text,     ///< anything; compared as text, numbers as numbers
  boolean,
  list,  ///< not testable as a whole; elements are
};

/// Parses section 5 for a metric of that kind. `quoted` texts and plain ones read alike.
[[nodiscard]] parsed_condition parse_condition(std::string_view text, value_kind kind);

/// Whether v meets c. A null meets only `none`; a type mismatch never meets (and != then holds).
[[nodiscard]] bool holds(const condition& c, const value& v);

/// "> 0 was expected, got 0"-like reason; empty where it holds. A null says that it never came.
[[nodiscard]] std::string why_not(const condition& c, const value& v);

}  // namespace fourtuple::spec
