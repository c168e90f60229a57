#include "sim/report/summary.h"

#include <fmt/format.h>

#include <map>

#include "sim/report/headline.h"
#include "sim/report/plot.h"
#include "sim/report/sections.h"

namespace fourtuple::report {

namespace {

using observe::outcome;
using observe::verdict;

std::string paragraph(const std::vector<remark>& remarks, const style& s) {
  std::string out;
  for (const auto& r : remarks) out += wrapped(fmt::format("  {:<6} ", r.label), r.text, s);
  return out;
}

std::string_view mark_word(bool pass, const style& s) {
  if (s.unicode) return pass ? "✓" : "✗";
  return pass ? "ok" : "FAIL";
}

std::string mark(bool pass, const style& s) {
  return painted(mark_word(pass, s), pass ? paint::green : paint::red, s);
}

std::string check_line(const check& c, const style& s) {
  const std::string first = fmt::format("  {:<{}} ", mark_word(c.pass, s), s.unicode ? 1 : 4);
  std::string out;
  if (c.pass) {
    const std::string text = fmt::format("{} ({})", c.what, c.found);
    out = first + clipped(text, s.width - width_of(first)) + '\n';
  } else {
    out = wrapped(first, fmt::format("{}: {}: {}", c.place, c.what, c.why), s);
  }
  const std::size_t mark_end = first.find_last_not_of(' ') + 1;
  return "  " + mark(c.pass, s) + out.substr(mark_end);
}

std::string expectations(const outcome& o, const style& s, bool quiet) {
  std::string out;
  for (const auto& c : checks_of(o)) {
    if (!c.pass || !quiet) out += check_line(c, s);
  }
  for (const auto& step : failed_steps(o))
    out += wrapped(fmt::format("  {} ", mark_word(false, s)), step, s);
  return out;
}

std::string script_line(const outcome& o, const style& s) {
  const std::string text = script_text(o);
  if (text.empty()) return {};
  return o.script_failures.empty() ? fmt::format("  {} {}\n", mark(true, s), text)
                                   : fmt::format("  {}\n", text);
}

std::string plot(const outcome& o, const style& s) {
  const auto host = scarcest_ports(o);
  return host ? ports_plot(o.series, host->host, host->capacity, s) : std::string();
}

std::string tables(const outcome& o, const style& s) {
  std::string out;
  for (const auto& section : tables_of(o)) {
    if (!out.empty()) out += '\n';
    if (!section.caption.empty()) out += wrapped("", section.caption, s);
    out += section.rows.text(s);
  }
  return out;
}

std::string footer(const outcome& o, const style& s) {
  const bool good = o.result == verdict::as_expected;
  return "  " + painted(verdict_text(o), good ? paint::green : paint::red, s) + "\n  " +
         painted(clipped(run_text(o, true), s.width - 2), paint::dim, s) + '\n';
}

std::string joined(std::initializer_list<std::string> parts) {
  std::string out;
  for (const auto& part : parts) {
    if (part.empty()) continue;
    if (!out.empty()) out += '\n';
    out += part;
  }
  return out;
}

/// In as many lines as it takes.
std::string painted_lines(std::string_view what, paint p, const style& s) {
  std::string text = wrapped("", what, s);
  text.pop_back();
  return painted(text, p, s) + '\n';
}

}  // namespace

std::string summary(const outcome& o, const style& s, bool quiet) {
  const bool good = o.result == verdict::as_expected;
  if (!o.scenario || o.tree.is_null()) return {};
  if (quiet && good) return {};
  std::string top = painted_lines(one_line(headline(o)), good ? paint::bold : paint::red, s) +
                    painted_lines(file_text(o), paint::dim, s);
  if (!o.stopped.empty()) top += wrapped("  stopped: ", one_line(o.stopped), s);
  if (quiet) return top + expectations(o, s, true);
  return joined({top, paragraph(explanation(o), s), plot(o, s), tables(o, s),
                 expectations(o, s, false) + script_line(o, s) + footer(o, s)});
}

std::string totals(const std::vector<outcome>& all) {
  std::map<verdict, std::size_t> n;
  for (const auto& o : all) ++n[o.result];
  std::string out = fmt::format("{} files:", all.size());
  const char* comma = " ";
  for (const auto& [v, number_of] : n) {
    out += fmt::format("{}{} {}", comma, number_of, words(v));
    comma = ", ";
  }
  return out + '\n';
}

}  // namespace fourtuple::report
