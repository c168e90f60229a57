#include "sim/report/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace fourtuple::report {

namespace {

constexpr std::size_t height = 8;
constexpr std::uint64_t least_peak = 16;  ///< below it a plot says nothing

struct column {
  std::uint64_t ports = 0;     ///< the most of its samples
  std::uint64_t failures = 0;  ///< attempts that failed within it
};

std::vector<column> columns_of(const observe::series& series, std::size_t host, std::size_t most) {
  const std::size_t n = series.samples.size();
  const std::size_t columns = std::min(n, most);
  std::vector<column> out(columns);
  std::uint64_t failed_before = 0;
  for (std::size_t i = 0; i < n; ++i) {
    column& c = out[i * columns / n];
    c.ports = std::max(c.ports, series.samples[i].hosts[host].ports);
    std::uint64_t failed = 0;
    for (const auto& app : series.samples[i].apps) failed += app.errors;
    c.failures += failed - std::min(failed, failed_before);
    failed_before = failed;
  }
  return out;
}

/// What stands in row `row` (0: the lowest) of a column `eighths` high.
std::string_view cell(std::size_t eighths, std::size_t row, bool unicode) {
  static constexpr std::array<std::string_view, 9> blocks = {" ", "▁", "▂", "▃", "▄",
                                                             "▅", "▆", "▇", "█"};
  static constexpr std::array<std::string_view, 9> ascii = {" ", ".", ".", ".", ":",
                                                            ":", ":", "#", "#"};
  const std::size_t below = row * 8;
  const std::size_t filled = eighths <= below ? 0 : std::min<std::size_t>(8, eighths - below);
  return unicode ? blocks[filled] : ascii[filled];
}

std::size_t eighths_of(std::uint64_t value, std::uint64_t top) {
  if (value == 0 || top == 0) return 0;
  const std::uint64_t full = height * 8;
  return static_cast<std::size_t>(
      std::clamp<std::uint64_t>((std::min(value, top) * full + top / 2) / top, 1, full));
}

}  // namespace

std::string ports_plot(const observe::series& series, std::size_t host, std::uint64_t capacity,
                       const style& s) {
  if (series.samples.size() < 2 || host >= series.hosts.size()) return {};
  constexpr std::size_t label = 12;
  const auto columns = columns_of(series, host, s.width > label + 10 ? s.width - label - 2 : 10);
  std::uint64_t peak = 0;
  std::uint64_t failures = 0;
  for (const auto& c : columns) {
    peak = std::max(peak, c.ports);
    failures += c.failures;
  }
  if (peak < least_peak) return {};
  const std::uint64_t top = peak * 10 >= capacity * 7 ? std::max(peak, capacity) : peak;
  const std::string heading = fmt::format("  ports in use on {}{}", series.hosts[host],
                                          top == capacity ? " (top: all of them)" : "");
  std::string out = painted(clipped(heading, s.width), paint::dim, s) + '\n';
  const std::string_view axis = s.unicode ? "│" : "|";
  for (std::size_t row = height; row-- > 0;) {
    const bool is_top = row == height - 1;
    out += fmt::format("{:>{}} {}", is_top ? grouped(top) : row == 0 ? "0" : "", label - 2, axis);
    std::string bars;
    for (const auto& c : columns) bars += cell(eighths_of(c.ports, top), row, s.unicode);
    bars.erase(bars.find_last_not_of(' ') + 1);
    out += bars + '\n';
  }
  if (failures > 0) {
    std::string marks;
    for (const auto& c : columns) marks += c.failures > 0 ? (s.unicode ? "×" : "x") : " ";
    marks.erase(marks.find_last_not_of(' ') + 1);
    out += fmt::format("{:>{}} {}", "failures", label - 2, axis) + painted(marks, paint::red, s) +
           '\n';
  }
  const std::string end = time_text(ns(series.samples.back().at));
  const std::size_t gap = columns.size() > end.size() + 3 ? columns.size() - end.size() - 3 : 1;
  return out + std::string(label, ' ') + "0 s" + std::string(gap, ' ') + end + '\n';
}

}  // namespace fourtuple::report
