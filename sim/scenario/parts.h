// The loader, one function per part of a file. Each reads its nodes into context::out and reports
// into context::errors; later parts rely on earlier ones (hosts, links, apps, script, expect).
#pragma once

#include "sim/scenario/reader.h"

#include <optional>
#include <string>
#include <vector>

namespace fourtuple::scenario {

void load_hosts(context& c, const node& hosts);
/// firewall: of the hosts; rules name hosts, so all are known by then.
void load_firewalls(context& c, const node& hosts);
void load_links(context& c, const node& links);
/// The link between the two hosts that `key` names, as an index of links:.
[[nodiscard]] std::optional<std::uint32_t> find_link(context& c, mapping& m, const char* key);
inline constexpr std::string_view keeps_whether_it_takes_time =
    "a link keeps whether it takes time: it has no latency from the start or always some";
/// The keys of a link that are given; `shape` is the link so far, and then with them.
[[nodiscard]] link_change read_link_change(mapping& m, spec::link_shape& shape);
void load_apps(context& c, const node& apps);
void load_script(context& c, const node& script);
void load_expect(context& c, const node& expect, std::optional<duration> at);
void load_expect_at(context& c, const node& expect_at);
/// `root` is the whole file, in which the paths of `set` must lead somewhere.
void load_real(context& c, const node& real, const node& root);

/// Reads a whole tree, but for its changes.
using read_file_at = void (*)(context& c, const node& root);
/// Comes last: `root` is the whole file, which `read` checks anew after each change.
void load_changes(context& c, const node& changes, const node& root, read_file_at read);

/// Loads that would never end or would wait for ever (check_loads.cpp).
void check_loads(context& c);

/// A host by name, with an error at `where` if there is none.
[[nodiscard]] std::optional<spec::host_selection> look_up_host(context& c, std::string_view name,
                                                               spec::position where);
/// `user:` of a mapping; `inherited` where it is absent.
[[nodiscard]] spec::user read_user(mapping& m, std::string_view key, const spec::user& inherited);
/// Elements of `options:`, the table's default where absent.
[[nodiscard]] std::vector<spec::sockopt_setting> read_options(context& c, mapping& m);
/// The value of one socket option.
[[nodiscard]] std::optional<spec::sockopt_value> read_sockopt_value(context& c, const node& n,
                                                                    spec::sockopt option);
/// A list of firewall rules.
[[nodiscard]] std::vector<firewall_rule> read_firewall(context& c, const node& n, bool router);
/// Numbers and ranges, 1 .. 65535, one or a list.
[[nodiscard]] std::vector<profile::port_range> read_ports(context& c, const node& n);
/// Whether "host:port" leads to a host whose address has a mistake: that it has none, or not of
/// this family, would be said twice.
[[nodiscard]] bool is_misaddressed(const context& c, std::string_view to);
/// `to:` and `bind:`: one or a list; names become addresses.
[[nodiscard]] std::vector<endpoint> read_endpoints(context& c, const node& n, std::string_view what,
                                                   const spec::host_selection& from,
                                                   std::optional<family> family_wanted,
                                                   std::uint16_t least_port);
/// Bounds what resolved names may amount to; false and an error where it is exceeded.
[[nodiscard]] bool count_endpoints(context& c, std::size_t more, spec::position where);

}  // namespace fourtuple::scenario
