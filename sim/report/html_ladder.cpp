#include <fmt/format.h>

#include <algorithm>

#include "sim/report/html_parts.h"
#include "sim/report/html_text.h"
#include "sim/report/packet_text.h"

namespace fourtuple::report::html {

namespace {

constexpr std::size_t most_lines = 60;

/// Who does it, for those who do not see on which side it stands.
std::string who(const ladder& l, const ladder_line& line) {
  return element("span class=\"aside\"", line.from_left ? l.left : l.right);
}

std::string line_of(const ladder& l, const ladder_line& line, bool with_arrival) {
  const char* look = line.packet ? (line.from_left ? "packet right" : "packet left")
                                 : (line.from_left ? "call" : "call other");
  const bool lost = line.how == journey::end::lost;
  std::string out = fmt::format(
      "<tr class=\"{}{}\"><th scope=\"row\">{}</th><td><div>{}<code>{}</code>{}</div></td>", look,
      lost ? " lost" : "", clock_text(line.at), who(l, line), escaped(line.text),
      lost ? fmt::format("<em>{}</em>", escaped(line.lost_where.empty() ? "lost" : line.lost_where))
           : "");
  if (with_arrival) {
    out += fmt::format("<td class=\"number\">{}</td>",
                       line.arrived_at ? clock_text(*line.arrived_at) : std::string());
  }
  return out + "</tr>\n";
}

std::string rows_of(const ladder& l) {
  const bool with_arrival = std::any_of(l.lines.begin(), l.lines.end(), [](const auto& line) {
    return line.arrived_at && *line.arrived_at != line.at;
  });
  std::string out = fmt::format(
      "<thead><tr><th scope=\"col\">time (s)</th><th scope=\"col\"><span class=\"ends\"><span>{}"
      "</span><span>{}</span></span></th>{}</tr></thead>\n<tbody>\n",
      escaped(l.left), escaped(l.right), with_arrival ? "<th scope=\"col\">there at</th>" : "");
  for (std::size_t i = 0; i < std::min(l.lines.size(), most_lines); ++i)
    out += line_of(l, l.lines[i], with_arrival);
  return out + "</tbody>\n";
}

}  // namespace

std::string ladder_figure(const chosen_ladder& l) {
  std::string caption = element("h3", l.title);
  if (!l.remark.empty()) caption += element("p", l.remark);
  std::string out = around("figcaption", caption);
  if (l.diagram) {
    out += around("table class=\"ladder\"", "\n" + rows_of(*l.diagram));
    if (l.diagram->lines.size() > most_lines) {
      out += element("p", fmt::format("Cut after {} lines; {} more packets and calls follow.",
                                      most_lines, grouped(l.diagram->lines.size() - most_lines)));
    }
  }
  return around("figure", "\n" + out);
}

}  // namespace fourtuple::report::html
