#include "sim/report/scan_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/report/reading.h"

namespace fourtuple::report {

namespace {

constexpr std::size_t most_ports = 40;

const spec::scan* as_scan(const spec::app& a) { return std::get_if<spec::scan>(&a.kind); }

/// "22,80" with room after its commas.
std::string spaced(const std::string& ports) {
  std::string out;
  for (const char c : ports) {
    out += c;
    if (c == ',') out += ' ';
  }
  return out;
}

/// How many ports are so, as every member of a counted host sees them.
std::size_t in_state(const observe::value& app, std::string_view state) {
  const auto& ports = app.find("ports")->members;
  return static_cast<std::size_t>(std::count_if(ports.begin(), ports.end(), [&](const auto& p) {
    return text(p.content, {"state"}) == state;
  }));
}

std::string sentence(const spec::app& a, const observe::value& app) {
  const auto* ports = app.find("ports");
  const std::string open = text(app, {"open_ports"});
  return fmt::format("{}: {} of {} {} ports of {} are open{}", a.name,
                     grouped(in_state(app, "open")), grouped(ports->members.size()),
                     as_scan(a)->transport == spec::transport::tcp ? "TCP" : "UDP",
                     to_string(as_scan(a)->target), open.empty() ? "" : ": " + spaced(open));
}

section ports_table(const spec::app& a, const observe::value& app) {
  const auto& ports = app.find("ports")->members;
  table rows("rllrl");
  rows.row({"port", "state", "service", "after", ""});
  for (const auto& p : ports) {
    const std::string state = text(p.content, {"state"});
    const bool listed = ports.size() <= most_ports || state == "open" || state == "error";
    if (!listed) continue;
    const auto* after = p.content.find("after");
    const std::string error = text(p.content, {"error"});
    const std::string service = text(p.content, {"service"});
    rows.row({p.key, state.empty() ? "-" : state, service.empty() ? "-" : service,
              after->is_null() ? "-" : time_text(after->number),
              state == "error" ? error : std::string()});
  }
  const std::size_t errors = in_state(app, "error");
  std::string head =
      fmt::format("{} looked at {}: {} open, {} closed, {} filtered", a.name,
                  to_string(as_scan(a)->target), grouped(in_state(app, "open")),
                  grouped(in_state(app, "closed")), grouped(in_state(app, "filtered")));
  if (errors != 0) head += fmt::format(", {} in error", errors);
  return {head, std::move(rows)};
}

}  // namespace

std::vector<section> scan_tables(const observe::outcome& o) {
  std::vector<section> out;
  for (const auto& a : o.scenario->apps) {
    const observe::value* app = find(o.tree, {"apps", a.name});
    if (as_scan(a) != nullptr && app != nullptr) out.push_back(ports_table(a, *app));
  }
  return out;
}

std::string scan_headline(const observe::outcome& o) {
  for (const auto& a : o.scenario->apps) {
    const observe::value* app = find(o.tree, {"apps", a.name});
    if (as_scan(a) != nullptr && app != nullptr) return sentence(a, *app);
  }
  return {};
}

}  // namespace fourtuple::report
