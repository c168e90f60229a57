#include "sim/observe/expectations.h"

#include <fmt/format.h>

namespace fourtuple::observe {

namespace {

expectation_row row_of(const spec::expectation& e) {
  expectation_row row;
  row.metric = e.metric;
  row.condition = e.cond.text;
  row.line = e.where.line;
  row.at = e.at;
  return row;
}

}  // namespace

expectation_row evaluate(const spec::expectation& e, tree_view& tree) {
  expectation_row row = row_of(e);
  row.found = tree.at(e.path);
  const spec::value found = to_spec(row.found);
  row.pass = spec::holds(e.cond, found);
  if (!row.pass) row.why = spec::why_not(e.cond, found);
  return row;
}

expectation_row not_reached(const spec::expectation& e, instant ended_at) {
  expectation_row row = row_of(e);
  row.why = fmt::format("the run ended before, at {} s", exact_decimal(ns(ended_at)));
  return row;
}

value expect_value(const std::vector<expectation_row>& rows) {
  value out = value::list();
  for (const auto& row : rows) {
    value one = value::map();
    one.set("metric", row.metric);
    one.set("condition", row.condition);
    one.set("value", row.found);
    one.set("pass", row.pass);
    one.set("line", row.line);
    if (row.at) one.set("at", *row.at);
    out.push(std::move(one));
  }
  return out;
}

}  // namespace fourtuple::observe
