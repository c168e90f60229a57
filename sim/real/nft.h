// The firewall rules of a host as a ruleset of nft(8), and putting it into the kernel.
#pragma once

#include <fourtuple/firewall.h>

#include <span>
#include <string>

namespace fourtuple::real {

/// A script for `nft -f`: replaces the table `inet fourtuple`, and touches no other.
[[nodiscard]] std::string nft_ruleset(std::span<const firewall_rule> rules);

/// Runs nft in the calling thread's network namespace, which needs CAP_NET_ADMIN there. Empty, or
/// one sentence about what is missing or what nft said.
[[nodiscard]] std::string set_firewall(std::span<const firewall_rule> rules);

}  // namespace fourtuple::real
