#include "sim/spec/quantity.h"

#include "sim/profile/nearest.h"

#include <array>
#include <limits>
#include <numeric>
#include <span>

namespace fourtuple::spec {
namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::size_t most_digits = 18;  // of either part; with units up to 10^13 it fits 128 bits

struct unit {
  std::string_view name;
  std::int64_t factor;
};

constexpr unit time_units[] = {{"ns", 1},     {"us", 1'000},        {"ms", 1'000'000},
                               {"s", second}, {"min", 60 * second}, {"h", 3600 * second}};
constexpr unit size_units[] = {{"B", 1},        {"kB", 1'000},    {"MB", 1'000'000},
                               {"GB", second},  {"KiB", 1 << 10}, {"MiB", 1 << 20},
                               {"GiB", 1 << 30}};
constexpr unit rate_units[] = {{"/s", 1}, {"/min", 60}, {"/h", 3600}};

bool digit(char c) { return '0' <= c && c <= '9'; }

std::string quoted(std::string_view t) {
  constexpr std::size_t shown = 60;
  return "'" + std::string(t.substr(0, shown)) + (t.size() > shown ? "..." : "") + "'";
}

/// mantissa / 10^places, and what follows the number.
struct number {
  int128 mantissa = 0;
  unsigned places = 0;
  std::string_view rest;
};

enum class number_fault { none, not_a_number, negative, too_long };

number_fault read_number(std::string_view text, number& out) {
  if (!text.empty() && text.front() == '-') {
    return text.size() > 1 && digit(text[1]) ? number_fault::negative : number_fault::not_a_number;
  }
  std::size_t i = 0, whole = 0;
  for (; i < text.size() && digit(text[i]); ++i, ++whole) {
    if (whole >= most_digits) return number_fault::too_long;
    out.mantissa = out.mantissa * 10 + (text[i] - '0');
  }
  if (whole == 0) return number_fault::not_a_number;
  if (whole > 1 && text[0] == '0') return number_fault::not_a_number;  // 010 is octal elsewhere
  if (i + 1 < text.size() && text[i] == '.' && digit(text[i + 1])) {
    for (++i; i < text.size() && digit(text[i]); ++i) {
      if (out.places >= most_digits) return number_fault::too_long;
      out.mantissa = out.mantissa * 10 + (text[i] - '0');
      ++out.places;
    }
  }
  out.rest = text.substr(i);
  return number_fault::none;
}

int128 power_of_ten(unsigned n) {
  int128 p = 1;
  while (n-- > 0) p *= 10;
  return p;
}

std::string unit_list(std::span<const unit> units) {
  std::string out;
  for (const auto& u : units) out += (out.empty() ? "" : " ") + std::string(u.name);
  return out;
}

const unit* find_unit(std::span<const unit> units, std::string_view name) {
  for (const auto& u : units)
    if (u.name == name) return &u;
  return nullptr;
}

std::string unit_error(std::string_view text, std::string_view what, std::string_view given,
                       std::span<const unit> units) {
  if (given.empty())
    return quoted(text) + " has no unit (" + std::string(what) + ": " + unit_list(units) + ")";
  std::vector<std::string_view> names;
  for (const auto& u : units) names.push_back(u.name);
  // A long word is no misspelling of a unit, and one letter is near to every other.
  constexpr std::array<std::pair<std::string_view, std::string_view>, 12> usual{{{"sec", "s"},
                                                                                 {"secs", "s"},
                                                                                 {"second", "s"},
                                                                                 {"seconds", "s"},
                                                                                 {"msec", "ms"},
                                                                                 {"m", "min"},
                                                                                 {"minutes", "min"},
                                                                                 {"hours", "h"},
                                                                                 {"hour", "h"},
                                                                                 {"usec", "us"},
                                                                                 {"bytes", "B"},
                                                                                 {"K", "KiB"}}};
  for (const auto& [wrong, right] : usual)
    if (given == wrong && find_unit(units, right) != nullptr)
      return quoted(text) + ": unknown unit " + quoted(given) + " (did you mean '" +
             std::string(right) + "'?)";
  for (const auto& u : units)
    if (profile::edit_distance(given, u.name) == 0)
      return quoted(text) + ": unknown unit " + quoted(given) + " (did you mean '" +
             std::string(u.name) + "'?)";
  return quoted(text) + ": unknown unit " + quoted(given) + " (" + std::string(what) + ": " +
         unit_list(units) + ")";
}

std::string number_error(std::string_view text, std::string_view what, number_fault fault) {
  switch (fault) {
    case number_fault::negative:
      return quoted(text) + " is negative";
    case number_fault::too_long:
      return quoted(text) + " has more than 18 digits";
    default:
      return quoted(text) + " is not " + std::string(what);
  }
}

/// mantissa / 10^places * unit, which must be whole and at most `most`.
parsed<std::int64_t> read_units(std::string_view text, std::string_view what,
                                std::span<const unit> units, int128 most,
                                std::string_view most_text) {
  text = trimmed(text);
  number n;
  if (const auto fault = read_number(text, n); fault != number_fault::none)
    return {{}, number_error(text, what, fault)};
  const auto name = trimmed(n.rest);
  const unit* u = find_unit(units, name);
  if (u == nullptr) return {{}, unit_error(text, what, name, units)};
  const int128 scaled = n.mantissa * u->factor;
  const int128 divisor = power_of_ten(n.places);
  if (scaled % divisor != 0)
    return {{}, quoted(text) + " is not a whole number of " + std::string(units.front().name)};
  if (scaled / divisor > most)
    return {{}, quoted(text) + " is more than the limit of " + std::string(most_text)};
  return {static_cast<std::int64_t>(scaled / divisor), {}};
}

}  // namespace

std::string_view trimmed(std::string_view t) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  while (!t.empty() && blank(t.front())) t.remove_prefix(1);
  while (!t.empty() && blank(t.back())) t.remove_suffix(1);
  return t;
}

parsed<duration> parse_time(std::string_view text) {
  auto n = read_units(text, "a time", time_units, longest_time.count(), "50 years");
  if (!n.value) return {{}, std::move(n.error)};
  return {duration{*n.value}, {}};
}

parsed<std::uint64_t> parse_size(std::string_view text) {
  auto n = read_units(text, "a size", size_units, int128{1} << 40, "1024 GiB");
  if (!n.value) return {{}, std::move(n.error)};
  return {static_cast<std::uint64_t>(*n.value), {}};
}

parsed<rate> parse_rate(std::string_view text) {
  text = trimmed(text);
  number n;
  if (const auto fault = read_number(text, n); fault != number_fault::none)
    return {{}, number_error(text, "a rate", fault)};
  auto rest = trimmed(n.rest);
  int128 count = n.mantissa;
  if (!rest.empty() && (rest.front() == 'k' || rest.front() == 'M')) {
    count *= rest.front() == 'k' ? 1'000 : 1'000'000;
    rest = trimmed(rest.substr(1));
  }
  if (rest.size() > 1 && rest.front() == '/' && rest[1] == ' ')
    return {{}, unit_error(text, "a rate", rest, rate_units)};
  const unit* u = find_unit(rate_units, rest);
  if (u == nullptr) return {{}, unit_error(text, "a rate", rest, rate_units)};
  int128 per = power_of_ten(n.places) * u->factor * second;
  // gcd by hand: std::gcd does not take 128 bits in strict mode
  int128 a = count, b = per;
  while (b != 0) {
    const int128 r = a % b;
    a = b;
    b = r;
  }
  if (a != 0) {
    count /= a;
    per /= a;
  }
  if (count > per) return {{}, quoted(text) + " is more than the limit of 1000000000/s"};
  if (per > std::numeric_limits<std::int64_t>::max())
    return {{}, quoted(text) + " has too many places"};
  return {rate{static_cast<std::uint64_t>(count), static_cast<std::uint64_t>(per)}, {}};
}

parsed<std::uint32_t> parse_share(std::string_view text) {
  constexpr unit share_units[] = {{"%", 10'000}};
  auto n = read_units(text, "a share", share_units, 1'000'000, "100 %");
  if (!n.value) {
    const auto whole = n.error.find(" is not a whole number of %");
    if (whole != std::string::npos) n.error = n.error.substr(0, whole) + " has more than 4 places";
    return {{}, std::move(n.error)};
  }
  return {static_cast<std::uint32_t>(*n.value), {}};
}

parsed<std::uint64_t> parse_bandwidth(std::string_view text) {
  constexpr unit bit_units[] = {
      {"bit/s", 1}, {"kbit/s", 1'000}, {"Mbit/s", 1'000'000}, {"Gbit/s", 1'000'000'000}};
  auto n = read_units(text, "a bit rate", bit_units, int128{1'000'000} * 1'000'000, "1000 Gbit/s");
  if (!n.value) return {{}, std::move(n.error)};
  if (*n.value == 0) return {{}, quoted(trimmed(text)) + " carries nothing (a link that is down: up: false)"};
  return {static_cast<std::uint64_t>(*n.value), {}};
}

parsed<queue_length> parse_queue(std::string_view text) {
  constexpr unit queue_units[] = {{"packets", 1}, {"packet", 1}};
  const auto t = trimmed(text);
  if (t.ends_with("packets") || t.ends_with("packet")) {
    auto n = read_units(t, "a queue", queue_units, 1'000'000, "1000000 packets");
    if (!n.value) return {{}, std::move(n.error)};
    return {queue_length{static_cast<std::uint64_t>(*n.value), 0}, {}};
  }
  if (is_whole_number(t)) return {{}, quoted(t) + " has no unit (a queue: packets, or B kB MB KiB MiB)"};
  auto n = parse_size(t);
  if (!n.value) return {{}, std::move(n.error)};
  if (*n.value == 0) return {{}, quoted(t) + " holds no packet at all; 0 packets says so"};
  return {queue_length{0, *n.value}, {}};
}

bool is_whole_number(std::string_view t) {
  if (!t.empty() && t.front() == '-') t.remove_prefix(1);
  if (t.empty() || (t.size() > 1 && t.front() == '0')) return false;
  for (const char c : t)
    if (!digit(c)) return false;
  return true;
}

parsed<std::int64_t> parse_whole(std::string_view text, std::int64_t least, std::int64_t most) {
  const auto t = trimmed(text);
  const auto limits = std::to_string(least) + " .. " + std::to_string(most);
  if (!is_whole_number(t)) return {{}, quoted(t) + " is not a whole number (" + limits + ")"};
  const bool negative = t.front() == '-';
  const auto digits = t.substr(negative ? 1 : 0);
  if (digits.size() > most_digits) return {{}, quoted(t) + " is outside the limit of " + limits};
  std::int64_t n = 0;
  for (const char c : digits) n = n * 10 + (c - '0');
  if (negative) n = -n;
  if (n < 0 && least == 0) return {{}, quoted(t) + " is negative"};
  if (n < least || n > most) return {{}, quoted(t) + " is outside the limit of " + limits};
  return {n, {}};
}

std::optional<int128> read_decimal(std::string_view text) {
  text = trimmed(text);
  const bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  number n;
  if (read_number(text, n) != number_fault::none || !n.rest.empty() || n.places > 9)
    return std::nullopt;
  const int128 scaled = n.mantissa * power_of_ten(9 - n.places);
  return negative ? -scaled : scaled;
}

std::string time_text(duration d) {
  const std::int64_t n = ns(d);
  if (n == 0) return "0 s";
  std::string best;
  for (const auto& u : time_units) {
    const auto whole = n / u.factor;
    const auto part = n % u.factor;
    if (whole == 0 && u.factor > 1) continue;
    // minutes and hours only where they are whole: 1.5 min is 90 s to most people
    if (u.factor > second && part != 0) continue;
    std::string t = std::to_string(whole);
    if (part != 0) {
      auto digits = std::to_string(part + u.factor).substr(1);
      while (digits.back() == '0') digits.pop_back();
      t += "." + digits;
    }
    t += " " + std::string(u.name);
    const bool hours_of_few_seconds = u.factor > second && n / second < 600;
    if (!hours_of_few_seconds && (best.empty() || t.size() <= best.size())) best = t;
  }
  return best;
}

std::string rate_text(const rate& r) {
  if (r.count == 0) return "0/s";
  for (const auto& u : rate_units) {
    const int128 n = int128{static_cast<std::int64_t>(r.count)} * u.factor * second;
    const int128 per = static_cast<std::int64_t>(r.per);
    if (n % per == 0)
      return std::to_string(static_cast<std::int64_t>(n / per)) + std::string(u.name);
    for (unsigned places = 1; places <= 9; ++places) {
      const int128 scale = power_of_ten(places);
      if (n * scale % per != 0) continue;
      auto digits = std::to_string(static_cast<std::int64_t>(n * scale / per));
      while (digits.size() <= places) digits.insert(digits.begin(), '0');
      digits.insert(digits.size() - places, ".");
      return digits + std::string(u.name);
    }
  }
  return std::to_string(r.count) + " per " + std::to_string(r.per) + " ns";
}

}  // namespace fourtuple::spec
