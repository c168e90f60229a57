#include "sim/report/sections.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/report/history.h"
#include "sim/report/reading.h"
#include "sim/report/scan_view.h"
#include "sim/spec/quantity.h"

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

table clients_table(const outcome& o) {
  table rows("lllrrrrl");
  rows.row({"app", "host", "kind", "attempted", "connected", "completed", "failed", "errors"});
  for (const auto& a : o.scenario->apps) {
    const value* app = find(o.tree, {"apps", a.name});
    const bool scan = std::holds_alternative<spec::scan>(a.kind);  // has a table of its own
    const bool proxy = app != nullptr && app->find("upstream") != nullptr;  // both of the tables
    if (app == nullptr || scan || (!proxy && app->find("listening") != nullptr)) continue;
    rows.row({a.name, host_of(*o.scenario, a), text(*app, {"kind"}),
              grouped(count(*app, {"attempted"})), grouped(count(*app, {"connected"})),
              grouped(count(*app, {"completed"})), grouped(count(*app, {"failed"})),
              errors_text(*app)});
  }
  return rows;
}

table servers_table(const outcome& o) {
  table rows("lllrrrl");
  rows.row({"app", "host", "kind", "accepted", "open", "most open", "errors"});
  for (const auto& a : o.scenario->apps) {
    const value* app = find(o.tree, {"apps", a.name});
    if (app == nullptr || app->find("listening") == nullptr) continue;
    const bool udp = app->find("accepted") == nullptr;  // takes requests, not connections
    const bool listening = number(*app, {"listening"}) != 0;
    const bool proxy = app->find("upstream") != nullptr;  // its errors stand with the clients
    const std::string errors = proxy ? "-" : errors_text(*app);
    rows.row({a.name, host_of(*o.scenario, a), text(*app, {"kind"}),
              grouped(count(*app, {udp ? "requests" : "accepted"})),
              udp ? "-" : grouped(count(*app, {"active", "now"})),
              udp ? "-" : grouped(count(*app, {"active", "peak"})),
              errors == "-" && !listening ? "not listening" : errors});
  }
  return rows;
}

/// What the peak is a share of: the range as it was then. Several addresses have it several times.
std::string ports_of_peak(const outcome& o, const std::string& host) {
  const std::uint64_t ports = ports_at_peak(o, host);
  const std::uint64_t peak = count(o.tree, {"hosts", host, "ports", "peak"});
  if (ports == 0) return "-";
  return grouped(ports) + (peak > ports ? " an address" : "");
}

table hosts_table(const outcome& o) {
  const auto datagrams = [&](const value& host) { return count(host, {"ports", "udp", "peak"}); };
  const bool any =
      std::any_of(o.scenario->hosts.begin(), o.scenario->hosts.end(), [&](const spec::host& h) {
        const value* host = find(o.tree, {"hosts", h.name});
        return host != nullptr && datagrams(*host) != 0;
      });
  table rows(any ? "lrrrlrlr" : "lrrrlrl");
  std::vector<std::string> head{"host", "ports peak", "of", "at", "", "TIME-WAIT peak", "at"};
  if (any) head.emplace_back("UDP ports peak");
  rows.row(std::move(head));
  for (const auto& h : o.scenario->hosts) {
    const value* host = find(o.tree, {"hosts", h.name});
    if (host == nullptr) continue;
    const auto at = [&](const char* what) {
      const value* t = find(*host, {what, "peak_at"});
      return t == nullptr || t->is_null() ? std::string("-") : time_text(t->number);
    };
    std::vector<std::string> row{h.count ? fmt::format("{} x {}", h.name, *h.count) : h.name,
                                 grouped(count(*host, {"ports", "peak"})),
                                 ports_of_peak(o, h.name),
                                 at("ports"),
                                 "",
                                 grouped(count(*host, {"time_wait", "peak"})),
                                 at("time_wait")};
    if (any) row.push_back(grouped(datagrams(*host)));
    rows.row(std::move(row));
  }
  return rows;
}

/// A value of the tree as a condition would write it.
std::string found_text(const value& v) {
  return v.is_container() ? "(not one value)" : spec::to_string(observe::to_spec(v));
}

std::string step_text(const outcome& o, const observe::script_failure& f) {
  std::string text =
      fmt::format("{}: step {}, {}{}{}: expected {}, got {}", place(o, f.line), f.step, f.call,
                  f.host.empty() ? "" : " on ", f.host, f.expected, f.got);
  // `why` often says no more than what is there already.
  if (!f.why.empty() && text.find(f.why) == std::string::npos) text += ": " + f.why;
  return one_line(text);
}

/// "step 6, connect C on client: ok"
std::string step_what(const spec::scenario& s, const value& row) {
  const auto step = count(row, {"step"});
  const std::string& subject = s.script[step - 1].subject;
  const std::string host = text(row, {"host"});
  return one_line(fmt::format("step {}, {}{}{}{}: {}", step, text(row, {"call"}),
                              subject.empty() ? "" : " " + subject, host.empty() ? "" : " on ",
                              host, text(row, {"expect"})));
}

/// What the step answered: its result, and data or an address where it has them.
std::string step_found(const value& row) {
  const value* result = row.find("result");
  std::string out = result == nullptr ? "" : found_text(*result);
  if (const std::string data = text(row, {"data"}); !data.empty())
    out += " \"" + clipped(data, 60) + "\"";
  if (const std::string address = text(row, {"address"}); !address.empty()) out += " " + address;
  return one_line(out);
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

std::string verdict_text(const outcome& o) {
  const auto failed =
      std::count_if(o.expect.begin(), o.expect.end(), [](const auto& e) { return !e.pass; });
  std::string text(words(o.result));
  if (o.result == verdict::not_as_expected && failed > 0) {
    text += fmt::format(": {} of {} conditions failed", failed, o.expect.size());
  }
  return text;
}

std::string file_text(const outcome& o) {
  std::string text = o.file == "-" ? "stdin" : o.file;
  if (o.scenario && !o.scenario->title.empty()) text += ": " + one_line(o.scenario->title);
  return text;
}

std::string run_text(const outcome& o, bool cost) {
  std::string text =
      fmt::format("{} of virtual time, {} events, ", time_text(number(o.tree, {"ended_at"})),
                  grouped(count(o.tree, {"run", "events"})));
  if (cost) {
    text += fmt::format("{} of wall time, {}, ", time_text(number(o.tree, {"run", "wall_seconds"})),
                        bytes_text(count(o.tree, {"run", "peak_rss_bytes"})));
  }
  return text + fmt::format("seed {}", count(o.tree, {"seed"}));
}

std::vector<check> checks_of(const outcome& o) {
  std::vector<check> out;
  for (const auto& e : o.expect) {
    const std::string when = e.at ? " at " + spec::time_text(*e.at) : "";
    out.push_back({e.pass, one_line(fmt::format("{}: {}{}", e.metric, e.condition, when)),
                   one_line(found_text(e.found)), one_line(e.why), place(o, e.line)});
  }
  return out;
}

step_checks step_checks_of(const outcome& o) {
  constexpr std::size_t most = 200;
  step_checks out;
  const value* script = o.tree.find("script");
  if (script == nullptr) return out;
  std::size_t held = 0;
  for (const auto& row : script->items) {
    const value* pass = row.find("pass");
    if (pass == nullptr || pass->is_null()) continue;
    const auto step = count(row, {"step"});
    check c{pass->number != 0, step_what(*o.scenario, row), step_found(row), "", ""};
    if (c.pass && ++held > most) {
      ++out.left_out;
      continue;
    }
    const auto failure = std::find_if(o.script_failures.begin(), o.script_failures.end(),
                                      [&](const auto& f) { return f.step == step; });
    if (failure != o.script_failures.end()) {
      c.place = place(o, failure->line);
      c.why = fmt::format("expected {}, got {}", failure->expected, failure->got);
      if (c.why.find(failure->why) == std::string::npos) c.why += ": " + failure->why;
      c.why = one_line(c.why);
    }
    out.listed.push_back(std::move(c));
  }
  return out;
}

std::vector<std::string> failed_steps(const outcome& o) {
  std::vector<std::string> out;
  for (const auto& f : o.script_failures) out.push_back(step_text(o, f));
  return out;
}

/// The steps that said what they expect.
std::string script_text(const outcome& o) {
  const value* script = o.tree.find("script");
  if (script == nullptr || script->items.empty()) return {};
  const auto tested =
      std::count_if(script->items.begin(), script->items.end(), [](const auto& row) {
        const value* pass = row.find("pass");
        return pass != nullptr && !pass->is_null();
      });
  if (!o.script_failures.empty()) {
    return fmt::format("script: {} of {} tested steps failed", o.script_failures.size(), tested);
  }
  return fmt::format("script: {} steps, {} tested", script->items.size(), tested);
}

std::vector<section> tables_of(const outcome& o) {
  std::vector<section> out;
  const auto add = [&](std::string caption, table rows) {
    if (!rows.empty()) out.push_back({std::move(caption), std::move(rows)});
  };
  add("", clients_table(o));
  for (auto& scan : scan_tables(o)) out.push_back(std::move(scan));
  add("", servers_table(o));
  if (!o.scenario->apps.empty() && o.scenario->hosts.size() <= most_rows) add("", hosts_table(o));
  return out;
}

std::optional<scarce_ports> scarcest_ports(const outcome& o) {
  std::optional<scarce_ports> best;
  double tightest = -1;
  for (std::size_t i = 0; i < o.series.hosts.size(); ++i) {
    const auto of = ports_at_peak(o, o.series.hosts[i]);
    const auto peak = count(o.tree, {"hosts", o.series.hosts[i], "ports", "peak"});
    const double share = of == 0 ? 0 : static_cast<double>(peak) / static_cast<double>(of);
    if (share <= tightest) continue;
    tightest = share;
    best = {i, of};
  }
  return best;
}

}  // namespace fourtuple::report
