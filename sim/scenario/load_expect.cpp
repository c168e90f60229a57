// expect:, expect_at: and the expect: of steps.
#include "sim/profile/nearest.h"
#include "sim/scenario/parts.h"
#include "sim/scenario/script_parts.h"

#include <fourtuple/errc.h>

#include <algorithm>

namespace fourtuple::scenario {
namespace {

bool one_of(std::span<const std::string_view> words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// The text of a condition, with the quotes it lacks as an error.
bool condition_text(context& c, const node& n, std::string_view what) {
  if (n.block) {
    c.error(n.where, "a condition that begins with > or ! needs quotes");
    return false;
  }
  return expect_scalar(c, n, what);
}

/// What `first_failure.error` is compared with: an errno, or how else a call fails.
void check_error_words(context& c, const node& n, const spec::condition& cond) {
  std::vector<std::string_view> known{"timeout", "eof", "none"};
  for (std::size_t i = 1; i < errc_count; ++i) known.push_back(name(static_cast<errc>(i)));
  for (const auto& v : cond.values) {
    if (v.kind != spec::value::type::text || one_of(known, v.text)) continue;
    c.error(n.where, "unknown errno " + quoted(v.text) + profile::did_you_mean(v.text, known));
  }
}

void add_expectation(context& c, const entry& e, const node& n, const spec::metric_lookup& metric,
                     std::optional<duration> at) {
  // an empty value is none: `first_failure.at:` is more likely forgotten than meant
  if (!condition_text(c, n, "the condition on " + e.key)) return;
  auto parsed = spec::parse_condition(n.text, metric.kind);
  if (!parsed.error.empty()) {
    c.error(n.where, e.key + ": " + parsed.error);
    return;
  }
  if (metric.path.back().key == "error") check_error_words(c, n, parsed.cond);
  c.out.expect.push_back({e.key, metric.path, metric.kind, std::move(parsed.cond), at, e.where});
}

// ---- steps

constexpr std::string_view result_words[] = {"ok", "eof", "timeout", "skipped"};

/// Whether a bare text tests `result` (FORMAT section 3); anything else is data.
bool tests_result(std::string_view t, const spec::step& s) {
  if (one_of(result_words, t) || errc_from_name(t) || one_of(spec::socket_states(), t)) return true;
  if (spec::read_decimal(t) || t == "none") return true;
  if (t == "started" && !s.background.empty()) return true;
  if (t.starts_with("in ") && t.ends_with(']') && spec::trimmed(t.substr(3)).starts_with('['))
    return true;
  for (const std::string_view sign : {"==", "!=", "<=", ">=", "<", ">"})
    if (t.starts_with(sign) && spec::trimmed(t.substr(sign.size())).size() > 0) return true;
  const auto dots = t.find("..");
  return dots != std::string_view::npos && spec::read_decimal(t.substr(0, dots)) &&
         spec::read_decimal(t.substr(dots + 2));
}

std::optional<spec::condition> result_condition(context& c, const node& n, std::string_view key) {
  if (!condition_text(c, n, key)) return std::nullopt;
  auto parsed = spec::parse_condition(n.text, spec::value_kind::text);
  if (parsed.error.empty()) return std::move(parsed.cond);
  c.error(n.where, std::string(key) + ": " + parsed.error);
  return std::nullopt;
}

/// "result" and "error" of the full form: an unquoted word that is nearly a result is a mistake.
void check_result_word(context& c, const node& n, std::string_view t) {
  if (!n.plain || t.size() < 4 || t.front() != 'E') return;
  for (const char ch : t)
    if (!((ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9'))) return;
  if (errc_from_name(t) || one_of(spec::socket_states(), t)) return;
  std::vector<std::string_view> names;
  for (std::size_t i = 1; i < errc_count; ++i) names.push_back(name(static_cast<errc>(i)));
  const auto hint = profile::did_you_mean(t, names);
  if (!hint.empty()) c.error(n.where, "unknown errno " + quoted(t) + hint);
}

/// A text that is no result is what the call reads; of most calls it can be nothing.
void check_reads_data(context& c, const node& n, const spec::step& s) {
  using spec::call;
  if (s.call == call::recv || s.call == call::recvfrom || s.call == call::join) return;
  std::string what = quoted(n.text) + " is no result of " + std::string(name(s.call));
  if (s.call == call::getsockname || s.call == call::getpeername || s.call == call::accept) {
    what += "; of an address write { address: \"10.0.0.1:80\" }";
  } else {
    std::vector<std::string_view> known(std::begin(result_words), std::end(result_words));
    for (const auto state : spec::socket_states()) known.push_back(state);
    for (std::size_t i = 1; i < errc_count; ++i) known.push_back(name(static_cast<errc>(i)));
    const auto hint = profile::did_you_mean(n.text, known);
    what += hint.empty() ? " (ok, an errno, a state, a number), and it reads no data" : hint;
  }
  c.error(n.where, std::move(what));
}

/// As written, for the report: lists and mappings in one line.
std::string written(const node& n) {
  if (n.kind == node::type::scalar || n.kind == node::type::null) return n.text;
  std::string out;
  for (const auto& i : n.items) out += (out.empty() ? "" : ", ") + written(i);
  for (const auto& e : n.entries)
    out += (out.empty() ? "" : ", ") + e.key + ": " + written(e.value);
  return n.kind == node::type::list ? "[" + out + "]" : "{ " + out + " }";
}

}  // namespace

void load_expect(context& c, const node& expect, std::optional<duration> at) {
  if (expect.kind == node::type::null) return;
  if (expect.kind != node::type::map) {
    c.error(expect.where, "expect must be a mapping from metrics to conditions");
    return;
  }
  for (const auto& e : expect.entries) {
    if (e.key.starts_with("x-")) continue;
    const auto metric = spec::find_metric(c.out, e.key);
    if (!metric.error.empty()) {
      c.error(e.where, metric.error);
      continue;
    }
    if (e.value.kind == node::type::list && e.value.items.empty())
      c.error(e.value.where, e.key + ": an empty list of conditions");
    for (const node* one : one_or_list(e.value)) add_expectation(c, e, *one, metric, at);
  }
}

void load_expect_at(context& c, const node& expect_at) {
  if (expect_at.kind == node::type::null) return;
  if (expect_at.kind != node::type::map) {
    c.error(expect_at.where, "expect_at must be a mapping from times to { metric: condition }");
    return;
  }
  for (const auto& e : expect_at.entries) {
    if (e.key.starts_with("x-")) continue;
    const auto at = spec::parse_time(e.key);
    if (!at.value) {
      c.error(e.where, "expect_at: " + at.error);
    } else if (c.out.duration && *at.value > *c.out.duration) {
      c.error(e.where, "expect_at: " + quoted(e.key) + " is after the end of the run");
    } else if (*at.value < c.out.warmup) {
      c.error(e.where, "expect_at: " + quoted(e.key) + " is before the end of the warm-up");
    } else {
      load_expect(c, e.value, at.value);
    }
  }
}

spec::step_expectation read_step_expect(context& c, const node& n, const spec::step& s) {
  spec::step_expectation out;
  out.where = n.where;
  out.text = written(n);
  if (n.kind != node::type::map) {
    if (!condition_text(c, n, "expect")) return out;
    if (tests_result(n.text, s)) {
      out.result = result_condition(c, n, "expect");
    } else {
      const std::size_t before = c.errors.size();
      check_result_word(c, n, n.text);
      if (c.errors.size() == before) check_reads_data(c, n, s);
      out.data = n.text;
    }
    return out;
  }
  mapping m(c, n, step_expect_table, "expect");
  if (const node* r = m.find("result")) out.result = result_condition(c, *r, "result");
  if (const node* e = m.find("error")) {
    out.error = e->kind == node::type::null
                    ? spec::parse_condition("none", spec::value_kind::text).cond
                    : result_condition(c, *e, "error");
  }
  if (m.has("data")) out.data = m.text("data");
  if (m.has("address")) out.address = m.text("address");
  if (const node* e = m.find("events")) out.events = read_poll_bits(c, *e);
  if (n.entries.empty()) c.error(n.where, "expect says nothing");
  return out;
}

std::uint8_t read_poll_bits(context& c, const node& n) {
  constexpr std::string_view names[] = {"in", "pri", "out", "rdhup", "err", "hup"};
  std::uint8_t bits = 0;
  for (const node* one : one_or_list(n)) {
    if (one->kind == node::type::null) continue;
    if (!expect_scalar(c, *one, "events")) continue;
    std::string_view rest = spec::trimmed(one->text);
    while (!rest.empty()) {
      const auto end = rest.find_first_of(" ,");
      const auto word = rest.substr(0, end);
      const auto at = std::find(std::begin(names), std::end(names), word);
      if (at == std::end(names)) {
        c.error(one->where, "events: unknown " + quoted(word) + " (in, pri, out, rdhup, err, hup)");
      } else {
        bits = static_cast<std::uint8_t>(bits | 1u << (at - std::begin(names)));
      }
      rest =
          end == std::string_view::npos ? std::string_view{} : spec::trimmed(rest.substr(end + 1));
    }
  }
  return bits;
}

void check_state(context& c, std::string_view state, spec::position where) {
  if (one_of(spec::socket_states(), state)) return;
  auto hint = profile::did_you_mean(state, spec::socket_states());
  if (state == "ESTAB") hint = " (did you mean 'ESTABLISHED'?)";
  if (state == "SYN-RECV") hint = " (did you mean 'SYN-RECEIVED'?)";
  c.error(where, "unknown state " + quoted(state) + hint);
}

}  // namespace fourtuple::scenario
