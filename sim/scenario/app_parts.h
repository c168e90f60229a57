// Kinds of apps, one reader each, and what they share.
#pragma once

#include "sim/scenario/parts.h"

namespace fourtuple::scenario {

inline constexpr duration microsecond{1000};

/// What the payload of one IPv4 datagram holds: 65535 - 20 - 8 (RFC 768, RFC 791).
inline constexpr std::uint64_t most_udp_bytes = 65'507;

/// What reading a kind needs beside its own keys.
struct place {
  const spec::app& app;
  context& c;
};

using kind_reader = spec::app_kind(place p, mapping& m);

// load_servers.cpp
kind_reader read_echo_server;
kind_reader read_listener;
kind_reader read_proxy;
kind_reader read_udp_server;

// load_clients.cpp
kind_reader read_load;
kind_reader read_pool;
kind_reader read_echo_client;
kind_reader read_udp_client;

// load_scan.cpp
kind_reader read_scan;

// app_parts.cpp
/// `to:`, or what else names where to. An error where they are of another family than `bind`.
[[nodiscard]] std::vector<endpoint> destinations(place p, mapping& m,
                                                 const std::vector<endpoint>& bind,
                                                 std::string_view key = "to");
/// `bind:`, all of one family.
[[nodiscard]] std::vector<endpoint> binds(place p, mapping& m);
/// Keys that say more about what another one asks for; `retries: 0` may become more by a change.
void belong_to(mapping& m, std::string_view main, std::initializer_list<std::string_view> keys);
[[nodiscard]] std::optional<std::uint32_t> small(std::optional<std::int64_t> n);

}  // namespace fourtuple::scenario
