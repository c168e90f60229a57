#include "sim/apps/script_expect.h"

namespace fourtuple::apps {
namespace {

bool is_skipped(const spec::value& v) {
  return v.kind == spec::value::type::text && v.text == "skipped";
}

bool expects_skipped(const spec::step_expectation& e) {
  return e.result && e.result->op == spec::compare_op::eq && !e.result->values.empty() &&
         is_skipped(e.result->values.front());
}

/// A text as it was expected; empty where it fits.
std::string differs(const char* what, const std::optional<std::string>& wanted,
                    const std::optional<std::string>& got) {
  const std::string head = std::string(what) + ": ";
  if (!wanted) return head + "a ${NAME} in what was expected has no value";
  if (!got) return head + "'" + *wanted + "' was expected, there was none";
  if (*got != *wanted) return head + "'" + *wanted + "' was expected, got '" + *got + "'";
  return {};
}

std::string words(std::uint8_t bits) {
  std::string all;
  for (const auto each : spec::poll_names(bits)) {
    if (!all.empty()) all += ' ';
    all += each;
  }
  return all.empty() ? "none" : all;
}

}  // namespace

verdict judge(const spec::step_expectation& e, const observe::script_row& row,
              const script_names& values) {
  verdict v;
  const auto fail = [&v](std::string why) {
    if (why.empty()) return;
    v.pass = false;
    v.why += (v.why.empty() ? "" : "; ") + std::move(why);
  };
  if (is_skipped(row.result) && !expects_skipped(e)) {
    fail(row.why.empty() ? "the step was skipped" : row.why);
    return v;
  }
  if (e.result) fail(spec::why_not(*e.result, row.result));
  if (e.data) fail(differs("data", values.expand(*e.data), row.data));
  if (e.address) fail(differs("address", values.expand(*e.address), row.address));
  if (e.events && row.events != e.events)
    fail("events: " + words(*e.events) + " was expected, got " + words(row.events.value_or(0)));
  if (e.error) {
    const auto error =
        row.error ? spec::value::of(std::string_view(*row.error)) : spec::value::null();
    const std::string why = spec::why_not(*e.error, error);
    if (!why.empty()) fail("error: " + why);
  }
  return v;
}

}  // namespace fourtuple::apps
