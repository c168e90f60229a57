#include "sim/crosscheck/compare.h"

#include <fourtuple/address.h>

#include <algorithm>
#include <cstdlib>

namespace fourtuple::crosscheck {
namespace {

using observe::value;

/// The same address; the same port too, or both chosen by the kernel, with the same parity
/// (connect() takes even offsets of the range first, bind() the others).
bool same_kind_of_address(const value& a, const value& b) {
  if (a.is_null() || b.is_null()) return a.is_null() == b.is_null();
  const auto one = parse_endpoint(a.text);
  const auto other = parse_endpoint(b.text);
  if (!one || !other) return a.text == b.text;
  if (one->address != other->address) return false;
  if (one->port == other->port) return true;
  constexpr std::uint16_t privileged = 1024;
  return one->port >= privileged && other->port >= privileged && one->port % 2 == other->port % 2;
}

bool about_the_same_time(const value& a, const value& b, std::int64_t tolerance_ppm) {
  constexpr std::int64_t always_allowed = 50'000'000;
  if (a.kind != value::type::time || b.kind != value::type::time) return a.is_null() && b.is_null();
  const std::int64_t larger = std::max(a.number, b.number);
  return std::abs(a.number - b.number) <= larger / 1'000'000 * tolerance_ppm + always_allowed;
}

/// Three standard deviations of a Poisson count, and three for small ones.
bool about_as_many(const value& a, const value& b, std::int64_t tolerance_ppm) {
  if (a.kind != value::type::integer || b.kind != value::type::integer) return false;
  const std::int64_t larger = std::max(a.number, b.number);
  const std::int64_t beyond = std::abs(a.number - b.number) - larger * tolerance_ppm / 1'000'000 - 3;
  return beyond <= 0 || beyond * beyond <= 9 * larger;
}

bool same(const value& a, const value& b, comparison how, std::int64_t tolerance_ppm) {
  if (how == comparison::by_property) return same_kind_of_address(a, b);
  if (how == comparison::by_time) return about_the_same_time(a, b, tolerance_ppm);
  if (how == comparison::by_amount) return about_as_many(a, b, tolerance_ppm);
  return to_json(a) == to_json(b);
}

class walk {
 public:
  walk(comparison_result& out, std::int64_t tolerance_ppm, network links)
      : out_(out), tolerance_ppm_(tolerance_ppm), links_(links) {}

  /// `path` for the table, `shown` for people (list elements in brackets).
  void step(const std::string& path, const std::string& shown, const value& a, const value* b) {
    static const value nothing;
    const value& other = b != nullptr ? *b : nothing;
    if (a.kind == value::type::map && !a.members.empty()) {
      for (const auto& m : a.members)
        step(joined(path, m.key), joined(shown, m.key), m.content, other.find(m.key));
      only_there(path, shown, a, other);
      return;
    }
    if (a.kind == value::type::list && other.kind == value::type::list &&
        a.items.size() == other.items.size()) {
      for (std::size_t i = 0; i < a.items.size(); ++i)
        step(joined(path, std::to_string(i)), shown + "[" + std::to_string(i) + "]", a.items[i],
             &other.items[i]);
      return;
    }
    leaf(path, shown, a, other);
  }

 private:
  static std::string joined(const std::string& path, const std::string& key) {
    return path.empty() ? key : path + "." + key;
  }

  /// Errors that only the kernel gave (`errors` lists what occurred).
  void only_there(const std::string& path, const std::string& shown, const value& a,
                  const value& b) {
    if (!path.ends_with(".errors")) return;
    for (const auto& m : b.members)
      if (a.find(m.key) == nullptr)
        leaf(joined(path, m.key), joined(shown, m.key), value(0), m.content);
  }

  void leaf(const std::string& path, const std::string& shown, const value& a, const value& b) {
    const rule r = rule_for(path, links_);
    if (r.how == comparison::not_compared) {
      out_.not_compared.push_back({shown, std::string(r.why)});
      return;
    }
    ++out_.compared;
    // An absent count is 0: `errors` and `sockets` name what occurred.
    const bool both_none = b.is_null() && a.kind == value::type::integer && a.number == 0;
    if (both_none || same(a, b, r.how, tolerance_ppm_)) return;
    out_.differences.push_back({shown, to_json(a), to_json(b), r.how, {}});
  }

  comparison_result& out_;
  std::int64_t tolerance_ppm_;
  network links_;
};

}  // namespace

comparison_result compare(const value& simulated, const value& kernel, std::int64_t tolerance_ppm,
                          network links) {
  comparison_result out;
  walk(out, tolerance_ppm, links).step("", "", simulated, &kernel);
  return out;
}

}  // namespace fourtuple::crosscheck
