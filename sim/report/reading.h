// Reading an outcome for a report: short ways into its tree, and the failure that matters.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/observe/outcome.h"

namespace fourtuple::report {

/// The node under these keys, or null.
[[nodiscard]] const observe::value* find(const observe::value& tree,
                                         std::initializer_list<std::string_view> keys);
/// Its number (ns of a time, billionths of a decimal), 0 where there is none.
[[nodiscard]] std::int64_t number(const observe::value& tree,
                                  std::initializer_list<std::string_view> keys);
[[nodiscard]] std::uint64_t count(const observe::value& tree,
                                  std::initializer_list<std::string_view> keys);
[[nodiscard]] std::string text(const observe::value& tree,
                               std::initializer_list<std::string_view> keys);

/// The first failed attempt of an app.
struct app_failure {
  std::size_t app = 0;  ///< in scenario->apps
  std::string member;   ///< the host it happened on
  std::int64_t at = 0;  ///< ns
  std::string error;
  std::string call;
  std::uint64_t attempt = 0;
  std::optional<endpoint> to;  ///< where it is known
};
/// Of every app that failed, the earliest first.
[[nodiscard]] std::vector<app_failure> app_failures(const observe::outcome& o);
/// The first ones of an app with another error than its first, of all apps, the earliest first.
[[nodiscard]] std::vector<app_failure> other_failures(const observe::outcome& o);

/// The start that failed and that a report begins with: one that was not expected to, else one that
/// came before every failed attempt. Null: none.
[[nodiscard]] const observe::start_failure* leading_start_failure(const observe::outcome& o);
[[nodiscard]] const observe::start_failure* start_failure_of(const observe::outcome& o,
                                                             const spec::app& a);
/// Where an app connects to; empty for servers.
[[nodiscard]] std::vector<endpoint> destinations_of(const spec::app& a);
/// Where it binds its sockets to, in turn; null for kinds that cannot.
[[nodiscard]] const std::vector<endpoint>* binds_of(const spec::app& a);
/// Whether two apps run on a host that both have.
[[nodiscard]] bool runs_beside(const spec::app& a, const spec::app& b);
/// The app that serves that TCP (or UDP) port; null where the file has none. On 127.0.0.1 it is one
/// of the host of `client`, where that is known.
[[nodiscard]] const spec::app* listener_at(const spec::scenario& s, const endpoint& to,
                                           bool udp = false, const spec::app* client = nullptr);
/// The name of the host an app runs on: "client", "fleet", "fleet-3".
[[nodiscard]] std::string host_of(const spec::scenario& s, const spec::app& a);
/// The host of that name, of a counted one the member ("fleet-3").
[[nodiscard]] std::optional<spec::host_ref> member_called(const spec::scenario& s,
                                                          std::string_view name);
/// "file.yaml:12", "file.yaml" where no line is known.
[[nodiscard]] std::string place(const observe::outcome& o, int line);

}  // namespace fourtuple::report
