// The plain description of a checked scenario: what sim/scenario makes of a YAML file and what
// engine, real, apps and run read. Everything here is valid: names resolve, units are parsed,
// defaults are filled in. No YAML, no I/O.
#pragma once

#include "sim/spec/app.h"
#include "sim/spec/change.h"
#include "sim/spec/condition.h"
#include "sim/spec/host.h"
#include "sim/spec/metric.h"
#include "sim/spec/script.h"
#include "sim/spec/units.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fourtuple::spec {

/// One row of `expect:` or `expect_at:`. A list of conditions gives several.
struct expectation {
  std::string metric;  ///< as written
  metric_path path;
  value_kind kind = value_kind::count;
  condition cond;
  std::optional<duration> at;  ///< expect_at: tested then; nothing: at the end
  position where;              ///< of the metric
};

/// Where the real side of a crosscheck runs.
enum class real_place : std::uint8_t {
  namespaces,  ///< each host a network namespace
  loopback,    ///< all of them on this machine's loopback; no privilege
};

/// `real:`, how the file runs on the real kernel.
struct real_run {
  std::optional<std::string> skip;                       ///< why it does not
  std::vector<std::pair<std::string, std::string>> set;  ///< changes for both sides, as --set
  std::int64_t tolerance_ppm = 200'000;                  ///< of what is compared by time
  std::optional<real_place> backend;  ///< nothing: the best that the machine allows
};

inline constexpr std::int64_t largest_seed = 999'999'999'999'999'999;

struct scenario {
  std::string file;  ///< as named by the user; "-" is standard input
  std::string title;
  std::string why;
  std::uint64_t seed = 1;
  std::optional<fourtuple::duration>
      duration;                  ///< nothing: until every script and app that can end has ended
  fourtuple::duration warmup{};  ///< what happens before is not counted
  std::optional<fourtuple::duration> pace;  ///< of the script; nothing: one round trip of the
                                            ///< slowest path plus 1 ms
  std::vector<host> hosts;                  ///< in file order
  std::vector<link> links;                  ///< empty: one segment without delay
  std::vector<app> apps;                    ///< in file order
  std::vector<step> script;
  std::vector<change> changes;  ///< by time
  std::vector<expectation> expect;
  real_run real;

  [[nodiscard]] std::uint64_t host_count() const;  ///< members counted
};

/// Every member of every host in the order of their names: host numbers are places in it, so that
/// the order of a file decides nothing (DESIGN 4.5).
[[nodiscard]] std::vector<host_ref> in_name_order(const scenario& s);

/// A host by the name a user writes: "client", "fleet" (all), "fleet-3" (one).
[[nodiscard]] std::optional<host_selection> find_host(const scenario& s, std::string_view name);
/// Which host has that address; loopback and unknown ones: nothing.
[[nodiscard]] std::optional<host_ref> owner_of(const scenario& s, const ip_address& a);
/// "client", "fleet-3".
[[nodiscard]] std::string host_name(const scenario& s, host_ref h);
[[nodiscard]] std::string host_name(const scenario& s, host_selection h);
/// An app by name; null where there is none.
[[nodiscard]] const app* find_app(const scenario& s, std::string_view name);

/// An endpoint as a file writes it: "10.0.0.2:80", "[::1]:80", "server:80", "fleet-3:80",
/// "localhost:80", "0.0.0.0:0". A name is that host's first address of `f`. A counted name without
/// member gives all of them, in order. Empty and `why` set where it is none of these.
[[nodiscard]] std::vector<endpoint> resolve_endpoints(const scenario& s, std::string_view text,
                                                      family f, std::string& why);

}  // namespace fourtuple::spec
