// Small things that make up a text report: grouped numbers, times, a table, wrapped lines, colour.
// Widths are counted in code points: nothing here prints wide or combining characters.
#pragma once

#include <fourtuple/time.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fourtuple::report {

/// What the place a report goes to can show.
struct style {
  bool colour = false;
  bool unicode = true;
  std::size_t width = 100;  ///< columns, 40 .. 100
};

enum class paint : std::uint8_t { plain, bold, dim, red, green, yellow };
[[nodiscard]] std::string painted(std::string_view text, paint how, const style& s);

/// 28232 -> "28,232".
[[nodiscard]] std::string grouped(std::uint64_t n);
/// 28.232 s; 50 ms; 100 us; exact up to ms, rounded beyond.
[[nodiscard]] std::string time_text(std::int64_t nanoseconds);
/// part / whole in percent with one place where it is below 99.95: "33.4 %", "100 %".
[[nodiscard]] std::string percent(double share);
/// A rate per second, grouped, with one place below 10,000: "470.5/s".
[[nodiscard]] std::string rate_text(double per_second);
/// The same, never more than it is, for what is promised: "454/s" of 454.98, "3.2/s" of 3.29.
[[nodiscard]] std::string least_rate_text(double per_second);
/// 1,234 B, 12.3 kB, 55.0 MB.
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);

/// Columns on a terminal.
[[nodiscard]] std::size_t width_of(std::string_view text);
/// At most `width` columns, the end replaced by "...".
[[nodiscard]] std::string clipped(std::string_view text, std::size_t width);
/// Broken at spaces; the first line begins with `first`, the others with as many spaces.
[[nodiscard]] std::string wrapped(std::string_view first, std::string_view text, const style& s);
/// Control characters (a title may have any) become spaces.
[[nodiscard]] std::string one_line(std::string_view text);

/// Rows of cells, columns as wide as they must be; what does not fit of the last one goes on below.
class table {
 public:
  /// One letter a column: 'l' or 'r'.
  explicit table(std::string align) : align_(std::move(align)) {}
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  [[nodiscard]] bool empty() const { return rows_.size() < 2; }  ///< the first is the heading
  [[nodiscard]] std::string text(const style& s) const;
  [[nodiscard]] const std::vector<std::vector<std::string>>& rows() const { return rows_; }
  [[nodiscard]] bool to_the_right(std::size_t column) const { return align_[column] == 'r'; }

 private:
  [[nodiscard]] std::vector<std::size_t> widths_for(std::size_t width) const;

  std::string align_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace fourtuple::report
