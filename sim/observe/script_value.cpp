#include "sim/observe/script_value.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/spec/script.h"

namespace fourtuple::observe {

namespace {

value events_of(const script_row& row) {
  if (!row.events) return {};
  value out = value::list();
  for (const auto name : spec::poll_names(*row.events)) out.push(name);
  return out;
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

value row_value(const script_row& row) {
  value out = value::map();
  out.set("step", row.step);
  out.set("host", row.host.empty() ? value() : value(row.host));
  out.set("call", row.call);
  out.set("result", from_spec(row.result));
  const bool readable = !row.data || is_utf8(*row.data);
  out.set("data", readable ? value(row.data) : value());
  if (!readable) out.set("data_hex", hex(*row.data));
  out.set("address", row.address);
  out.set("events", events_of(row));
  out.set("error", row.error);
  if (row.value) {
    value& linger = out.set("value", value::map());
    linger.set("onoff", row.value->onoff);
    linger.set("linger", row.value->seconds);
  }
  if (row.call == "repeat") {
    out.set("failed_call", row.failed_call);
    out.set("failed_step", row.failed_step);
  }
  out.set("at", row.at);
  out.set("took", row.took);
  out.set("expect", row.expect);
  out.set("pass", row.pass);
  return out;
}

}  // namespace

value from_spec(const spec::value& v) {
  switch (v.kind) {
    case spec::value::type::boolean:
      return v.boolean;
    case spec::value::type::number: {
      constexpr std::int64_t billion = 1'000'000'000;
      if (v.scaled % billion == 0) return static_cast<std::int64_t>(v.scaled / billion);
      return value::decimal(static_cast<std::int64_t>(v.scaled));
    }
    case spec::value::type::time:
      return duration{static_cast<std::int64_t>(v.scaled)};
    case spec::value::type::text:
      return v.text;
    case spec::value::type::none:
      break;
  }
  return {};
}

value script_value(const script_metrics& script) {
  std::vector<const script_row*> rows;
  for (const auto& row : script.rows) rows.push_back(&row);
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto* a, const auto* b) { return a->step < b->step; });
  value out = value::list();
  for (const auto* row : rows) out.push(row_value(*row));
  return out;
}

}  // namespace fourtuple::observe
