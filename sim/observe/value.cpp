#include "sim/observe/value.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace fourtuple::observe {

namespace {

constexpr std::int64_t billion = 1'000'000'000;
constexpr std::size_t line_width = 100;
constexpr std::string_view replacement = "\xef\xbf\xbd";  // U+FFFD

/// Length of the well-formed UTF-8 sequence at the front of `s`; 0 where there is none.
std::size_t utf8_length(std::string_view s) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xbf;
  if (first >= 0xc2 && first <= 0xdf) length = 2;
  if (first >= 0xe0 && first <= 0xef) length = 3;
  if (first >= 0xf0 && first <= 0xf4) length = 4;
  if (first == 0xe0) low = 0xa0;   // no overlong forms
  if (first == 0xed) high = 0x9f;  // no surrogates
  if (first == 0xf0) low = 0x90;
  if (first == 0xf4) high = 0x8f;  // up to U+10FFFF
  if (length == 0 || s.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (byte(i) < low || byte(i) > high) return 0;
    low = 0x80;
    high = 0xbf;
  }
  return length;
}

void write_scalar(std::string& out, const value& v) {
  switch (v.kind) {
    case value::type::null:
      out += "null";
      break;
    case value::type::boolean:
      out += v.number != 0 ? "true" : "false";
      break;
    case value::type::integer:
      out += fmt::to_string(v.number);
      break;
    case value::type::decimal:
    case value::type::time:
      out += exact_decimal(v.number);
      break;
    case value::type::text:
      out += json_string(v.text);
      break;
    case value::type::list:
    case value::type::map:
      break;
  }
}

/// On one line; gives up (false) where the line would grow beyond `width`.
bool write_flat(std::string& out, const value& v, std::size_t width) {
  if (!v.is_container()) {
    write_scalar(out, v);
    return out.size() <= width;
  }
  const bool is_map = v.kind == value::type::map;
  const std::size_t n = is_map ? v.members.size() : v.items.size();
  out += is_map ? '{' : '[';
  for (std::size_t i = 0; i < n; ++i) {
    out += i == 0 ? (is_map ? " " : "") : ", ";
    if (is_map) out += json_string(v.members[i].key) + ": ";
    if (!write_flat(out, is_map ? v.members[i].content : v.items[i], width)) return false;
  }
  out += is_map ? (n == 0 ? "}" : " }") : "]";
  return out.size() <= width;
}

void write(std::string& out, const value& v, std::size_t indent) {
  std::string flat;
  if (write_flat(flat, v, line_width - std::min(line_width / 2, indent))) {
    out += flat;
    return;
  }
  if (!v.is_container()) {
    write_scalar(out, v);
    return;
  }
  const bool is_map = v.kind == value::type::map;
  const std::size_t n = is_map ? v.members.size() : v.items.size();
  out += is_map ? "{\n" : "[\n";
  for (std::size_t i = 0; i < n; ++i) {
    out.append(indent + 2, ' ');
    if (is_map) out += json_string(v.members[i].key) + ": ";
    write(out, is_map ? v.members[i].content : v.items[i], indent + 2);
    out += i + 1 < n ? ",\n" : "\n";
  }
  out.append(indent, ' ');
  out += is_map ? '}' : ']';
}

}  // namespace

value::value(bool b) : kind(type::boolean), number(b ? 1 : 0) {}
value::value(int n) : kind(type::integer), number(n) {}
value::value(std::int64_t n) : kind(type::integer), number(n) {}
value::value(std::uint32_t n) : kind(type::integer), number(n) {}
value::value(duration d) : kind(type::time), number(ns(d)) {}
value::value(instant t) : kind(type::time), number(ns(t)) {}
value::value(std::string s) : kind(type::text), text(std::move(s)) {}
value::value(std::string_view s) : kind(type::text), text(s) {}
value::value(const char* s) : kind(type::text), text(s) {}

value::value(std::uint64_t n) : kind(type::integer) {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  number = static_cast<std::int64_t>(n < most ? n : most);
}

value value::list() {
  value v;
  v.kind = type::list;
  return v;
}

value value::map() {
  value v;
  v.kind = type::map;
  return v;
}

value value::decimal(std::int64_t billionths) {
  value v;
  v.kind = type::decimal;
  v.number = billionths;
  return v;
}

value value::share(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return decimal(0);
  const spec::int128 scaled = static_cast<spec::int128>(part) * billion + whole / 2;
  return decimal(static_cast<std::int64_t>(scaled / whole));
}

value& value::set(std::string_view key, value v) {
  kind = type::map;
  members.push_back({std::string(key), std::move(v)});
  return members.back().content;
}

void value::push(value v) {
  kind = type::list;
  items.push_back(std::move(v));
}

const value* value::find(std::string_view key) const {
  for (const auto& m : members) {
    if (m.key == key) return &m.content;
  }
  return nullptr;
}

std::string exact_decimal(std::int64_t billionths) {
  const bool negative = billionths < 0;
  const std::uint64_t size = negative ? 0 - static_cast<std::uint64_t>(billionths)
                                      : static_cast<std::uint64_t>(billionths);
  std::string digits = fmt::format("{:09}", size % billion);
  while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
  return fmt::format("{}{}.{}", negative ? "-" : "", size / billion, digits);
}

spec::value to_spec(const value& v) {
  switch (v.kind) {
    case value::type::boolean:
      return spec::value::of(v.number != 0);
    case value::type::integer:
      return spec::value::of_int(v.number);
    case value::type::decimal:
      return spec::value::of_scaled(v.number);
    case value::type::time:
      return spec::value::of(duration{v.number});
    case value::type::text:
      return spec::value::of(std::string_view(v.text));
    case value::type::null:
    case value::type::list:
    case value::type::map:
      break;
  }
  return spec::value::null();
}

std::string to_json(const value& v) {
  std::string out;
  write(out, v, 0);
  return out;
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const char c = text.front();
    if (length == 0) {
      out += replacement;
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out + '"';
}

std::string as_utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    out += length == 0 ? replacement : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace fourtuple::observe
