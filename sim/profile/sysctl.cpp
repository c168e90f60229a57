// One row per modelled sysctl: name, limits, field. The limits are the kernel's own (proc handlers
// of sysctl_net_ipv4.c), probed on 6.18 in a network namespace; where the kernel takes nonsense
// that the model cannot mean anything by (negative times, flags above 1), the row is stricter.
#include "sim/profile/sysctl.h"

#include "sim/profile/nearest.h"
#include "sim/profile/sysctl_names.h"
#include "sim/profile/sysctl_syntax.h"

#include <algorithm>
#include <chrono>
#include <variant>

namespace fourtuple::profile {
namespace {

using namespace std::chrono_literals;

using field = std::variant<bool sysctls::*, std::uint8_t sysctls::*, std::uint16_t sysctls::*,
                           std::int32_t sysctls::*, duration sysctls::*, port_range sysctls::*,
                           port_set sysctls::*, std::array<std::int32_t, 3> sysctls::*,
                           congestion_control sysctls::*>;

struct row {
  sysctl_info info;
  field where;
  std::int64_t least = 0;
  std::int64_t most = 1;
  duration unit = 1s;  ///< of one count, for fields that are times
};

constexpr std::int64_t int_max = INT32_MAX;
// Seconds and milliseconds are kept as int jiffies in the kernel; with HZ up to 1000 this is the
// smallest limit (proc_dointvec_jiffies).
constexpr std::int64_t seconds_max = INT32_MAX / 1000;

constexpr kernel_version always{0, 0};
using s = sysctls;

const row rows[] = {
    {{"net.ipv4.ip_local_port_range", "LOW HIGH", always,
      "ports that the system chooses from; LOW not below ip_unprivileged_port_start"},
     &s::ip_local_port_range},
    {{"net.ipv4.ip_local_reserved_ports", "8080,9000-9010", always,
      "ports of the range that the system never chooses; empty: none"},
     &s::ip_local_reserved_ports},
    {{"net.ipv4.ip_unprivileged_port_start",
      "0 .. 65535",
      {4, 11},
      "ports below it need user root"},
     &s::ip_unprivileged_port_start,
     0,
     65535},
    {{"net.ipv4.ip_autobind_reuse",
      "0 or 1",
      {5, 6},
      "bind(0) may share ports whose holders all have SO_REUSEADDR"},
     &s::ip_autobind_reuse},
    {{"net.ipv4.ip_nonlocal_bind", "0 or 1", always, "bind() to addresses the host does not have"},
     &s::ip_nonlocal_bind},
    {{"net.ipv4.ip_default_ttl", "1 .. 255", always, "hop limit of what the host sends over IPv4"},
     &s::ip_default_ttl,
     1,
     255},
    {{"net.ipv4.tcp_tw_reuse", "0, 1 or 2", always,
      "connect() may take over a TIME-WAIT: never, always, on loopback"},
     &s::tcp_tw_reuse,
     0,
     2},
    {{"net.ipv4.tcp_tw_reuse_delay", "1 .. 60000 (ms)", {6, 14}, "how old that TIME-WAIT must be"},
     &s::tcp_tw_reuse_delay,
     1,
     60000,
     1ms},
    {{"net.ipv4.tcp_fin_timeout", "seconds", always,
      "an orphan's FIN-WAIT-2; TIME-WAIT always lasts 60 s"},
     &s::tcp_fin_timeout,
     0,
     seconds_max,
     1s},
    {{"net.ipv4.tcp_max_tw_buckets", "count", always, "TIME-WAITs kept; one more is not kept"},
     &s::tcp_max_tw_buckets,
     0,
     int_max},
    {{"net.ipv4.tcp_max_orphans", "count", always,
      "connections without a process; one more is reset"},
     &s::tcp_max_orphans,
     0,
     int_max},
    {{"net.ipv4.tcp_orphan_retries", "0 .. 255", always, "retransmissions of an orphan; 0 means 8"},
     &s::tcp_orphan_retries,
     0,
     255},
    {{"net.ipv4.tcp_rfc1337", "0 or 1", always, "a reset does not end TIME-WAIT"}, &s::tcp_rfc1337},
    {{"net.core.somaxconn", "count", always, "ceiling of the listen backlog"},
     &s::somaxconn,
     0,
     int_max},
    {{"net.ipv4.tcp_max_syn_backlog", "count", always,
      "half-open requests of a listener; used only with tcp_syncookies 0"},
     &s::tcp_max_syn_backlog,
     0,
     int_max},
    {{"net.ipv4.tcp_syncookies", "0, 1 or 2", always, "never, when the SYN queue is full, always"},
     &s::tcp_syncookies,
     0,
     2},
    {{"net.ipv4.tcp_abort_on_overflow", "0 or 1", always,
      "a full accept queue answers the final ACK with a reset"},
     &s::tcp_abort_on_overflow},
    {{"net.ipv4.tcp_migrate_req",
      "0 or 1",
      {5, 14},
      "a closed listener's connections go to the others of its SO_REUSEPORT group"},
     &s::tcp_migrate_req},
    {{"net.ipv4.tcp_synack_retries", "0 .. 255", always, "retransmissions of a SYN-ACK"},
     &s::tcp_synack_retries,
     0,
     255},
    {{"net.ipv4.tcp_syn_retries", "1 .. 127", always, "retransmissions of a SYN"},
     &s::tcp_syn_retries,
     1,
     127},
    {{"net.ipv4.tcp_syn_linear_timeouts",
      "0 .. 127",
      {6, 5},
      "SYN timeouts that do not double, beside tcp_syn_retries"},
     &s::tcp_syn_linear_timeouts,
     0,
     127},
    {{"net.ipv4.tcp_retries2", "0 .. 255", always, "how long unacknowledged data is retransmitted"},
     &s::tcp_retries2,
     0,
     255},
    {{"net.ipv4.tcp_rto_min_us", "microseconds", {6, 11}, "least retransmission timeout"},
     &s::tcp_rto_min,
     1,
     int_max,
     1us},
    {{"net.ipv4.tcp_rto_max_ms", "1000 .. 120000", {6, 15}, "largest retransmission timeout"},
     &s::tcp_rto_max,
     1000,
     120000,
     1ms},
    {{"net.ipv4.tcp_timestamps", "0, 1 or 2", always, "off, with a random offset, without"},
     &s::tcp_timestamps,
     0,
     2},
    {{"net.ipv4.tcp_sack", "0 or 1", always, "selective acknowledgements"}, &s::tcp_sack},
    {{"net.ipv4.tcp_window_scaling", "0 or 1", always, "windows above 64 KiB"},
     &s::tcp_window_scaling},
    {{"net.ipv4.tcp_ecn", "0, 1 or 2", always,
      "ECN: never, offered and accepted, accepted; accurate ECN (3 to 5) is not modelled"},
     &s::tcp_ecn,
     0,
     2},
    {{"net.ipv4.tcp_ecn_fallback", "0 or 1", {4, 2}, "a SYN that is sent again offers no ECN"},
     &s::tcp_ecn_fallback},
    {{"net.ipv4.tcp_invalid_ratelimit",
      "milliseconds",
      {4, 0},
      "least time between two replies to invalid segments"},
     &s::tcp_invalid_ratelimit,
     0,
     int_max,
     1ms},
    {{"net.ipv4.tcp_backlog_ack_defer",
      "0 or 1",
      {6, 7},
      "what came during a system call is acknowledged once, at its end"},
     &s::tcp_backlog_ack_defer},
    {{"net.ipv4.tcp_congestion_control", "cubic or reno", always,
      "how the congestion window moves"},
     &s::tcp_congestion_control},
    {{"net.ipv4.tcp_early_retrans", "0 .. 4", always,
      "3 and 4: the tail is probed before the timeout"},
     &s::tcp_early_retrans,
     0,
     4},
    {{"net.ipv4.tcp_frto", "0, 1 or 2", always, "a timeout may be found to be spurious; 0: never"},
     &s::tcp_frto,
     0,
     2},
    {{"net.ipv4.tcp_reordering", "1 .. 65535", always,
      "segments by which a path is taken to reorder"},
     &s::tcp_reordering,
     1,
     65535},
    {{"net.ipv4.tcp_max_reordering", "1 .. 65535", always, "the most a connection learns of it"},
     &s::tcp_max_reordering,
     1,
     65535},
    {{"net.ipv4.tcp_retrans_collapse", "0 or 1", always, "small segments are resent as one"},
     &s::tcp_retrans_collapse},
    {{"net.ipv4.tcp_slow_start_after_idle", "0 or 1", always,
      "an idle connection starts slowly again"},
     &s::tcp_slow_start_after_idle},
    {{"net.ipv4.tcp_moderate_rcvbuf", "0 or 1", always, "receive buffers grow with what is read"},
     &s::tcp_moderate_rcvbuf},
    {{"net.ipv4.icmp_ratelimit", "milliseconds", always,
      "between two ICMP errors to one peer, in bursts of six; 0: no limit"},
     &s::icmp_ratelimit,
     0,
     int_max,
     1ms},
    {{"net.ipv4.icmp_ratemask", "bits", always,
      "ICMP types with a rate limit; 8 is destination unreachable"},
     &s::icmp_ratemask,
     0,
     int_max},
    {{"net.ipv4.icmp_msgs_per_sec", "count", {3, 18}, "ICMP errors a second to all peers together"},
     &s::icmp_msgs_per_sec,
     0,
     int_max},
    {{"net.ipv4.icmp_msgs_burst", "count", {3, 18}, "how many of them at once"},
     &s::icmp_msgs_burst,
     0,
     int_max},
    {{"net.ipv4.tcp_keepalive_time", "seconds", always, "silence before the first keepalive probe"},
     &s::tcp_keepalive_time,
     1,
     seconds_max,
     1s},
    {{"net.ipv4.tcp_keepalive_intvl", "seconds", always, "between keepalive probes"},
     &s::tcp_keepalive_intvl,
     1,
     seconds_max,
     1s},
    {{"net.ipv4.tcp_keepalive_probes", "1 .. 255", always,
      "unanswered probes that end a connection"},
     &s::tcp_keepalive_probes,
     1,
     255},
    {{"net.ipv4.tcp_rmem", "MIN DEFAULT MAX (bytes)", always, "receive buffer; decides the window"},
     &s::tcp_rmem,
     1,
     int_max},
    {{"net.ipv4.tcp_wmem", "MIN DEFAULT MAX (bytes)", always, "send buffer"},
     &s::tcp_wmem,
     1,
     int_max},
};

const row* find_row(std::string_view name) {
  for (const auto& r : rows)
    if (r.info.name == name) return &r;
  return nullptr;
}

std::string version_text(kernel_version v) {
  return std::to_string(v.major) + "." + std::to_string(v.minor);
}

std::string quoted(std::string_view t) { return "'" + std::string(t) + "'"; }

std::string bad_value(const row& r, std::string_view text) {
  return std::string(r.info.name) + ": " + quoted(text) + " is not " + std::string(r.info.syntax);
}

using refusal = std::optional<std::string>;

/// Writes one field; the alternatives of `field` in turn.
struct writer {
  sysctls& to;
  const host_profile& profile;
  const row& r;
  std::string_view text;

  [[nodiscard]] std::optional<std::int64_t> whole() const {
    const auto n = read_whole(text);
    if (!n || *n < r.least || *n > r.most) return std::nullopt;
    return n;
  }
  template <class T>
  refusal operator()(T sysctls::*f) const {
    const auto n = whole();
    if (!n)
      return std::string(r.info.name) + ": " + quoted(text) + " is not a whole number in " +
             std::to_string(r.least) + " .. " + std::to_string(r.most);
    if constexpr (std::is_same_v<T, bool>) {
      to.*f = *n != 0;
    } else if constexpr (std::is_same_v<T, duration>) {
      to.*f = *n * r.unit;
    } else {
      to.*f = static_cast<T>(*n);
    }
    return std::nullopt;
  }
  refusal operator()(port_range sysctls::*f) const {
    const auto range = read_range(text);
    if (!range) return bad_value(r, text);
    if (range->low > range->high)
      return std::string(r.info.name) + ": " + quoted(text) + ": LOW is above HIGH";
    to.*f = *range;
    return std::nullopt;
  }
  refusal operator()(port_set sysctls::*f) const {
    auto ports = read_port_list(text);
    if (!ports) return bad_value(r, text);
    to.*f = std::move(*ports);
    return std::nullopt;
  }
  refusal operator()(std::array<std::int32_t, 3> sysctls::*f) const {
    const auto three = read_three(text);
    if (!three) return bad_value(r, text);
    to.*f = *three;
    return std::nullopt;
  }
  refusal operator()(congestion_control sysctls::*f) const {
    if (text == "cubic") {
      to.*f = congestion_control::cubic;
    } else if (text == "reno") {
      to.*f = congestion_control::reno;
    } else {
      return std::string(r.info.name) + ": " + why_not(text);
    }
    return std::nullopt;
  }
  [[nodiscard]] static std::string why_not(std::string_view congestion_control) {
    // net/ipv4/tcp_*.c
    constexpr std::string_view of_the_kernel[] = {
        "bbr", "bic", "cdg",  "cubic",    "dctcp", "highspeed", "htcp",     "hybla", "illinois",
        "lp",  "nv",  "reno", "scalable", "vegas", "veno",      "westwood", "yeah"};
    if (std::ranges::find(of_the_kernel, congestion_control) != std::end(of_the_kernel))
      return quoted(congestion_control) + " is not yet modelled (cubic and reno are)";
    return "unknown congestion control " + quoted(congestion_control) +
           did_you_mean(congestion_control, of_the_kernel);
  }
};

/// What the kernel checks across values (ipv4_local_port_range, ipv4_privileged_ports), and values
/// that a profile's kernel does not know.
refusal cross_check(const sysctls& after, const host_profile& p, const row& r,
                    std::string_view text) {
  if (after.ip_local_port_range.low < after.ip_unprivileged_port_start)
    return std::string(r.info.name) + ": " + quoted(text) +
           ": the kernel answers EINVAL where ip_local_port_range begins (" +
           std::to_string(after.ip_local_port_range.low) + ") below ip_unprivileged_port_start (" +
           std::to_string(after.ip_unprivileged_port_start) + ")";
  if (after.tcp_tw_reuse > p.time_wait.reuse_max)
    return std::string(r.info.name) + ": the value 2 exists since Linux 4.19, not in " +
           std::string(p.name);
  return std::nullopt;
}

struct reader {
  const sysctls& from;
  const row& r;

  template <class T>
  std::string operator()(T sysctls::*f) const {
    if constexpr (std::is_same_v<T, duration>) {
      return std::to_string(from.*f / r.unit);
    } else {
      return std::to_string(static_cast<std::int64_t>(from.*f));
    }
  }
  std::string operator()(port_range sysctls::*f) const {
    return std::to_string((from.*f).low) + "\t" + std::to_string((from.*f).high);
  }
  std::string operator()(port_set sysctls::*f) const { return write_port_list(from.*f); }
  std::string operator()(std::array<std::int32_t, 3> sysctls::*f) const {
    const auto& v = from.*f;
    return std::to_string(v[0]) + "\t" + std::to_string(v[1]) + "\t" + std::to_string(v[2]);
  }
  std::string operator()(congestion_control sysctls::*f) const {
    return from.*f == congestion_control::cubic ? "cubic" : "reno";
  }
};

std::string unknown(std::string_view name, const host_profile& p) {
  if (name == "net.ipv4.tcp_tw_recycle" && p.version >= kernel_version{4, 12})
    return "sysctl " + quoted(name) + " went with Linux 4.12, " + std::string(p.name) +
           " has it not (tcp_tw_reuse remains)";
  if (is_unmodelled_sysctl(name)) return "sysctl " + quoted(name) + " is not yet modelled";
  std::vector<std::string_view> known;
  for (const auto& r : rows) known.push_back(r.info.name);
  for (const auto later : unmodelled_sysctls()) known.push_back(later);
  return "unknown sysctl " + quoted(name) + did_you_mean(name, known);
}

}  // namespace

std::span<const sysctl_info> modelled_sysctls() {
  static const auto list = [] {
    std::vector<sysctl_info> out;
    for (const auto& r : rows) out.push_back(r.info);
    return out;
  }();
  return list;
}

sysctls boot_sysctls(const host_profile& p) {
  sysctls v;
  v.ip_local_port_range = p.ports.default_range;
  v.ip_unprivileged_port_start = p.ports.unprivileged_start;
  v.tcp_tw_reuse = p.time_wait.reuse_default;
  v.tcp_tw_reuse_delay = 1s;  // 6.14: 1000 ms
  v.icmp_ratelimit = 1s;      // 1 * HZ (icmp_sk_init)
  v.tcp_fin_timeout = 60s;    // TCP_FIN_TIMEOUT
  v.tcp_max_tw_buckets = static_cast<std::int32_t>(p.time_wait.max_buckets);
  v.tcp_max_orphans = static_cast<std::int32_t>(p.time_wait.max_buckets);  // both ehash entries / 2
  v.somaxconn = p.tcp.somaxconn;
  v.tcp_max_syn_backlog = p.tcp.max_syn_backlog;
  v.tcp_synack_retries = p.tcp.synack_retries;
  v.tcp_syn_retries = p.tcp.syn_retries;
  v.tcp_syn_linear_timeouts = p.tcp.syn_linear_timeouts;
  v.tcp_backlog_ack_defer = p.version >= kernel_version{6, 7};
  v.tcp_rto_min = p.tcp.min_rto;
  v.tcp_rto_max = p.tcp.max_rto;
  v.tcp_invalid_ratelimit = 500ms;  // HZ/2, net/ipv4/tcp_ipv4.c tcp_sk_init
  v.tcp_keepalive_time = 7200s;     // TCP_KEEPALIVE_TIME
  v.tcp_keepalive_intvl = 75s;      // TCP_KEEPALIVE_INTVL
  v.tcp_rmem = {4096, static_cast<std::int32_t>(p.tcp.rmem_default),
                static_cast<std::int32_t>(p.tcp.rmem_max)};
  v.tcp_wmem = {4096, static_cast<std::int32_t>(p.tcp.wmem_default),
                static_cast<std::int32_t>(p.tcp.wmem_max)};
  return v;
}

std::optional<std::string> set_sysctl(sysctls& current, const host_profile& p,
                                      std::string_view name, std::string_view text) {
  const row* r = find_row(name);
  if (r == nullptr) return unknown(name, p);
  if (r->info.since > p.version)
    return "sysctl " + quoted(name) + " exists since Linux " + version_text(r->info.since) +
           ", not in " + std::string(p.name);
  auto after = current;
  if (auto no = std::visit(writer{after, p, *r, text}, r->where)) return no;
  if (auto no = cross_check(after, p, *r, text)) return no;
  current = std::move(after);
  return std::nullopt;
}

std::optional<std::string> read_sysctl(const sysctls& from, const host_profile& p,
                                       std::string_view name) {
  const row* r = find_row(name);
  if (r == nullptr || r->info.since > p.version) return std::nullopt;
  return std::visit(reader{from, *r}, r->where);
}

}  // namespace fourtuple::profile
