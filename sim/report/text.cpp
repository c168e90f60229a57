#include "sim/report/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace fourtuple::report {

std::string painted(std::string_view text, paint how, const style& s) {
  if (!s.colour || how == paint::plain) return std::string(text);
  const char* code = "0";
  switch (how) {
    case paint::bold:
      code = "1";
      break;
    case paint::dim:
      code = "2";
      break;
    case paint::red:
      code = "31";
      break;
    case paint::green:
      code = "32";
      break;
    case paint::yellow:
      code = "33";
      break;
    case paint::plain:
      break;
  }
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

std::string grouped(std::uint64_t n) {
  std::string digits = fmt::to_string(n);
  for (std::size_t place = digits.size(); place > 3; place -= 3) digits.insert(place - 3, ",");
  return digits;
}

std::string time_text(std::int64_t nanoseconds) {
  if (nanoseconds == 0) return "0 s";
  if (nanoseconds < 0) return "-" + time_text(-nanoseconds);
  std::int64_t unit = 1;
  const char* name = "ns";
  if (nanoseconds >= 1'000'000'000) {
    unit = 1'000'000'000;
    name = "s";
  } else if (nanoseconds >= 1'000'000) {
    unit = 1'000'000;
    name = "ms";
  } else if (nanoseconds >= 1'000) {
    unit = 1'000;
    name = "us";
  }
  if (unit == 1) return fmt::format("{} ns", nanoseconds);
  const std::int64_t thousandths = (nanoseconds + unit / 2000) / (unit / 1000);
  std::string text = fmt::format(
      "{}.{:03}", grouped(static_cast<std::uint64_t>(thousandths) / 1000), thousandths % 1000);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text + ' ' + name;
}

std::string percent(double share) {
  const double p = share * 100;
  if (p > 0 && p < 0.05) return "less than 0.1 %";
  return fmt::format("{:.{}f} %", p, p >= 99.95 || p == 0 ? 0 : 1);
}

std::string rate_text(double per_second) {
  if (per_second >= 10'000) return grouped(static_cast<std::uint64_t>(per_second + 0.5)) + "/s";
  const auto tenths = static_cast<std::uint64_t>(per_second * 10 + 0.5);
  if (per_second < 1) return fmt::format("{:.3g}/s", per_second);
  if (tenths % 10 == 0) return grouped(tenths / 10) + "/s";
  return fmt::format("{}.{}/s", grouped(tenths / 10), tenths % 10);
}

std::string least_rate_text(double per_second) {
  if (per_second < 1) return rate_text(per_second);
  const double steps = per_second < 100 ? 10 : 1;  // in one per second
  return rate_text(std::floor(per_second * steps) / steps);
}

std::string bytes_text(std::uint64_t bytes) {
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double n = static_cast<double>(bytes);
  const char* unit = "B";
  for (const char* next : {"kB", "MB", "GB", "TB"}) {
    if (n < 999.95) break;
    n /= 1000;
    unit = next;
  }
  return fmt::format("{:.1f} {}", n, unit);
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::string clipped(std::string_view text, std::size_t width) {
  if (width_of(text) <= width) return std::string(text);
  const std::size_t keep = width > 3 ? width - 3 : width;
  std::size_t columns = 0;
  std::size_t end = 0;
  while (end < text.size()) {
    const bool starts = (static_cast<unsigned char>(text[end]) & 0xc0) != 0x80;
    if (starts && columns == keep) break;
    if (starts) ++columns;
    ++end;
  }
  return std::string(text.substr(0, end)) + (width > 3 ? "..." : "");
}

std::string wrapped(std::string_view first, std::string_view text, const style& s) {
  const std::size_t indent = width_of(first);
  std::string out(first);
  std::size_t column = indent;
  bool fresh = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    const std::size_t length = width_of(word);
    if (!fresh && column + 1 + length > s.width) {
      out += '\n';
      out.append(indent, ' ');
      column = indent;
      fresh = true;
    }
    if (!fresh) out += ' ';
    out += fresh ? clipped(word, s.width - std::min(indent, s.width - 10)) : std::string(word);
    column += length + (fresh ? 0 : 1);
    fresh = false;
  }
  return out + '\n';
}

std::string one_line(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return out;
}

namespace {

/// "ECONNREFUSED 3, timeout 1" at its commas, anything else at its blanks.
std::vector<std::string> pieces_of(std::string_view text) {
  const std::string_view gap = text.find(", ") != text.npos ? ", " : " ";
  std::vector<std::string> out;
  for (;;) {
    const std::size_t end = text.find(gap);
    if (end == text.npos) break;
    out.emplace_back(text.substr(0, end + gap.size() - 1));
    text.remove_prefix(end + gap.size());
  }
  out.emplace_back(text);
  return out;
}

/// As many lines as it takes; only what has no place to break at is clipped.
std::vector<std::string> lines_of(std::string_view text, std::size_t width) {
  std::vector<std::string> out(1);
  for (const std::string& piece : pieces_of(text)) {
    std::string& last = out.back();
    const bool fits = last.empty() || width_of(last) + 1 + width_of(piece) <= width;
    if (!fits) {
      out.push_back(clipped(piece, width));
    } else {
      last += (last.empty() ? "" : " ") + clipped(piece, width);
    }
  }
  return out;
}

}  // namespace

/// A column is as wide as its widest cell, but a very long name must not push the numbers off the
/// line.
std::vector<std::size_t> table::widths_for(std::size_t width) const {
  std::vector<std::size_t> widths(align_.size(), 0);
  for (const auto& cells : rows_) {
    for (std::size_t c = 0; c < cells.size(); ++c)
      widths[c] = std::max(widths[c], width_of(cells[c]));
  }
  std::size_t before_last = 2;
  for (std::size_t c = 0; c + 1 < widths.size(); ++c) {
    if (align_[c] == 'l') widths[c] = std::min<std::size_t>(widths[c], 40);
    before_last += widths[c] + 2;
  }
  constexpr std::size_t least = 12;
  while (before_last > width) {
    std::size_t longest = widths.size();
    for (std::size_t c = 0; c + 1 < widths.size(); ++c) {
      const bool shrinks = align_[c] == 'l' && widths[c] > least;
      if (shrinks && (longest == widths.size() || widths[c] > widths[longest])) longest = c;
    }
    if (longest == widths.size()) break;
    --widths[longest];
    --before_last;
  }
  return widths;
}

std::string table::text(const style& s) const {
  constexpr std::size_t indent = 6;
  constexpr std::size_t narrow = 30;  ///< what does not fit into so little stands below
  const auto widths = widths_for(s.width);
  std::string out;
  const auto add = [&](std::string line, std::size_t row) {
    while (!line.empty() && line.back() == ' ') line.pop_back();
    out += painted(clipped(line, s.width), row == 0 ? paint::dim : paint::plain, s) + '\n';
  };
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    const auto& cells = rows_[r];
    std::string line = "  ";
    for (std::size_t c = 0; c + 1 < cells.size(); ++c) {
      const std::string cell = clipped(cells[c], widths[c]);
      const std::string pad(widths[c] - width_of(cell), ' ');
      line += align_[c] == 'r' ? pad + cell : cell + pad;
      line += "  ";
    }
    const std::string& last = cells.back();
    const std::size_t left = s.width - std::min(s.width, width_of(line));
    const std::size_t wanted = align_.back() == 'r' ? widths.back() : width_of(last);
    if (wanted <= left) {
      add(line + std::string(wanted - width_of(last), ' ') + last, r);
      continue;
    }
    const bool below = left < narrow;
    if (below) add(line, r);
    const std::string first = below ? std::string(indent, ' ') : line;
    const std::string next = below ? first : std::string(width_of(line), ' ');
    const auto lines = lines_of(last, below ? s.width - indent : left);
    for (std::size_t i = 0; i < lines.size(); ++i) add((i == 0 ? first : next) + lines[i], r);
  }
  return out;
}

}  // namespace fourtuple::report
