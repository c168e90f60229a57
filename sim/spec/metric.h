// Which metric paths exist in the result tree (FORMAT section 4), so that a misspelt one is an
// error at load. One table; report and run read the tree by the same paths.
#pragma once

#include "sim/spec/condition.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fourtuple::spec {

struct scenario;

/// One step of a path: a key, or an index of a list (then `key` is empty).
struct path_segment {
  std::string key;
  std::uint32_t index = 0;
  friend bool operator==(const path_segment&, const path_segment&) = default;
};
using metric_path = std::vector<path_segment>;

/// Splits "apps.load.errors.EADDRNOTAVAIL", "script[3].result", "hosts.client.sysctls[net.core.x]".
/// Nothing (and a reason in `why`) where it is not a path.
[[nodiscard]] std::optional<metric_path> parse_path(std::string_view text, std::string& why);
[[nodiscard]] std::string to_string(const metric_path& p);

/// A path that exists in that scenario's tree and the kind of value there; else why not, with the
/// nearest name.
struct metric_lookup {
  metric_path path;
  value_kind kind = value_kind::count;
  std::string error;
};
[[nodiscard]] metric_lookup find_metric(const scenario& s, std::string_view path);

/// The eleven state names: LISTEN ... TIME-WAIT CLOSED.
[[nodiscard]] std::span<const std::string_view> socket_states();
/// nstat(8) names that exist in the tree (TcpActiveOpens, TcpExtTW, ...).
[[nodiscard]] std::span<const std::string_view> nstat_names();

}  // namespace fourtuple::spec
