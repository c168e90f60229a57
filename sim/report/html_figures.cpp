// Which numbers of a run are drawn.
#include <fmt/format.h>

#include <algorithm>

#include "sim/report/html_parts.h"
#include "sim/report/html_plot.h"
#include "sim/report/html_text.h"
#include "sim/report/reading.h"
#include "sim/report/sections.h"

namespace fourtuple::report::html {

namespace {

using observe::metric_series;
using observe::outcome;

/// To the millisecond, but for short runs: the instants of samples divide a run by 90.
std::string seconds_text(instant t, instant end) {
  constexpr std::int64_t ms = 1'000'000;
  const bool long_run = ns(end) >= 1000 * ms;
  return observe::exact_decimal(long_run ? (ns(t) + ms / 2) / ms * ms : ns(t));
}

/// The moment the headline speaks of.
void add_mark(plot& p, const outcome& o) {
  std::optional<std::int64_t> at;
  for (const auto& f : o.start_failures) {
    if (!at && !f.expected) at = ns(f.what.at);
  }
  const auto failures = app_failures(o);
  if (!at && !failures.empty()) at = failures.front().at;
  if (!at) return;
  p.mark = instant{duration{*at}};
  p.mark_text = "first failure, " + time_text(*at);
}

/// The numbers of several columns added up, row by row.
std::vector<std::uint64_t> sum_of(const metric_series& s, const std::vector<std::string>& paths) {
  std::vector<std::uint64_t> out(s.rows.size(), 0);
  for (const auto& path : paths) {
    const auto column = s.find(path);
    if (!column) continue;
    for (std::size_t r = 0; r < s.rows.size(); ++r) out[r] += s.number(s.rows[r], *column);
  }
  return out;
}

/// A counter that the end of a warm-up set back, as if it had gone on.
std::vector<std::uint64_t> ever(const std::vector<std::uint64_t>& counter) {
  std::vector<std::uint64_t> out = counter;
  std::uint64_t before = 0;
  for (std::size_t r = 1; r < counter.size(); ++r) {
    if (counter[r] < counter[r - 1]) before += counter[r - 1];
    out[r] = before + counter[r];
  }
  return out;
}

/// So many rows together count at least ten attempts on average: fewer are no rate.
std::size_t window_of(const std::vector<std::uint64_t>& counter) {
  constexpr std::uint64_t enough = 10;
  const std::size_t rows = counter.size();
  const std::uint64_t total = std::max<std::uint64_t>(1, counter.back());
  return std::clamp<std::size_t>((enough * rows + total - 1) / total, 1,
                                 std::max<std::size_t>(1, rows / 8));
}

/// How much a counter grew a second within a window that ends at each row; the first whole one
/// stands for the rows before. The last row may stand so near to the one before that it is no row
/// of its own.
std::vector<double> rate_of(const metric_series& s, const std::vector<std::uint64_t>& counter,
                            std::size_t window) {
  std::vector<double> out(counter.size(), 0);
  const std::int64_t usual = ns(s.rows.back().at) / static_cast<std::int64_t>(s.rows.size());
  for (std::size_t r = 1; r < counter.size(); ++r) {
    const bool crowded = r > window && ns(s.rows[r].at - s.rows[r - 1].at) < usual / 2;
    const std::size_t before = r - std::min(r, window) - (crowded ? 1 : 0);
    const auto passed = static_cast<double>(ns(s.rows[r].at - s.rows[before].at)) / 1e9;
    const auto grown = counter[r] - std::min(counter[r], counter[before]);
    out[r] = passed > 0 ? static_cast<double>(grown) / passed : 0;
  }
  const std::size_t whole = std::min(window, out.size() - 1);
  std::fill(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(whole), out[whole]);
  return out;
}

/// The clients of the file, and what all of them count.
struct clients {
  std::vector<std::string> names;
  std::vector<std::string> paths(std::string_view counter) const {
    std::vector<std::string> out;
    for (const auto& n : names) out.push_back(fmt::format("apps.{}.{}", n, counter));
    return out;
  }
  std::vector<std::string> errors(const metric_series& s) const {
    std::vector<std::string> out;
    for (const auto& n : names) {
      const std::string begin = fmt::format("apps.{}.errors.", n);
      for (const auto& path : s.paths)
        if (path.starts_with(begin)) out.push_back(path);
    }
    return out;
  }
  std::string text() const {
    constexpr std::size_t most = 3;
    std::string out;
    for (std::size_t i = 0; i < std::min(names.size(), most); ++i)
      out += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
    if (names.size() > most) out += fmt::format(" and {} more", names.size() - most);
    return out;
  }
};
clients clients_of(const outcome& o) {
  clients out;
  for (const auto& a : o.scenario->apps) {
    const auto* app = find(o.tree, {"apps", a.name});
    if (app != nullptr && app->find("listening") == nullptr) out.names.push_back(a.name);
  }
  return out;
}

std::string peak_text(const outcome& o, const std::string& host, const char* what) {
  const auto* at = find(o.tree, {"hosts", host, what, "peak_at"});
  const auto peak = grouped(count(o.tree, {"hosts", host, what, "peak"}));
  return at == nullptr || at->is_null() ? peak
                                        : fmt::format("{} (at {})", peak, time_text(at->number));
}

/// What one host's sockets were in, and how many at most.
struct state_column {
  std::string state;
  std::size_t column = 0;
  std::uint64_t most = 0;
};
std::vector<state_column> states_of(const metric_series& s, const std::string& host) {
  std::vector<state_column> out;
  for (const char* state : observe::state_names) {
    const auto column = s.find(fmt::format("hosts.{}.sockets.{}", host, state));
    if (!column) continue;
    std::uint64_t most = 0;
    for (const auto& row : s.rows) most = std::max(most, s.number(row, *column));
    if (most > 0) out.push_back({state, *column, most});
  }
  return out;
}

std::string states_of_host(const metric_series& s, const std::string& host, const std::string& id,
                           const std::vector<state_column>& states) {
  std::vector<std::string> cells{"time (s)"};
  table numbers(std::string(states.size() + 1, 'r'));
  for (const auto& c : states) cells.push_back(c.state);
  numbers.row(cells);
  for (const auto& row : s.rows) {
    cells = {seconds_text(row.at, s.rows.back().at)};
    for (const auto& c : states) cells.push_back(grouped(s.number(row, c.column)));
    numbers.row(cells);
  }
  std::string figures;
  for (const auto& c : states) {
    plot p;
    p.id = fmt::format("{}-{}", id, c.column);
    p.small = true;
    p.title = fmt::format("{}: up to {}", c.state, grouped(c.most));
    p.description = fmt::format("Sockets of {} in {} over time, {} at the end", host, c.state,
                                grouped(s.number(s.rows.back(), c.column)));
    curve line{c.state, c.state == "TIME-WAIT" ? "waiting" : "used", {}, true};
    for (const auto& row : s.rows) {
      p.at.push_back(row.at);
      line.values.push_back(static_cast<double>(s.number(row, c.column)));
    }
    p.curves.push_back(std::move(line));
    figures += figure(p);
  }
  return element("h3", host) + around("div class=\"many\"", "\n" + figures) +
         around("details", "\n" + element("summary", "The numbers") +
                               table_of(numbers, "", "The numbers: sockets of " + host));
}

}  // namespace

std::string ports_figure(const outcome& o) {
  const auto host = scarcest_ports(o);
  if (!host || o.series.samples.size() < 2) return {};
  const std::string& name = o.series.hosts[host->host];
  plot p;
  p.id = "ports";
  p.title = "Ports in use on " + name;
  p.description = fmt::format("Of {} ports at most {}; in TIME-WAIT at most {} connections.",
                              grouped(host->capacity), peak_text(o, name, "ports"),
                              peak_text(o, name, "time_wait"));
  curve used{"in use", "used", {}, true};
  curve waiting{"connections in TIME-WAIT", "waiting", {}, false};
  p.numbers = table("rrr");
  p.numbers.row({"time (s)", "ports in use", "TIME-WAIT"});
  for (const auto& s : o.series.samples) {
    const auto& h = s.hosts[host->host];
    p.at.push_back(s.at);
    used.values.push_back(static_cast<double>(h.ports));
    waiting.values.push_back(static_cast<double>(h.time_wait));
    p.numbers.row(
        {seconds_text(s.at, o.series.samples.back().at), grouped(h.ports), grouped(h.time_wait)});
  }
  if (*std::max_element(used.values.begin(), used.values.end()) < 1) return {};
  p.curves = {std::move(used), std::move(waiting)};
  p.limit = static_cast<double>(host->capacity);
  p.limit_text = fmt::format("the limit, {} ports", grouped(host->capacity));
  add_mark(p, o);
  return figure(p);
}

std::string connections_figure(const outcome& o) {
  const metric_series& s = o.plots;
  const clients all = clients_of(o);
  if (all.names.empty() || s.rows.size() < 2) return {};
  const auto attempted = sum_of(s, all.paths("attempted"));
  const auto connected = sum_of(s, all.paths("connected"));
  const auto completed = sum_of(s, all.paths("completed"));
  const auto failed = sum_of(s, all.errors(s));
  if (attempted.back() == 0 && completed.back() == 0 && failed.back() == 0) return {};
  plot p;
  p.id = "connections";
  p.title = "Connections and failures of " + all.text();
  p.description =
      fmt::format("{} {} attempts, {} connected, {} requests completed, {} failures.",
                  o.scenario->warmup > duration::zero()
                      ? fmt::format("After a warm-up of {}", time_text(ns(o.scenario->warmup)))
                      : std::string("In all"),
                  grouped(attempted.back()), grouped(connected.back()), grouped(completed.back()),
                  grouped(failed.back()));
  const std::size_t window = window_of(ever(attempted.back() == 0 ? completed : attempted));
  if (window > 1) {
    const std::int64_t length = ns(s.rows[window].at - s.rows[0].at);
    const std::int64_t round = length >= 100'000'000 ? 10'000'000 : 1'000;
    p.description += fmt::format(" Each rate is that of about {} before.",
                                 time_text((length + round / 2) / round * round));
  }
  const bool datagrams = connected.back() == 0 && completed.back() > 0;
  p.curves = {{datagrams ? "completed a second" : "connected a second", "good",
               rate_of(s, ever(datagrams ? completed : connected), window), false},
              {"failed a second", "bad", rate_of(s, ever(failed), window), false}};
  p.numbers = table("rrrrr");
  p.numbers.row({"time (s)", "attempted so far", "connected", "completed", "failures"});
  for (std::size_t r = 0; r < s.rows.size(); ++r) {
    p.at.push_back(s.rows[r].at);
    p.numbers.row({seconds_text(s.rows[r].at, s.rows.back().at), grouped(attempted[r]),
                   grouped(connected[r]), grouped(completed[r]), grouped(failed[r])});
  }
  add_mark(p, o);
  return figure(p);
}

std::string states_figures(const outcome& o) {
  constexpr std::size_t most_hosts = 8;
  if (o.plots.rows.size() < 2) return {};
  std::string out;
  std::size_t drawn = 0;
  std::size_t left_out = 0;
  for (std::size_t i = 0; i < o.scenario->hosts.size(); ++i) {
    const std::string& name = o.scenario->hosts[i].name;
    const auto states = states_of(o.plots, name);
    if (states.empty()) continue;
    if (drawn == most_hosts) {
      ++left_out;
      continue;
    }
    ++drawn;
    out += states_of_host(o.plots, name, fmt::format("states-{}", i), states);
  }
  if (left_out != 0)
    out += element("p", fmt::format("{} more hosts are not drawn; --series has them.", left_out));
  return out;
}

}  // namespace fourtuple::report::html
