// apps.NAME of the result tree.
#include <algorithm>

#include "sim/observe/tree.h"
#include "sim/spec/services.h"

namespace fourtuple::observe {

namespace {

using processes = std::span<const app_metrics* const>;

std::uint64_t sum(processes all, std::uint64_t app_metrics::*field) {
  std::uint64_t total = 0;
  for (const auto* p : all) total += p->*field;
  return total;
}

/// By name, those that occurred; `counts_of` gives a process's counts, null where it has none.
template <class CountsOf>
value errors_of(processes all, CountsOf counts_of) {
  value out = value::map();
  const auto add = [&](std::string_view word, auto of) {
    std::uint64_t n = 0;
    for (const auto* p : all)
      if (const error_counts* e = counts_of(*p)) n += of(*e);
    if (n > 0) out.set(word, n);
  };
  for (std::size_t i = 1; i < errc_count; ++i)
    add(name(static_cast<errc>(i)), [i](const error_counts& e) { return e.by_errno[i]; });
  add("timeout", [](const error_counts& e) { return e.timeouts; });
  add("eof", [](const error_counts& e) { return e.eofs; });
  return out;
}

value first_failure_of(processes all) {
  const first_failure* first = nullptr;
  for (const auto* p : all) {
    if (p->first_failure && (first == nullptr || p->first_failure->at < first->at)) {
      first = &*p->first_failure;
    }
  }
  if (first == nullptr) return {};
  value out = value::map();
  out.set("at", first->at);
  out.set("error", first->what.text());
  out.set("call", first->call);
  out.set("attempt", first->attempt);
  return out;
}

value connect_time_of(processes all) {
  duration_samples merged;
  const duration_samples* samples = &all.front()->connect_time;
  if (all.size() > 1) {
    for (const auto* p : all) merged.merge(p->connect_time);
    samples = &merged;
  }
  if (samples->count() == 0) return {};
  value out = value::map();
  out.set("min", samples->percentile(0));
  out.set("p50", samples->percentile(50));
  out.set("p99", samples->percentile(99));
  out.set("max", samples->percentile(100));
  return out;
}

value fds_of(processes all) {
  std::uint32_t peak = 0;
  for (const auto* p : all) peak = std::max(peak, p->fd_peak);
  value out = value::map();
  out.set("limit", all.front()->fd_limit);
  out.set("peak", peak);
  return out;
}

value closed_by(connection_row::by who) {
  switch (who) {
    case connection_row::by::client:
      return "client";
    case connection_row::by::server:
      return "server";
    case connection_row::by::reset:
      return "reset";
    case connection_row::by::nobody:
      break;
  }
  return {};
}

/// The first hundred of all members, by the time they were opened.
value connections_of(processes all) {
  std::vector<const connection_row*> rows;
  for (const auto* p : all) {
    for (const auto& row : p->connections) rows.push_back(&row);
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto* a, const auto* b) { return a->opened_at < b->opened_at; });
  if (rows.size() > app_metrics::max_rows) rows.resize(app_metrics::max_rows);
  value out = value::list();
  for (const auto* row : rows) {
    value one = value::map();
    one.set("fd", row->fd);
    one.set("local", to_string(row->local));
    one.set("remote", to_string(row->remote));
    one.set("opened_at", row->opened_at);
    one.set("closed_at", row->closed_at);
    one.set("closed_by", closed_by(row->closed_by));
    out.push(std::move(one));
  }
  return out;
}

/// `now` adds; the peak is the largest member's, of equal ones the earliest.
value active_of(processes all) {
  std::uint64_t now = 0;
  const gauge* largest = &all.front()->active;
  for (const auto* p : all) {
    const gauge& g = p->active;
    now += g.now;
    if (g.peak > largest->peak || (g.peak == largest->peak && g.peak_at < largest->peak_at)) {
      largest = &g;
    }
  }
  value out = value::map();
  out.set("now", now);
  out.set("peak", largest->peak);
  out.set("peak_at", largest->peak_at);
  return out;
}

void add_server(value& out, processes all) {
  const bool listening =
      std::all_of(all.begin(), all.end(), [](const auto* p) { return p->listening; });
  out.set("listening", listening);
  out.set("accepted", sum(all, &app_metrics::accepted));
  out.set("active", active_of(all));
}

/// Servers count them, and who sends datagrams.
void add_bytes(value& out, processes all) {
  out.set("bytes_in", sum(all, &app_metrics::bytes_in));
  out.set("bytes_out", sum(all, &app_metrics::bytes_out));
}

void add_replies(value& out, processes all) {
  value replies = value::list();
  for (const auto* p : all) {
    for (const auto& text : p->replies) replies.push(text);
  }
  out.set("replies", std::move(replies));
}

void add_proxy(value& out, processes all) {
  value& upstream = out.set("upstream", value::map());
  upstream.set("opened", sum(all, &app_metrics::opened));
  upstream.set("reused", sum(all, &app_metrics::reused));
  upstream.set("errors",
               errors_of(all, [](const app_metrics& m) { return m.upstream_errors.get(); }));
  out.set("resets_on_reuse", sum(all, &app_metrics::resets_on_reuse));
}

/// One port as all processes saw it: a state only where they agree, of the times the longest.
value port_of(processes all, std::size_t row) {
  using verdict = scanned_port::verdict;
  scanned_port one = all.front()->ports[row];
  for (const auto* p : all) {
    const scanned_port& other = p->ports[row];
    if (other.state != one.state || other.error != one.error) one.state = verdict::none;
    one.after = std::max(one.after, other.after);
  }
  value out = value::map();
  const bool known = one.state != verdict::none;
  out.set("state", known ? value(name(one.state)) : value());
  out.set("error", known && one.error != errc::ok ? value(name(one.error)) : value());
  const bool udp = all.front()->scanned == transport::udp;
  const auto* service =
      spec::find_service(one.port, udp ? spec::transport::udp : spec::transport::tcp);
  out.set("service", service != nullptr ? value(service->what) : value());
  out.set("after", known ? value(one.after) : value());
  return out;
}

void add_scan(value& out, processes all) {
  using verdict = scanned_port::verdict;
  value ports = value::map();
  std::array<std::uint64_t, 5> states{};
  std::vector<std::uint16_t> open;
  const std::size_t rows = all.front()->ports.size();
  for (std::size_t row = 0; row < rows; ++row) {
    const std::uint16_t port = all.front()->ports[row].port;
    bool everywhere = true;
    for (const auto* p : all) {
      ++states[static_cast<std::size_t>(p->ports[row].state)];
      everywhere = everywhere && p->ports[row].state == verdict::open;
    }
    if (everywhere) open.push_back(port);
    ports.set(std::to_string(port), port_of(all, row));
  }
  std::sort(open.begin(), open.end());
  std::string open_ports;
  for (const auto port : open) open_ports += (open_ports.empty() ? "" : ",") + std::to_string(port);
  out.set("ports", std::move(ports));
  for (const auto v : {verdict::open, verdict::closed, verdict::filtered})
    out.set(name(v), states[static_cast<std::size_t>(v)]);
  out.set("open_ports", std::move(open_ports));
}

}  // namespace

value app_value(processes all) {
  const app_metrics& first = *all.front();
  value out = value::map();
  out.set("kind", first.kind);
  out.set("requests", sum(all, &app_metrics::requests) - sum(all, &app_metrics::requests_before));
  out.set("attempted",
          sum(all, &app_metrics::attempted) - sum(all, &app_metrics::attempted_before));
  for (const auto& [key, field] : {std::pair{"connected", &app_metrics::connected},
                                   std::pair{"completed", &app_metrics::completed},
                                   std::pair{"failed", &app_metrics::failed}}) {
    out.set(key, sum(all, field));
  }
  const auto failed = sum(all, &app_metrics::failed);
  out.set("failed_share", value::share(failed, sum(all, &app_metrics::completed) + failed));
  out.set("errors", errors_of(all, [](const app_metrics& m) { return &m.errors; }));
  out.set("first_failure", first_failure_of(all));
  out.set("connect_time", connect_time_of(all));
  out.set("fds", fds_of(all));
  std::uint64_t tuples = 0;
  for (const auto* p : all) tuples += p->tuples.size();
  out.set("tuples", value::map()).set("distinct", tuples);
  const bool proxy = first.kind == "proxy";
  const bool server = proxy || first.kind == "echo_server" || first.kind == "listener";
  if (server) add_server(out, all);
  if (proxy) add_proxy(out, all);
  if (server || first.kind == "udp_server" || first.kind == "udp_client") add_bytes(out, all);
  if (first.kind == "udp_server") {
    out.set("listening", std::all_of(all.begin(), all.end(), [](auto* p) { return p->listening; }));
  }
  if (first.kind == "echo_client") add_replies(out, all);
  if (first.kind == "scan") add_scan(out, all);
  if (first.kind == "pool") {
    out.set("size", first.pool_size);
    out.set("waited", sum(all, &app_metrics::waited));
    out.set("opened", sum(all, &app_metrics::opened));
    out.set("reused", sum(all, &app_metrics::reused));
  }
  out.set("connections", connections_of(all));
  return out;
}

}  // namespace fourtuple::observe
