#include "sim/spec/condition.h"

#include "sim/spec/quantity.h"

#include <algorithm>

namespace fourtuple::spec {

value value::of(bool b) {
  value v;
  v.kind = type::boolean;
  v.boolean = b;
  return v;
}
value value::of_int(std::int64_t n) { return of_scaled(int128{n} * 1'000'000'000); }
value value::of_scaled(int128 billionths) {
  value v;
  v.kind = type::number;
  v.scaled = billionths;
  return v;
}
value value::of(duration d) {
  value v;
  v.kind = type::time;
  v.scaled = ns(d);
  return v;
}
value value::of(std::string_view text) {
  value v;
  v.kind = type::text;
  v.text = text;
  return v;
}

namespace {

std::string decimal_text(int128 billionths) {
  const bool negative = billionths < 0;
  if (negative) billionths = -billionths;
  auto part = static_cast<std::int64_t>(billionths % 1'000'000'000);
  int128 whole = billionths / 1'000'000'000;
  std::string digits;
  do {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(whole % 10)));
    whole /= 10;
  } while (whole != 0);
  if (part != 0) {
    auto places = std::to_string(part + 1'000'000'000).substr(1);
    while (places.back() == '0') places.pop_back();
    digits += "." + places;
  }
  return (negative ? "-" : "") + digits;
}

bool numeric(const value& v) {
  return v.kind == value::type::number || v.kind == value::type::time;
}

std::string unquoted(std::string_view t) {
  t = trimmed(t);
  const bool both = t.size() >= 2 && t.front() == t.back() && (t[0] == '"' || t[0] == '\'');
  return std::string(both ? t.substr(1, t.size() - 2) : t);
}

std::string quoted(std::string_view t) { return "'" + std::string(t) + "'"; }

struct operand {
  value v;
  std::string error;
};

operand fail(std::string why) { return {{}, std::move(why)}; }

operand read_time(std::string_view t) {
  auto d = parse_time(t);
  if (!d.value) return fail(std::move(d.error));
  return {value::of(*d.value), {}};
}

operand read_number(std::string_view t, bool percent) {
  if (percent && !t.empty() && t.back() == '%') {
    const auto n = read_decimal(t.substr(0, t.size() - 1));
    if (!n || *n % 100 != 0) return fail(quoted(t) + " is not a share");
    return {value::of_scaled(*n / 100), {}};
  }
  const auto n = read_decimal(t);
  if (!n) return fail(quoted(t) + " is not a number");
  return {value::of_scaled(*n), {}};
}

/// A word of a result: compared as a number where it is one, else as text.
operand read_word(std::string_view t) {
  value v = value::of(unquoted(t));
  if (const auto n = read_decimal(t)) {
    v.kind = value::type::number;
    v.scaled = *n;
  }
  return {v, {}};
}

operand read_operand(std::string_view text, value_kind kind) {
  const auto t = trimmed(text);
  if (t.empty()) return fail("a condition needs a value");
  switch (kind) {
    case value_kind::time:
      return read_time(t);
    case value_kind::count:
      return read_number(t, false);
    case value_kind::decimal:
      return read_number(t, true);
    case value_kind::boolean:
      if (t == "true" || t == "false") return {value::of(t == "true"), {}};
      return fail(quoted(t) + " is neither true nor false");
    case value_kind::text:
      return read_word(t);
    case value_kind::list:
      break;
  }
  return fail("this metric is not one value; name one part of it, or test it for none");
}

struct operator_row {
  std::string_view sign;
  compare_op op;
};
// two-letter signs first
constexpr operator_row operators[] = {{"==", compare_op::eq}, {"!=", compare_op::ne},
                                      {"<=", compare_op::le}, {">=", compare_op::ge},
                                      {"<", compare_op::lt},  {">", compare_op::gt}};

parsed_condition read_list(std::string_view inside, condition c, value_kind kind) {
  c.op = compare_op::in;
  while (true) {
    const auto comma = inside.find(',');
    auto part = read_operand(inside.substr(0, comma), kind);
    if (!part.error.empty()) return {std::move(c), std::move(part.error)};
    c.values.push_back(std::move(part.v));
    if (comma == std::string_view::npos) return {std::move(c), {}};
    inside.remove_prefix(comma + 1);
  }
}

parsed_condition read_one(std::string_view rest, condition c, value_kind kind) {
  auto part = read_operand(rest, kind);
  c.values.push_back(std::move(part.v));
  return {std::move(c), std::move(part.error)};
}

parsed_condition read_between(std::string_view low, std::string_view high, condition c,
                              value_kind kind) {
  c.op = compare_op::between;
  auto a = read_operand(low, kind);
  auto b = read_operand(high, kind);
  if (!a.error.empty()) return {std::move(c), std::move(a.error)};
  if (!b.error.empty()) return {std::move(c), std::move(b.error)};
  if (!numeric(a.v) || !numeric(b.v)) return {std::move(c), "a range needs two numbers"};
  if (a.v.scaled > b.v.scaled) {
    auto why = quoted(c.text) + " is empty: its lower end is above its upper end";
    return {std::move(c), std::move(why)};
  }
  c.values = {std::move(a.v), std::move(b.v)};
  return {std::move(c), {}};
}

bool is_in_list(std::string_view t) {
  return t.starts_with("in ") && trimmed(t.substr(3)).starts_with('[') && t.ends_with(']');
}

}  // namespace

std::string to_string(const value& v) {
  switch (v.kind) {
    case value::type::none:
      return "none";
    case value::type::boolean:
      return v.boolean ? "true" : "false";
    case value::type::number:
      return decimal_text(v.scaled);
    case value::type::time:
      return decimal_text(v.scaled) + " s";
    case value::type::text:
      return v.text;
  }
  return {};
}

parsed_condition parse_condition(std::string_view text, value_kind kind) {
  const auto t = trimmed(text);
  condition c;
  c.text = t;
  if (t.empty()) return {std::move(c), "a condition needs a value"};
  if (t == "none") {
    c.op = compare_op::none;
    return {std::move(c), {}};
  }
  for (const auto& row : operators)
    if (t.starts_with(row.sign)) {
      c.op = row.op;
      return read_one(t.substr(row.sign.size()), std::move(c), kind);
    }
  if (is_in_list(t)) {
    auto inside = trimmed(t.substr(3));
    return read_list(inside.substr(1, inside.size() - 2), std::move(c), kind);
  }
  const auto dots = t.find("..");
  if (dots != std::string_view::npos) {
    const auto low = trimmed(t.substr(0, dots));
    const auto high = trimmed(t.substr(dots + 2));
    // In a text "a..b" is a text; a range has numbers on both sides.
    const bool range = kind != value_kind::text || (read_decimal(low) && read_decimal(high));
    if (range) return read_between(low, high, std::move(c), kind);
  }
  return read_one(t, std::move(c), kind);
}

namespace {

/// -1, 0, 1; nothing where the two cannot be compared.
std::optional<int> compare(const value& have, const value& want) {
  if (numeric(have) && numeric(want))
    return have.scaled < want.scaled ? -1 : have.scaled > want.scaled ? 1 : 0;
  if (have.kind == value::type::boolean && want.kind == value::type::boolean)
    return int{have.boolean} - int{want.boolean};
  if (have.kind == value::type::text && (want.kind == value::type::text || !want.text.empty()))
    return std::clamp(have.text.compare(want.text), -1, 1);
  if (have.kind == value::type::boolean && want.kind == value::type::text)
    return (have.boolean ? "true" : "false") == want.text ? std::optional{0} : std::nullopt;
  return std::nullopt;
}

bool ordered(const value& have, const value& want) { return numeric(have) && numeric(want); }

}  // namespace

bool holds(const condition& c, const value& v) {
  if (c.op == compare_op::none) return v.kind == value::type::none;
  if (v.kind == value::type::none || c.values.empty()) return false;
  const auto is = [&](const value& want) { return compare(v, want) == std::optional{0}; };
  const auto& first = c.values.front();
  const auto sign = compare(v, first);
  switch (c.op) {
    case compare_op::eq:
      return is(first);
    case compare_op::ne:
      return !is(first);
    case compare_op::lt:
      return ordered(v, first) && *sign < 0;
    case compare_op::le:
      return ordered(v, first) && *sign <= 0;
    case compare_op::gt:
      return ordered(v, first) && *sign > 0;
    case compare_op::ge:
      return ordered(v, first) && *sign >= 0;
    case compare_op::between:
      return ordered(v, first) && *sign >= 0 && *compare(v, c.values[1]) <= 0;
    case compare_op::in:
      return std::any_of(c.values.begin(), c.values.end(), is);
    case compare_op::none:
      break;
  }
  return false;
}

std::string why_not(const condition& c, const value& v) {
  if (holds(c, v)) return {};
  if (v.kind == value::type::none) return "expected " + c.text + ", but it never came";
  return "expected " + c.text + ", got " + to_string(v);
}

}  // namespace fourtuple::spec
