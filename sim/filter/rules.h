// Rules of a firewall for those who explain what happened: which one decided, and its words.
#pragma once

#include <fourtuple/firewall.h>

#include <cstdint>
#include <span>
#include <string>

namespace fourtuple::filter {

/// The rule that decides about packets of that kind at a hook; null: none, they are
/// accepted.
[[nodiscard]] const firewall_rule* deciding_rule(std::span<const firewall_rule> rules,
                                                 firewall_rule::direction which,
                                                 firewall_rule::protocol of,
                                                 const ip_address& source,
                                                 std::uint16_t destination_port);
/// A rule as a file writes it: "{ reject: tcp/8080, with: tcp-reset, direction: out }".
[[nodiscard]] std::string to_string(const firewall_rule& r);

}  // namespace fourtuple::filter
