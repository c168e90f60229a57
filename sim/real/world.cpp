#include "sim/real/world.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include <fmt/format.h>

#include "sim/core/assert.h"
#include "sim/core/random.h"
#include "sim/real/event_loop.h"
#include "sim/real/kernel_tables.h"
#include "sim/real/loopback.h"
#include "sim/real/network.h"
#include "sim/real/nft.h"
#include "sim/real/packet_taps.h"
#include "sim/real/privilege.h"
#include "sim/real/process.h"
#include "sim/real/relay.h"

namespace fourtuple::real {
namespace {

/// Namespaces, bridges and routes of more hosts take longer than what they are wanted for.
constexpr std::size_t most_hosts = 64;

/// "6.18" of "6.18.44".
std::string running_version() {
  utsname u{};
  ::uname(&u);
  const std::string release = u.release;
  const std::size_t dot = release.find('.');
  return release.substr(0, release.find_first_not_of("0123456789", dot + 1));
}

void refuse_other_systems(const spec::scenario& s) {
  const std::string here = "linux-" + running_version();
  for (const auto& h : s.hosts) {
    if (h.profile->name != here)
      throw unable(
          fmt::format("host {} is {}, and this kernel is {}", h.name, h.profile->name, here));
  }
}

/// Every socket of every host is a descriptor of this process: as many as the kernel gives.
void raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  constexpr rlim_t enough = 1'048'576;  // fs.nr_open by default
  const rlimit more{enough, std::max(limit.rlim_max, enough)};
  if (::setrlimit(RLIMIT_NOFILE, &more) == 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

struct one_host {
  host_place place;
  std::unique_ptr<socket_table> sockets;
  std::vector<std::unique_ptr<real_process>> processes;
  observe::gauge ports;
  observe::gauge time_wait;
  std::map<std::string, std::uint64_t> counters_before;
  congestion_choice congestion = {};

  /// Nothing, or why not, in words.
  std::string set_sysctl(std::string_view name, std::string_view value) {
    return name == congestion_choice::sysctl ? congestion.choose(place.space, value)
                                             : write_sysctl(place.space, name, value);
  }
};

class world final : public observe::backend {
 public:
  /// Whoever makes it says which hosts there are: make_hosts() or be_the_machine().
  explicit world(const spec::scenario& s);
  ~world() override;
  void make_hosts(const spec::scenario& s);
  void be_the_machine(const spec::scenario& s, const std::set<std::uint16_t>& ports,
                      const std::atomic<bool>* interrupted);

  process& make_process(std::string_view host, const process_options& how) override;
  void end_process(process& p) override;
  [[nodiscard]] std::uint64_t count(std::string_view host, std::string_view state) const override;
  bool set_sysctl(std::string_view host, std::string_view name, std::string_view value,
                  std::string& message) override;
  bool set_firewall(std::string_view host, std::span<const firewall_rule> rules,
                    std::string& message) override;
  bool set_link(std::uint32_t link, const link_change& change, std::string& message) override;
  process& coordinator() override { return *coordinator_; }

  stop run_until(instant until, bool (*keep_going)(void*), void* context) override;
  [[nodiscard]] instant now() const override { return loop_.now(); }
  [[nodiscard]] std::uint64_t events() const override { return loop_.wakeups(); }
  [[nodiscard]] std::string digest() const override { return {}; }
  [[nodiscard]] std::vector<std::string> host_names() const override;
  [[nodiscard]] observe::host_metrics look(std::string_view host) const override;
  [[nodiscard]] observe::port_levels levels(std::string_view host) const override;
  /// A walk of the kernel's socket hash, which has a bucket for every 128 kB of memory, takes
  /// milliseconds (measured: 4.5 ms with 24 GB).
  [[nodiscard]] duration between_looks() const override { return std::chrono::milliseconds{200}; }
  [[nodiscard]] std::vector<observe::socket_row> sockets(std::string_view host) const override {
    return rows_of(find(host));
  }
  void describe_process(process& p, std::string_view program, bool must_finish) override;
  bool capture(observe::packet_log* log) override;
  void begin_counting(instant from) override;
  [[nodiscard]] std::vector<std::string> not_given() const override { return not_given_; }

 private:
  void set_up_sysctls(const spec::scenario& s);
  [[nodiscard]] std::vector<observe::socket_row> rows_of(const one_host& h) const;
  [[nodiscard]] one_host& find(std::string_view host) const;
  void note_levels(one_host& h) const;
  void settle();
  static void on_finished(void* self, process& p);
  [[nodiscard]] surroundings around() { return {loop_, &world::on_finished, this}; }

  void start();
  stop turn_until(instant until, bool (*keep_going)(void*), void* context);

  std::uint64_t seed_;
  event_loop loop_;
  std::unique_ptr<packet_taps> taps_;  ///< null: nobody looks at packets
  std::vector<network_namespace> switches_;
  relay wires_;
  std::vector<std::unique_ptr<one_host>> hosts_;  ///< sorted by name
  std::unique_ptr<other_programs> others_;        ///< null: the hosts are ours alone
  std::unique_ptr<real_process> coordinator_;
  std::set<process*> unfinished_;
  std::vector<std::string> not_given_;
  std::uint64_t made_ = 0;
  bool all_finished_ = false;
};

world::world(const spec::scenario& s) : seed_(s.seed) {
  refuse_other_systems(s);
  if (s.host_count() > most_hosts)
    throw unable(fmt::format("{} hosts: the real kernel is asked for at most {} at a time",
                             s.host_count(), most_hosts));
  raise_descriptor_limit();
  ::prctl(PR_SET_TIMERSLACK, 1UL);
  coordinator_ = std::make_unique<real_process>(around(), nullptr, process_identity{});
}

world::~world() {
  if (taps_) taps_->finish();  // what exiting processes send is not part of the run
  // Tasks of the coordinator may wait on processes of hosts, so they end first.
  coordinator_.reset();
  for (auto& h : hosts_)
    for (auto& p : h->processes) p->abort_all();
}

void world::make_hosts(const spec::scenario& s) {
  std::vector<host_place> places;
  for (const auto& h : s.hosts)
    for (std::uint32_t m = 0; m < h.members(); ++m)
      places.push_back({spec::member_name(h, m), spec::addresses_of(h, m), {}});
  std::sort(places.begin(), places.end(),
            [](const host_place& a, const host_place& b) { return a.name < b.name; });
  join(s, places, switches_, wires_);
  wires_.start();
  for (auto& p : places) {
    hosts_.push_back(std::make_unique<one_host>(one_host{std::move(p), {}, {}, {}, {}, {}}));
    hosts_.back()->sockets = std::make_unique<socket_table>(hosts_.back()->place.space);
  }
  set_up_sysctls(s);
  for (const auto& h : s.hosts)
    for (std::uint32_t m = 0; !h.firewall.empty() && m < h.members(); ++m) {
      std::string why;
      if (!set_firewall(spec::member_name(h, m), h.firewall, why)) throw unable(why);
    }
  for (const auto& h : hosts_) h->counters_before = read_counters(h->place.space);
}

void world::be_the_machine(const spec::scenario& s, const std::set<std::uint16_t>& ports,
                           const std::atomic<bool>* interrupted) {
  need_loopback_up();
  host_place machine{s.hosts.front().name, {}, network_namespace::here()};
  hosts_.push_back(std::make_unique<one_host>(one_host{std::move(machine), {}, {}, {}, {}, {}}));
  one_host& h = *hosts_.back();
  h.sockets = std::make_unique<socket_table>(h.place.space);
  need_free_ports(*h.sockets, ports, interrupted);
  others_ = std::make_unique<other_programs>(*h.sockets);
  h.counters_before = read_counters(h.place.space);
}

std::vector<observe::socket_row> world::rows_of(const one_host& h) const {
  const auto all = h.sockets->tcp();
  if (others_) return others_->own(all);
  std::vector<observe::socket_row> rows;
  rows.reserve(all.size());
  for (const auto& each : all) rows.push_back(each.row);
  return rows;
}

void world::set_up_sysctls(const spec::scenario& s) {
  for (const auto& h : s.hosts) {
    for (std::uint32_t m = 0; m < h.members(); ++m) {
      one_host& host = find(spec::member_name(h, m));
      // What the simulated kernel is: no memory of earlier connections, CUBIC unless the file says else.
      for (const auto& [name, value] : {std::pair{"net.ipv4.tcp_no_metrics_save", "1"},
                                        {"net.ipv4.tcp_congestion_control", "cubic"}})
        if (!host.set_sysctl(name, value).empty())
          not_given_.push_back(fmt::format("hosts.{}.sysctls.{}", host.place.name, name));
      for (const auto& [name, value] : h.sysctl_lines) {
        if (!has_sysctl(host.place.space, name)) {
          not_given_.push_back(fmt::format("hosts.{}.sysctls.{}", host.place.name, name));
        } else if (const std::string why = host.set_sysctl(name, value); !why.empty()) {
          throw unable(why);
        }
      }
    }
  }
}

one_host& world::find(std::string_view host) const {
  const auto found = std::find_if(hosts_.begin(), hosts_.end(),
                                  [&](const auto& h) { return h->place.name == host; });
  FOURTUPLE_ASSERT(found != hosts_.end(), "no host of that name");
  return **found;
}

process& world::make_process(std::string_view host, const process_options& how) {
  if (!can_be(how.uid))
    throw unable(
        fmt::format("cannot be run here: uid {} is not mapped into the user namespace of "
                    "this program (run it as root)",
                    how.uid));
  one_host& h = find(host);
  const process_identity who{how.uid, how.nofile, core::philox(seed_, ++made_, 0), &h.congestion};
  h.processes.push_back(std::make_unique<real_process>(around(), &h.place.space, who));
  return *h.processes.back();
}

void world::end_process(process& p) {
  for (auto& h : hosts_)
    std::erase_if(h->processes, [&](const auto& each) { return each.get() == &p; });
  on_finished(this, p);
}

void world::on_finished(void* self, process& p) {
  auto& w = *static_cast<world*>(self);
  if (w.unfinished_.erase(&p) != 0 && w.unfinished_.empty()) w.all_finished_ = true;
}

void world::describe_process(process& p, std::string_view, bool must_finish) {
  if (must_finish) unfinished_.insert(&p);
}

std::uint64_t world::count(std::string_view host, std::string_view state) const {
  const one_host& h = find(host);
  std::uint64_t n = 0;
  if (state == "CLOSED") {
    for (const auto& p : h.processes) n += p->closed_sockets();
    return n;
  }
  for (const auto& row : rows_of(h)) n += row.state == state ? 1U : 0U;
  return n;
}

bool world::set_sysctl(std::string_view host, std::string_view name, std::string_view value,
                       std::string& message) {
  message = find(host).set_sysctl(name, value);
  return message.empty();
}

bool world::set_firewall(std::string_view host, std::span<const firewall_rule> rules,
                         std::string& message) {
  const auto inside = find(host).place.space.enter();
  message = real::set_firewall(rules);
  return message.empty();
}

void world::begin_counting(instant from) {
  for (const auto& h : hosts_) {
    note_levels(*h);
    h->ports.restart(from);
    h->time_wait.restart(from);
    h->counters_before = read_counters(h->place.space);
  }
}

bool world::set_link(std::uint32_t link, const link_change& change, std::string& message) {
  if (wires_.set_link(link, change)) return true;
  message = "a link without latency is a veth pair, which stays as it is (give it a latency)";
  return false;
}

bool world::capture(observe::packet_log* log) {
  taps_.reset();
  if (log == nullptr) return true;
  taps_ = std::make_unique<packet_taps>(*log, hosts_.size());
  for (const auto& h : hosts_) {
    const auto inside = h->place.space.enter();
    if (const int error = taps_->open(h->place.name); error != 0)
      throw unable(fmt::format("packets cannot be captured: {}", std::strerror(error)));
  }
  return true;
}

void world::start() {
  loop_.start();
  if (taps_) taps_->zero_is_now();
}

observe::backend::stop world::run_until(instant until, bool (*keep_going)(void*), void* context) {
  if (loop_.now() == instant{}) start();
  const stop why = turn_until(until, keep_going, context);
  if (taps_) taps_->drain();
  return why;
}

observe::backend::stop world::turn_until(instant until, bool (*keep_going)(void*), void* context) {
  constexpr duration patience = std::chrono::milliseconds{50};
  while (true) {
    if (all_finished_) {
      all_finished_ = false;
      settle();
      return stop::finished;
    }
    // A caller that comes late (samples cost time) still lets happen what is due, or it would
    // starve it.
    loop_.turn(until, patience);
    if (taps_) taps_->drain();
    if (loop_.now() >= until && !all_finished_) return stop::reached;
    if (keep_going != nullptr && !keep_going(context)) return stop::interrupted;
  }
}

/// What the last calls have caused elsewhere is still to be answered there; the simulated world
/// does that within the same instant.
void world::settle() {
  constexpr duration quiet = std::chrono::milliseconds{20};
  constexpr duration most = std::chrono::seconds{1};
  const instant begin = loop_.now();
  std::uint64_t before = loop_.wakeups() + 1;
  while (before != loop_.wakeups() && loop_.now() - begin < most) {
    before = loop_.wakeups();
    loop_.turn(loop_.now() + quiet, quiet);
  }
}

std::vector<std::string> world::host_names() const {
  std::vector<std::string> names;
  for (const auto& h : hosts_) names.push_back(h->place.name);
  return names;
}

void world::note_levels(one_host& h) const {
  const local_ports range = read_local_ports(h.place.space);
  const auto rows = rows_of(h);
  std::set<std::uint16_t> listening;
  for (const auto& row : rows)
    if (row.state == "LISTEN") listening.insert(row.local.port);
  std::set<endpoint> held;
  std::uint64_t waiting = 0;
  for (const auto& row : rows) {
    // A listener's half-open connection is a request, which holds no port (inet_reqsk_alloc()).
    const bool request = row.state == "SYN-RECEIVED" && listening.contains(row.local.port);
    const bool in_range = row.local.port >= range.low && row.local.port <= range.high;
    if (in_range && !request) held.insert({row.local.address.unmapped(), row.local.port});
    waiting += row.state == "TIME-WAIT" ? 1U : 0U;
  }
  h.ports.set(held.size(), now());
  h.time_wait.set(waiting, now());
}

observe::port_levels world::levels(std::string_view host) const {
  one_host& h = find(host);
  note_levels(h);
  return {h.ports.now, h.time_wait.now};
}

observe::host_metrics world::look(std::string_view host) const {
  one_host& h = find(host);
  note_levels(h);
  observe::host_metrics m;
  m.name = h.place.name;
  const local_ports range = read_local_ports(h.place.space);
  m.tcp.low = range.low;
  m.tcp.high = range.high;
  m.tcp.capacity = range.capacity;
  m.tcp.ports = h.ports;
  m.udp.low = range.low;
  m.udp.high = range.high;
  m.udp.capacity = range.capacity;
  m.time_wait = h.time_wait;
  const auto rows = rows_of(h);  // once: time passes while the kernel walks its table
  for (std::size_t i = 0; i < observe::state_names.size(); ++i) {
    const std::string_view state = observe::state_names[i];
    if (state == "CLOSED") {
      m.sockets[i] = count(host, state);
      continue;
    }
    for (const auto& row : rows) m.sockets[i] += row.state == state ? 1U : 0U;
  }
  for (const auto& [name, value] : read_counters(h.place.space)) {
    const auto before = h.counters_before.find(name);
    const bool level = name == "TcpCurrEstab";
    m.nstat[name] = level || before == h.counters_before.end() ? value : value - before->second;
  }
  return m;
}

}  // namespace

std::unique_ptr<observe::backend> make_world(const spec::scenario& s) {
  auto w = std::make_unique<world>(s);
  w->make_hosts(s);
  return w;
}

std::unique_ptr<observe::backend> make_loopback_world(const spec::scenario& s,
                                                      const std::set<std::uint16_t>& ports,
                                                      const std::atomic<bool>* interrupted) {
  auto w = std::make_unique<world>(s);
  w->be_the_machine(s, ports, interrupted);
  return w;
}

}  // namespace fourtuple::real
