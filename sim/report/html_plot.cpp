#include "sim/report/html_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/report/html_text.h"

namespace fourtuple::report::html {

namespace {

/// The coordinates of every plot: x to the right, y down, 1000 each.
constexpr double side = 1000;

double seconds(instant t) { return static_cast<double>(ns(t)) / 1e9; }

struct axes {
  double end = 0;  ///< seconds
  double top = 0;
  [[nodiscard]] double x(instant t) const { return end > 0 ? seconds(t) / end * side : 0; }
  [[nodiscard]] double y(double value) const { return side - (top > 0 ? value / top * side : 0); }
};

/// A limit far above all values would press them to the floor.
bool limit_is_near(const plot& p, double highest) { return p.limit && highest * 4 >= *p.limit; }

double highest_of(const plot& p) {
  double highest = 0;
  for (const auto& c : p.curves)
    for (const double v : c.values) highest = std::max(highest, v);
  return highest;
}

axes axes_of(const plot& p) {
  const double highest = highest_of(p);
  const double wanted = std::max({1.0, highest, limit_is_near(p, highest) ? *p.limit : 0.0});
  const double step = step_of(wanted, 4);
  axes a{seconds(p.at.back()), p.small ? wanted : std::ceil(wanted / step) * step};
  // Room above the line, which would else be the frame.
  if (!p.small && wanted > a.top * 0.97) a.top += step / 2;
  return a;
}

/// Between the labels of virtual time, seconds: as clocks divide it, from seconds to hours.
double time_step(double end, int most) {
  if (end > most) {
    for (const double step : {1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600})
      if (end <= step * most * 1.0001) return step;
  }
  return step_of(end, most);
}

std::string number_text(double v) {
  if (v >= 10 || v == std::floor(v)) return grouped(static_cast<std::uint64_t>(v + 0.5));
  return fmt::format("{:.2g}", v);
}

std::string points_of(const plot& p, const curve& c, const axes& a) {
  std::string out;
  for (std::size_t i = 0; i < p.at.size(); ++i)
    out += fmt::format("{}{:.1f},{:.1f}", i == 0 ? "" : " ", a.x(p.at[i]), a.y(c.values[i]));
  return out;
}

std::string drawing_of(const plot& p, const axes& a) {
  std::string out;
  const double step = step_of(a.top, 5);
  for (double v = step; !p.small && v <= a.top; v += step)
    out += fmt::format("<path class=\"grid\" d=\"M0 {0:.1f}H{1:.0f}\"/>", a.y(v), side);
  for (const auto& c : p.curves) {
    const std::string points = points_of(p, c, a);
    if (c.filled) {
      out += fmt::format("<polygon class=\"area {}\" points=\"{:.1f},{:.0f} {} {:.1f},{:.0f}\"/>",
                         c.look, a.x(p.at.front()), side, points, a.x(p.at.back()), side);
    }
    out += fmt::format("<polyline class=\"line {}\" points=\"{}\"/>", c.look, points);
  }
  if (limit_is_near(p, highest_of(p)))
    out += fmt::format("<path class=\"limit\" d=\"M0 {0:.1f}H{1:.0f}\"/>", a.y(*p.limit), side);
  if (p.mark)
    out += fmt::format("<path class=\"mark\" d=\"M{0:.1f} 0V{1:.0f}\"/>", a.x(*p.mark), side);
  return out;
}

std::string svg_of(const plot& p, const axes& a) {
  return fmt::format(
      "<svg viewBox=\"0 0 {0:.0f} {0:.0f}\" preserveAspectRatio=\"none\" role=\"img\" "
      "aria-labelledby=\"{1}-title {1}-desc\"><title id=\"{1}-title\">{2}</title>"
      "<desc id=\"{1}-desc\">{3}</desc>{4}</svg>\n",
      side, p.id, escaped(p.title), escaped(p.description), drawing_of(p, a));
}

/// Labels beside the drawing; what they say stands in its description and table too.
std::string labels_of(const plot& p, const axes& a) {
  std::string y;
  if (p.small) {
    y = fmt::format("<span style=\"bottom:100%\">{}</span>", number_text(a.top));
  } else {
    const double step = step_of(a.top, 5);
    for (double v = 0; v <= a.top * 1.0001; v += step)
      y += fmt::format("<span style=\"bottom:{:.1f}%\">{}</span>", v / a.top * 100, number_text(v));
  }
  std::string x;
  const double step = time_step(a.end, p.small ? 2 : 4);
  for (double t = 0; t <= a.end * 1.0001; t += step)
    x += fmt::format("<span{} style=\"left:{:.1f}%\">{}</span>",
                     t > a.end * 0.95 ? " class=\"last\"" : "", t / a.end * 100,
                     time_text(static_cast<std::int64_t>(std::llround(t * 1e9))));
  return around("div class=\"y\" aria-hidden=\"true\"", y) +
         around("div class=\"x\" aria-hidden=\"true\"", x);
}

std::string legend_of(const plot& p) {
  std::string out;
  const auto key = [&](std::string_view look, std::string_view text) {
    out += fmt::format("<li><span class=\"key {}\"></span>{}</li>\n", look, escaped(text));
  };
  for (const auto& c : p.curves) key(c.look, c.name);
  if (p.limit) {
    key("limit",
        limit_is_near(p, highest_of(p)) ? p.limit_text : p.limit_text + ", far above this plot");
  }
  if (p.mark) key("mark", p.mark_text);
  return around("ul class=\"legend\"", "\n" + out);
}

}  // namespace

double step_of(double top, int most) {
  if (top <= 0) return 1;
  double power = std::pow(10, std::floor(std::log10(top / most)));
  while (true) {
    for (const double times : {1.0, 2.0, 2.5, 5.0})
      if (top / (times * power) <= most * 1.0001) return times * power;
    power *= 10;
  }
}

std::string figure(const plot& p) {
  const axes a = axes_of(p);
  std::string out =
      around("figcaption", (p.small ? element("h4", p.title) : element("h3", p.title)) +
                               (p.small ? "" : element("p", p.description)));
  if (!p.small) out += legend_of(p);
  out += around("div class=\"plot\"", "\n" + labels_of(p, a) + svg_of(p, a));
  if (!p.small) {
    out += around("details", "\n" + element("summary", "The numbers") +
                                 table_of(p.numbers, "", "The numbers: " + p.title));
  }
  return around(p.small ? "figure class=\"small\"" : "figure", "\n" + out);
}

}  // namespace fourtuple::report::html
