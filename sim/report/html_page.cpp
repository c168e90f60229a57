#include <fmt/format.h>

#include "sim/report/headline.h"
#include "sim/report/html.h"
#include "sim/report/html_parts.h"
#include "sim/report/html_text.h"
#include "sim/report/sections.h"

namespace fourtuple::report {

namespace {

using html::around;
using html::element;
using observe::outcome;
using observe::verdict;

/// A part of the page under a heading, which the list at its top leads to.
struct part {
  std::string id;
  std::string heading;
  std::string content;
};

/// The remarks by their labels; one without continues the one before.
std::string why_part(const outcome& o) {
  std::string out;
  for (const auto& r : explanation(o)) {
    if (!r.label.empty() || out.empty()) out += element("dt", r.label.empty() ? "also" : r.label);
    const bool command = r.label == "check";
    out += command ? around("dd", element("code", r.text)) : element("dd", r.text);
  }
  return out.empty() ? out : around("dl", "\n" + out);
}

std::string tables_part(const outcome& o) {
  std::string out;
  for (const auto& s : tables_of(o)) {
    const std::string& first = s.rows.rows().front().front();
    out += html::table_of(s.rows, s.caption, s.caption.empty() ? first + "s" : s.caption);
  }
  return out;
}

std::string mark(bool pass) {
  return pass ? "<span class=\"pass\">✓ holds</span>" : "<span class=\"fail\">✗ fails</span>";
}

std::string check_row(const check& c) {
  std::string out = "<tr><th scope=\"row\">" + element("code", c.what) + "</th><td>" +
                    mark(c.pass) + "</td><td>" + html::escaped(c.found);
  if (!c.pass) out += "\n" + element("p class=\"why\"", fmt::format("{}: {}", c.place, c.why));
  return out + "</td></tr>\n";
}

std::string expectations_part(const outcome& o) {
  std::string out;
  const auto checks = checks_of(o);
  for (const auto& c : checks) out += check_row(c);
  const auto steps = step_checks_of(o);
  for (const auto& c : steps.listed) out += check_row(c);
  if (!out.empty()) {
    out = around(
        "div class=\"scroll wrap\" tabindex=\"0\" role=\"region\" aria-label=\"Expectations\"",
        "<table>\n<thead><tr><th scope=\"col\">condition</th><th scope=\"col\">result</th>"
        "<th scope=\"col\">found</th></tr></thead>\n"
        "<tbody>\n" +
            out + "</tbody>\n</table>\n");
  }
  if (steps.left_out != 0)
    out += element("p", fmt::format("{} more steps hold.", grouped(steps.left_out)));
  if (const std::string script = script_text(o); !script.empty()) out += element("p", script);
  return out;
}

std::string ladders_part(const std::vector<chosen_ladder>& ladders) {
  std::string out;
  for (const auto& l : ladders) out += html::ladder_figure(l);
  return out;
}

std::string parts_of(const outcome& o, const std::vector<chosen_ladder>& ladders) {
  std::string navigation;
  std::string content;
  for (const part& p :
       {part{"why", "Why, and what helps", why_part(o)},
        part{"time", "Over time", html::ports_figure(o) + html::connections_figure(o)},
        part{"sockets", "Sockets by state", html::states_figures(o)},
        part{"ladders", "Connections, packet by packet", ladders_part(ladders)},
        part{"tables", "Apps and hosts", tables_part(o)},
        part{"expect", "Expectations", expectations_part(o)}}) {
    if (p.content.empty()) continue;
    navigation += fmt::format("<li><a href=\"#{}\">{}</a></li>\n", p.id, p.heading);
    content +=
        fmt::format("<section aria-labelledby=\"{0}\">\n<h2 id=\"{0}\">{1}</h2>\n{2}</section>\n",
                    p.id, p.heading, p.content);
  }
  if (navigation.empty()) return content;
  return around("nav aria-label=\"On this page\"", "\n" + around("ul", "\n" + navigation)) +
         content;
}

std::string header_of(const outcome& o, const std::string& title) {
  const bool good = o.result == verdict::as_expected;
  const std::string answer = headline(o);
  std::string out = element("p class=\"file\"", o.file == "-" ? "stdin" : o.file) +
                    element("h1", title) +
                    element(good ? "p class=\"answer\"" : "p class=\"answer fail\"", answer);
  out += element(good ? "p class=\"verdict pass\"" : "p class=\"verdict fail\"", verdict_text(o));
  if (!o.stopped.empty() && o.stopped != answer) out += element("p", "stopped: " + o.stopped);
  return around("header", "\n" + out);
}

/// Of a file that did not run there is nothing but its mistakes.
std::string mistakes_of(const outcome& o) {
  std::string list;
  for (const auto& e : o.errors) list += element("li", e);
  return list.empty() ? list : around("ul class=\"steps\"", "\n" + list);
}

}  // namespace

std::string html_page(const outcome& o, const std::vector<chosen_ladder>& ladders) {
  const bool ran = o.scenario && !o.tree.is_null();
  std::string title = o.file == "-" ? "stdin" : o.file;
  if (o.scenario && !o.scenario->title.empty()) title = o.scenario->title;
  std::string body =
      header_of(o, title) + around("main", "\n" + (ran ? parts_of(o, ladders) : mistakes_of(o)));
  if (ran) {
    body += element("footer",
                    fmt::format("{}, digest {}", run_text(o, false), text(o.tree, {"digest"})));
  }
  // No program and nothing from elsewhere, whatever a title may try.
  return "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
         "style-src 'unsafe-inline'\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<meta name=\"color-scheme\" content=\"light dark\">\n" +
         element("title", title) + around("style", html::style_sheet()) + "</head>\n<body>\n" +
         body + "</body>\n</html>\n";
}

}  // namespace fourtuple::report
