#include "sim/report/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sim/report/headline.h"
#include "sim/report/plot.h"
#include "sim/report/reading.h"
#include "sim/report/scan_view.h"

namespace fourtuple::report {

namespace {

using observe::outcome;
using observe::value;
using observe::verdict;

/// Members of large fleets are left out of tables; their plain name stands for them.
constexpr std::size_t most_rows = 40;

std::string errors_text(const value& app) {
  const value* errors = app.find("errors");
  std::string out;
  if (errors == nullptr) return "-";
  for (const auto& e : errors->members) {
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", e.key,
                       grouped(static_cast<std::uint64_t>(e.content.number)));
  }
  return out.empty() ? "-" : out;
}

std::string servers_table(const outcome& o, const style& s) {
  table rows("lllrrrl");
  rows.row({"app", "host", "kind", "accepted", "open", "most open", "errors"});
  for (const auto& a : o.scenario->apps) {
    const value* app = find(o.tree, {"apps", a.name});
    if (app == nullptr || app->find("listening") == nullptr) continue;
    const bool udp = app->find("accepted") == nullptr;  // takes requests, not connections
    const bool listening = number(*app, {"listening"}) != 0;
    const std::string errors = errors_text(*app);
    rows.row({a.name, host_of(*o.scenario, a), text(*app, {"kind"}),
              grouped(count(*app, {udp ? "requests" : "accepted"})),
              udp ? "-" : grouped(count(*app, {"active", "now"})),
              udp ? "-" : grouped(count(*app, {"active", "peak"})),
              errors == "-" && !listening ? "not listening" : errors});
  }
  return rows.empty() ? "" : rows.text(s);
}

std::string clients_table(const outcome& o, const style& s) {
  table rows("lllrrrrl");
  rows.row({"app", "host", "kind", "attempted", "connected", "completed", "failed", "errors"});
  for (const auto& a : o.scenario->apps) {
    const value* app = find(o.tree, {"apps", a.name});
    const bool scan = std::holds_alternative<spec::scan>(a.kind);  // has a table of its own
    if (app == nullptr || scan || app->find("listening") != nullptr) continue;
    rows.row({a.name, host_of(*o.scenario, a), text(*app, {"kind"}),
              grouped(count(*app, {"attempted"})), grouped(count(*app, {"connected"})),
              grouped(count(*app, {"completed"})), grouped(count(*app, {"failed"})),
              errors_text(*app)});
  }
  return rows.empty() ? "" : rows.text(s);
}

std::string hosts_table(const outcome& o, const style& s) {
  table rows("lrrrlrl");
  rows.row({"host", "ports peak", "of", "at", "", "TIME-WAIT peak", "at"});
  for (const auto& h : o.scenario->hosts) {
    const value* host = find(o.tree, {"hosts", h.name});
    if (host == nullptr) continue;
    const auto at = [&](const char* what) {
      const value* t = find(*host, {what, "peak_at"});
      return t == nullptr || t->is_null() ? std::string("-") : time_text(t->number);
    };
    rows.row({h.count ? fmt::format("{} x {}", h.name, *h.count) : h.name,
              grouped(count(*host, {"ports", "peak"})),
              grouped(count(*host, {"ports", "capacity"})), at("ports"), "",
              grouped(count(*host, {"time_wait", "peak"})), at("time_wait")});
  }
  return rows.text(s);
}

std::string mark(bool pass, const style& s) {
  if (pass) return painted(s.unicode ? "✓" : "ok", paint::green, s);
  return painted(s.unicode ? "✗" : "FAIL", paint::red, s);
}

/// A value of the tree as a condition would write it.
std::string found_text(const value& v) {
  return v.is_container() ? "(not one value)" : spec::to_string(observe::to_spec(v));
}

std::string expectation_line(const outcome& o, const observe::expectation_row& e, const style& s) {
  const std::string when = e.at ? fmt::format(" at {}", time_text(ns(*e.at))) : "";
  const std::string what = one_line(fmt::format("{}: {}{}", e.metric, e.condition, when));
  const std::string first =
      fmt::format("  {} ", s.unicode ? (e.pass ? "✓" : "✗") : (e.pass ? "ok  " : "FAIL"));
  std::string out;
  if (e.pass) {
    out = first +
          clipped(fmt::format("{} ({})", what, one_line(found_text(e.found))),
                  s.width - width_of(first)) +
          '\n';
  } else {
    out = wrapped(first, fmt::format("{}: {}: {}", place(o, e.line), what, one_line(e.why)), s);
  }
  const std::size_t mark_end = first.find_last_not_of(' ') + 1;
  return "  " + mark(e.pass, s) + out.substr(mark_end);
}

std::string step_text(const outcome& o, const observe::script_failure& f) {
  std::string text =
      fmt::format("{}: step {}, {}{}{}: expected {}, got {}", place(o, f.line), f.step, f.call,
                  f.host.empty() ? "" : " on ", f.host, f.expected, f.got);
  // `why` often says no more than what is there already.
  if (!f.why.empty() && text.find(f.why) == std::string::npos) text += ": " + f.why;
  return one_line(text);
}

std::string expectations(const outcome& o, const style& s, bool quiet) {
  std::string out;
  for (const auto& e : o.expect) {
    if (!e.pass || !quiet) out += expectation_line(o, e, s);
  }
  for (const auto& f : o.script_failures) {
    out += wrapped(fmt::format("  {} ", s.unicode ? "✗" : "FAIL"), step_text(o, f), s);
  }
  return out;
}

/// The steps that said what they expect, when all of them got it.
std::string script_line(const outcome& o, const style& s) {
  const value* script = o.tree.find("script");
  if (script == nullptr || script->items.empty()) return {};
  const auto tested =
      std::count_if(script->items.begin(), script->items.end(), [](const auto& row) {
        const value* pass = row.find("pass");
        return pass != nullptr && !pass->is_null();
      });
  if (!o.script_failures.empty()) {
    return fmt::format("  script: {} of {} tested steps failed\n", o.script_failures.size(),
                       tested);
  }
  return fmt::format("  {} script: {} steps, {} tested\n", mark(true, s), script->items.size(),
                     tested);
}

std::string plot(const outcome& o, const style& s) {
  std::size_t best = 0;
  double tightest = -1;
  std::uint64_t capacity = 0;
  for (std::size_t i = 0; i < o.series.hosts.size(); ++i) {
    const auto of = count(o.tree, {"hosts", o.series.hosts[i], "ports", "capacity"});
    const auto peak = count(o.tree, {"hosts", o.series.hosts[i], "ports", "peak"});
    const double share = of == 0 ? 0 : static_cast<double>(peak) / static_cast<double>(of);
    if (share > tightest) {
      tightest = share;
      best = i;
      capacity = of;
    }
  }
  return ports_plot(o.series, best, capacity, s);
}

std::string footer(const outcome& o, const style& s) {
  const auto failed =
      std::count_if(o.expect.begin(), o.expect.end(), [](const auto& e) { return !e.pass; });
  std::string text = fmt::format(
      "{} of virtual time, {} events, {} of wall time, {}, seed {}",
      time_text(number(o.tree, {"ended_at"})), grouped(count(o.tree, {"run", "events"})),
      time_text(number(o.tree, {"run", "wall_seconds"})),
      bytes_text(count(o.tree, {"run", "peak_rss_bytes"})), count(o.tree, {"seed"}));
  std::string verdict_text(words(o.result));
  if (o.result == verdict::not_as_expected && failed > 0) {
    verdict_text += fmt::format(": {} of {} conditions failed", failed, o.expect.size());
  }
  const bool good = o.result == verdict::as_expected;
  return "  " + painted(verdict_text, good ? paint::green : paint::red, s) + "\n  " +
         painted(clipped(text, s.width - 2), paint::dim, s) + '\n';
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

std::string file_line(const outcome& o, const style& s) {
  std::string text = o.file == "-" ? "stdin" : o.file;
  if (o.scenario && !o.scenario->title.empty()) text += ": " + one_line(o.scenario->title);
  text = wrapped("", text, s);
  text.pop_back();
  return painted(text, paint::dim, s) + '\n';
}

}  // namespace

std::string_view words(verdict v) {
  switch (v) {
    case verdict::as_expected:
      return "as expected";
    case verdict::not_as_expected:
      return "not as expected";
    case verdict::bad_input:
      return "not a valid file";
    case verdict::not_possible_here:
      return "not possible on this machine";
    case verdict::internal_error:
      return "internal error";
    case verdict::kernel_differs:
      return "simulation and kernel differ";
    case verdict::limit_hit:
      return "stopped by a limit";
    case verdict::interrupted:
      return "interrupted";
  }
  return "";
}

std::string summary(const outcome& o, const style& s, bool quiet) {
  const bool good = o.result == verdict::as_expected;
  if (!o.scenario || o.tree.is_null()) return {};
  if (quiet && good) return {};
  std::string top =
      painted(clipped(one_line(headline(o)), s.width), good ? paint::bold : paint::red, s) + '\n' +
      file_line(o, s);
  if (!o.stopped.empty()) top += wrapped("  stopped: ", one_line(o.stopped), s);
  if (quiet) return top + expectations(o, s, true);
  const bool has_apps = !o.scenario->apps.empty();
  const bool small = o.scenario->hosts.size() <= most_rows;
  return joined({top, explanation(o, s), plot(o, s), clients_table(o, s), scans_text(o, s),
                 servers_table(o, s), has_apps && small ? hosts_table(o, s) : "",
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
