#include "sim/report/html_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/observe/value.h"

namespace fourtuple::report::html {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : one_line(observe::as_utf8(text))) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string element(std::string_view tag, std::string_view text) {
  return around(tag, escaped(text));
}

std::string around(std::string_view tag, std::string_view markup) {
  return fmt::format("<{}>{}</{}>\n", tag, markup, tag.substr(0, tag.find(' ')));
}

namespace {

/// Of a column that only keeps others apart there is nothing to show.
bool is_gap(const table& t, std::size_t column) {
  return std::all_of(t.rows().begin(), t.rows().end(),
                     [&](const auto& cells) { return cells[column].empty(); });
}

std::string row_of(const table& t, std::size_t number) {
  const auto& cells = t.rows()[number];
  std::string out = "<tr>";
  for (std::size_t c = 0; c < cells.size(); ++c) {
    if (is_gap(t, c)) continue;
    const char* right = t.to_the_right(c) ? " class=\"number\"" : "";
    if (number == 0) {
      out += fmt::format("<th scope=\"col\"{}>{}</th>", right, escaped(cells[c]));
    } else if (c == 0) {
      out += fmt::format("<th scope=\"row\"{}>{}</th>", right, escaped(cells[c]));
    } else {
      out += fmt::format("<td{}>{}</td>", right, escaped(cells[c]));
    }
  }
  return out + "</tr>\n";
}

}  // namespace

std::string table_of(const table& rows, std::string_view caption, std::string_view label) {
  std::string out = "<table>\n";
  if (!caption.empty()) out += element("caption", caption);
  for (std::size_t r = 0; r < rows.rows().size(); ++r) {
    if (r == 0) out += "<thead>";
    if (r == 1) out += "<tbody>";
    out += row_of(rows, r);
    if (r == 0) out += "</thead>\n";
  }
  if (rows.rows().size() > 1) out += "</tbody>\n";
  out += "</table>\n";
  return around(fmt::format("div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"",
                            escaped(label)),
                out);
}

}  // namespace fourtuple::report::html
