#include "sim/report/series_csv.h"

#include <fmt/format.h>

#include <iterator>
#include <string>

#include "sim/observe/value.h"

namespace fourtuple::report {

void series_csv(const observe::metric_series& s, const std::function<void(std::string_view)>& to) {
  if (s.rows.empty()) return;
  constexpr std::size_t piece = 1 << 16;
  const auto columns = s.in_order();
  std::string text = "time";
  for (const auto c : columns) text += "," + s.paths[c];  // names have neither commas nor quotes
  text += '\n';
  for (const auto& row : s.rows) {
    text += observe::exact_decimal(ns(row.at));
    for (const auto c : columns) fmt::format_to(std::back_inserter(text), ",{}", s.number(row, c));
    text += '\n';
    if (text.size() < piece) continue;
    to(text);
    text.clear();
  }
  to(text);
}

}  // namespace fourtuple::report
