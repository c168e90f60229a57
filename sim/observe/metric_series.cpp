#include "sim/observe/metric_series.h"

#include <algorithm>
#include <array>
#include <tuple>

namespace fourtuple::observe {

namespace {

using counter = std::uint64_t app_metrics::*;
using named_counter = std::pair<std::string_view, counter>;

constexpr std::array<named_counter, 3> of_every_app = {{
    {"connected", &app_metrics::connected},
    {"completed", &app_metrics::completed},
    {"failed", &app_metrics::failed},
}};
constexpr std::array<named_counter, 2> of_bytes = {{
    {"bytes_in", &app_metrics::bytes_in},
    {"bytes_out", &app_metrics::bytes_out},
}};
constexpr std::array<named_counter, 3> of_pools = {{
    {"waited", &app_metrics::waited},
    {"opened", &app_metrics::opened},
    {"reused", &app_metrics::reused},
}};
constexpr std::array<named_counter, 3> of_proxies = {{
    {"upstream.opened", &app_metrics::opened},
    {"upstream.reused", &app_metrics::reused},
    {"resets_on_reuse", &app_metrics::resets_on_reuse},
}};
constexpr std::array scan_verdicts = {scanned_port::verdict::open, scanned_port::verdict::closed,
                                      scanned_port::verdict::filtered};

using processes = std::vector<const app_metrics*>;

std::uint64_t sum(const processes& all, counter field) {
  std::uint64_t total = 0;
  for (const auto* p : all) total += p->*field;
  return total;
}

/// Ports of a scan that are known to be that.
std::uint64_t scanned(const processes& all, scanned_port::verdict v) {
  std::uint64_t n = 0;
  for (const auto* p : all) {
    n += static_cast<std::uint64_t>(std::count_if(
        p->ports.begin(), p->ports.end(), [&](const auto& port) { return port.state == v; }));
  }
  return n;
}

/// Kinds of errors: those of the kernel by number, then the application's own two.
constexpr std::size_t timeout_kind = errc_count;
constexpr std::size_t eof_kind = errc_count + 1;

/// `of` gives an app's counts, or null.
template <class Of>
std::uint64_t errors(const processes& all, std::size_t kind, const Of& of) {
  std::uint64_t n = 0;
  for (const auto* p : all) {
    const error_counts* e = of(*p);
    if (e == nullptr) continue;
    n += kind == timeout_kind ? e->timeouts : kind == eof_kind ? e->eofs : e->by_errno[kind];
  }
  return n;
}

std::string_view error_name(std::size_t kind) {
  if (kind == timeout_kind) return "timeout";
  return kind == eof_kind ? "eof" : name(static_cast<errc>(kind));
}

/// "apps.load" of "apps.load.errors.eof"; names have no dots.
std::string_view owner_of(std::string_view path) {
  return path.substr(0, path.find('.', path.find('.') + 1));
}

/// A column that comes when something first occurs.
bool is_late(std::string_view path) {
  const std::string_view key = path.substr(owner_of(path).size());
  return key.starts_with(".errors.") || key.starts_with(".upstream.errors.") ||
         key.starts_with(".nstat.");
}

}  // namespace

std::optional<std::size_t> metric_series::find(std::string_view path) const {
  const auto found = std::find(paths.begin(), paths.end(), path);
  if (found == paths.end()) return std::nullopt;
  return static_cast<std::size_t>(found - paths.begin());
}

std::vector<std::size_t> metric_series::in_order() const {
  std::map<std::string_view, std::size_t> owners;
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    owners.try_emplace(owner_of(paths[i]), owners.size());
    all.push_back(i);
  }
  const auto place = [&](std::size_t i) {
    const bool late = is_late(paths[i]);
    return std::tuple(owners[owner_of(paths[i])], late, late ? paths[i] : std::string(), i);
  };
  std::sort(all.begin(), all.end(),
            [&](std::size_t a, std::size_t b) { return place(a) < place(b); });
  return all;
}

std::uint64_t most_rows(const spec::scenario& s) {
  constexpr std::uint64_t most = 1'000'000;
  constexpr std::uint64_t most_numbers = 50'000'000;
  constexpr std::uint64_t columns_each = 32;  // of an app or a host, roughly
  const std::uint64_t fit = most_numbers / (columns_each * (1 + s.apps.size() + s.hosts.size()));
  return std::clamp(fit, std::uint64_t{2}, most);
}

void metric_reader::read(instant now) {
  metric_series::row row;
  row.at = now;
  row.numbers.reserve(to_.paths.size());
  for (std::size_t i = 0; i < from_.apps.size(); ++i) {
    if (!from_.apps[i].empty()) read_app(i, row);
  }
  const auto& hosts = from_.scenario->hosts;
  std::vector<counters_by_name> nstat;
  for (const auto& h : hosts) nstat.push_back(read_host(h, row));
  named_ = true;
  row.numbers.resize(to_.paths.size());
  late_.resize(from_.apps.size() + hosts.size());
  for (std::size_t i = 0; i < from_.apps.size(); ++i) read_errors(i, row);
  for (std::size_t i = 0; i < hosts.size(); ++i)
    for (const auto& [name, n] : nstat[i])
      put_late(from_.apps.size() + i, "hosts." + hosts[i].name, ".nstat." + name, n, row);
  to_.rows.push_back(std::move(row));
}

void metric_reader::put(std::string_view owner, std::string_view key, std::uint64_t number,
                        metric_series::row& to) {
  if (!named_) to_.paths.push_back(std::string(owner) + std::string(key));
  to.numbers.push_back(number);
}

void metric_reader::put_late(std::size_t owner, std::string_view owner_path, std::string_view key,
                             std::uint64_t number, metric_series::row& to) {
  auto found = late_[owner].find(key);
  if (found == late_[owner].end()) {
    if (number == 0) return;
    found = late_[owner].emplace(key, to_.paths.size()).first;
    to_.paths.push_back(std::string(owner_path) + std::string(key));
    to.numbers.push_back(0);
  }
  to.numbers[found->second] = number;
}

void metric_reader::read_errors(std::size_t index, metric_series::row& to) {
  const auto own = [](const app_metrics& m) { return &m.errors; };
  const auto upstream = [](const app_metrics& m) { return m.upstream_errors.get(); };
  const std::string path = "apps." + from_.scenario->apps[index].name;
  for (std::size_t kind = 1; kind <= eof_kind; ++kind) {
    const std::uint64_t n = errors(from_.apps[index], kind, own);
    if (n > 0) put_late(index, path, ".errors." + std::string(error_name(kind)), n, to);
    const std::uint64_t m = errors(from_.apps[index], kind, upstream);
    if (m > 0) put_late(index, path, ".upstream.errors." + std::string(error_name(kind)), m, to);
  }
}

void metric_reader::read_app(std::size_t index, metric_series::row& to) {
  const processes& all = from_.apps[index];
  const spec::app& a = from_.scenario->apps[index];
  const std::string path = "apps." + a.name + ".";
  const auto counters = [&](const auto& fields) {
    for (const auto& [key, field] : fields) put(path, key, sum(all, field), to);
  };
  put(path, "requests", sum(all, &app_metrics::requests) - sum(all, &app_metrics::requests_before),
      to);
  put(path, "attempted",
      sum(all, &app_metrics::attempted) - sum(all, &app_metrics::attempted_before), to);
  counters(of_every_app);
  if (std::holds_alternative<spec::echo_server>(a.kind) ||
      std::holds_alternative<spec::listener>(a.kind) ||
      std::holds_alternative<spec::proxy>(a.kind)) {
    put(path, "accepted", sum(all, &app_metrics::accepted), to);
    std::uint64_t open = 0;
    for (const auto* p : all) open += p->active.now;
    put(path, "active.now", open, to);
    counters(of_bytes);
  }
  if (std::holds_alternative<spec::udp_server>(a.kind) ||
      std::holds_alternative<spec::udp_client>(a.kind)) {
    counters(of_bytes);
  }
  if (std::holds_alternative<spec::pool>(a.kind)) counters(of_pools);
  if (std::holds_alternative<spec::proxy>(a.kind)) counters(of_proxies);
  if (std::holds_alternative<spec::scan>(a.kind)) {
    for (const auto v : scan_verdicts) put(path, name(v), scanned(all, v), to);
  }
}

/// Returns the counters of nstat(8).
metric_reader::counters_by_name metric_reader::read_host(const spec::host& h,
                                                         metric_series::row& to) {
  host_metrics total;
  for (std::uint32_t m = 0; m < h.members(); ++m) {
    const host_metrics one = from_.world->look(spec::member_name(h, m));
    total.tcp.ports.now += one.tcp.ports.now;
    total.udp.ports.now += one.udp.ports.now;
    total.time_wait.now += one.time_wait.now;
    total.time_wait_reused += one.time_wait_reused;
    for (const auto& [name, n] : one.nstat) total.nstat[name] += n;
    for (std::size_t i = 0; i < state_names.size(); ++i) total.sockets[i] += one.sockets[i];
  }
  const std::string path = "hosts." + h.name + ".";
  put(path, "ports.now", total.tcp.ports.now, to);
  put(path, "ports.udp.now", total.udp.ports.now, to);
  put(path, "time_wait.now", total.time_wait.now, to);
  put(path, "time_wait.reused", total.time_wait_reused, to);
  for (std::size_t i = 0; i < state_names.size(); ++i)
    put(path, std::string("sockets.") + state_names[i], total.sockets[i], to);
  return std::move(total.nstat);
}

}  // namespace fourtuple::observe
