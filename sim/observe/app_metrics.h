// What an application counts about itself, filled by sim/apps on either kernel and rendered into
// the result tree under apps.NAME. Names are those of the JSON (FORMAT 4).
#pragma once

#include <fourtuple/address.h>
#include <fourtuple/errc.h>
#include <fourtuple/process.h>
#include <fourtuple/time.h>

#include <array>
#include <bitset>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fourtuple::observe {

/// What went wrong with an attempt: an errno, or the application's own word.
struct fault {
  enum class word : std::uint8_t { errno_name, timeout, eof } kind = word::errno_name;
  errc error = errc::ok;
  [[nodiscard]] std::string text() const;  ///< "EADDRNOTAVAIL", "timeout", "eof"
  friend bool operator==(const fault&, const fault&) = default;
};

/// The first attempt that failed.
struct first_failure {
  instant at{};
  fault what;
  std::string call;           ///< "socket", "bind", "connect", "send", "recv", ...
  std::uint64_t attempt = 0;  ///< counts `attempted` from 1
};

/// Exact samples, compressed by value: percentiles by nearest rank over all of them.
class duration_samples {
 public:
  void add(duration d) {
    ++count_;
    if (last_ == nullptr || last_->first != d) turn_to(d);
    ++last_->second;
  }
  void merge(const duration_samples& other);
  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// The value of rank ceil(percent/100*count), percent 0..100 (0: the least); nothing if empty.
  [[nodiscard]] std::optional<duration> percentile(unsigned percent) const;

 private:
  [[gnu::noinline]] void turn_to(duration d);

  std::map<duration, std::uint64_t> samples_;
  std::uint64_t count_ = 0;
  std::pair<const duration, std::uint64_t>* last_ = nullptr;  ///< most runs repeat one value
};

/// Distinct four-tuples that an application has used: a set bit per local port, kept per (local
/// address, remote endpoint), so that its size does not grow with the number of connections.
class tuple_set {
 public:
  void add(const endpoint& local, const endpoint& remote) {
    if (last_key_ == nullptr || last_key_->first != local.address || last_key_->second != remote)
      turn_to(local.address, remote);
    auto bit = (*last_)[local.port];
    if (bit) return;
    bit = true;
    ++size_;
  }
  void merge(const tuple_set& other);
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  using key = std::pair<ip_address, endpoint>;
  using ports = std::bitset<65536>;
  [[gnu::noinline]] void turn_to(const ip_address& local, const endpoint& remote);

  std::map<key, std::unique_ptr<ports>> used_;
  std::uint64_t size_ = 0;
  const key* last_key_ = nullptr;
  ports* last_ = nullptr;
};

/// One connection of the list of the first hundred.
struct connection_row {
  int fd = -1;
  endpoint local;
  endpoint remote;
  instant opened_at{};
  std::optional<instant> closed_at;
  enum class by : std::uint8_t { nobody, client, server, reset } closed_by = by::nobody;
};

/// What a scan found out about one port.
struct scanned_port {
  enum class verdict : std::uint8_t {
    none,      ///< not known yet
    open,      ///< connect() succeeded; UDP: something answered
    closed,    ///< ECONNREFUSED
    filtered,  ///< silence until the time-out
    error,     ///< any other errno
  };
  std::uint16_t port = 0;
  verdict state = verdict::none;
  errc error = errc::ok;  ///< ECONNREFUSED of a closed port, the errno of an error
  duration after{};       ///< from the call of connect()
};
[[nodiscard]] std::string_view name(scanned_port::verdict v);

/// A level that goes up and down, with its peak and when that was first reached.
struct gauge {
  std::uint64_t now = 0;
  std::uint64_t peak = 0;
  std::optional<instant> peak_at;
  void set(std::uint64_t value, instant at) {
    now = value;
    if (value > peak) {
      peak = value;
      peak_at = at;
    }
  }
  /// From now on the peak counts from this level.
  void restart(instant at) {
    peak = now;
    peak_at = now != 0 ? std::optional(at) : std::nullopt;
  }
};

/// Failures by errno, and those that the application has words of its own for.
struct error_counts {
  std::array<std::uint64_t, errc_count> by_errno{};
  std::uint64_t timeouts = 0;
  std::uint64_t eofs = 0;
  void add(fault what);
  [[nodiscard]] std::uint64_t sum() const;
};

/// One process's numbers. Server, client and pool fields stay empty where they do not apply.
struct app_metrics {
  static constexpr std::size_t max_rows = 100;

  std::string name;    ///< the application's
  std::string kind;    ///< "load", "echo_server", ...
  std::string member;  ///< the host it runs on (fleet-1)

  std::uint64_t requests = 0;
  std::uint64_t attempted = 0;
  std::uint64_t connected = 0;
  std::uint64_t completed = 0;
  std::uint64_t failed = 0;
  error_counts errors;
  std::optional<observe::first_failure> first_failure;
  std::vector<observe::first_failure> other_firsts;  ///< the first of every other kind, by time
  duration_samples connect_time;
  tuple_set tuples;
  std::vector<connection_row> connections;  ///< the first max_rows
  std::uint32_t fd_limit = 0;
  std::uint32_t fd_peak = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;

  // servers
  bool listening = false;
  std::uint64_t accepted = 0;
  gauge active;
  /// bind() or listen() failed: the report's first line.
  struct start_failure {
    instant at{};
    errc error = errc::ok;
    std::string call;
    endpoint where;
    fourtuple::transport transport = fourtuple::transport::tcp;
  };
  std::optional<start_failure> not_started;

  // echo_client
  std::vector<std::string> replies;

  // scan
  std::vector<scanned_port> ports;  ///< in the order of the file
  fourtuple::transport scanned = fourtuple::transport::tcp;

  // pool
  std::uint64_t pool_size = 0;
  std::uint64_t waited = 0;
  // pool, proxy (its upstream connections)
  std::uint64_t opened = 0;
  std::uint64_t reused = 0;

  // proxy
  std::unique_ptr<error_counts> upstream_errors;  ///< of `errors` those of attempts upstream
  std::uint64_t resets_on_reuse = 0;

  bool finished = false;  ///< it has done what it came for

  // What was before the end of a warm-up. Applications number what they do by `requests` and
  // `attempted`, which therefore go on; results take these off.
  instant counted_from{};  ///< connections opened before are not listed
  std::uint64_t requests_before = 0;
  std::uint64_t attempted_before = 0;
  std::uint64_t accepted_before = 0;  ///< of `accepted`, which begins anew
  std::uint64_t errors_before = 0;  ///< of any kind

  /// Ends the warm-up: counters begin anew, levels stay, peaks are those from now on. The list of
  /// connections is empty already where `counted_from` was set at the start.
  void begin_counting(instant now);
  /// A connection opened now has a place in the list.
  [[nodiscard]] bool lists(instant now) const {
    return connections.size() != max_rows && now >= counted_from;
  }
  /// All errors of the whole run, time-outs and ends of file among them.
  [[nodiscard]] std::uint64_t errors_ever() const { return errors_before + errors.sum(); }

  /// Counts it in `errors`.
  void count(fault what);
  /// Counts a failed attempt and remembers the first, and the first of every other kind.
  void fail(instant at, fault what, std::string_view call, std::uint64_t attempt);
};

}  // namespace fourtuple::observe
