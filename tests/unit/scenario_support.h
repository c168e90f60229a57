// What the tests of the loader share: files of the source tree, errors as text.
#pragma once

#include "sim/scenario/scenario.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace fourtuple::scenario::testing {

inline std::filesystem::path source_root() {
  return std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
}

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// "2:1: unknown key ..." per line.
inline std::string errors_of(const std::vector<config_error>& errors) {
  std::string out;
  for (const auto& e : errors) {
    if (e.where.line > 0)
      out += std::to_string(e.where.line) + ":" + std::to_string(e.where.column) + ": ";
    out += e.message + "\n";
  }
  return out;
}

inline std::string errors_of(std::string_view yaml) { return errors_of(load("f", yaml).errors); }

/// Two hosts, and whatever follows.
inline std::string with_hosts(std::string_view rest) {
  return "fourtuple: 1\nhosts:\n  client: { address: 10.0.0.1 }\n  server: { address: 10.0.0.2 "
         "}\n" +
         std::string(rest);
}

/// FORMAT section 2, what this version models of it.
inline constexpr const char* format_section_2 =
    R"(fourtuple: 1                       # format version, required
title: One client opening 1,000 connections a second runs out of ports after 28 s
why: https://github.com/grafana/k6/issues/826       # optional: where this was met
seed: 1                            # default 1
duration: 40 s                     # virtual time

hosts:
  client:
    os: linux-6.18                 # a profile
    hz: 250                        # of a linux profile
    address: 10.0.0.1
    sysctls: { net.ipv4.ip_local_port_range: "32768 60999", net.ipv4.tcp_tw_reuse: 0 }
  server: { os: linux-6.18, address: [10.0.0.2, 10.0.0.3], user: root, nofile: 100000,
            firewall: [ { drop: tcp/25 }, { reject: tcp/110, with: icmp-admin-prohibited } ] }
  fleet:  { os: linux-6.18, count: 50, address: 10.1.0.0/24 }     # fleet-1 ... fleet-50

links:
  - { between: [client, server], latency: 1 ms, loss: 0 %, jitter: 0 ms, mtu: 1500 }
  - { between: [fleet, server], latency: 0.2 ms }                 # one link each

apps:
  api:   { host: server, echo_server: { port: 443, backlog: 4096 } }
  load:  { host: client, load: { to: "10.0.0.2:443", rate: 1000/s, hold: 50 ms } }
  probe: { host: client, scan: { target: server, ports: [22, 25, 80, 443, 8000-8010], timeout: 500 ms }, start: 10 s }

expect:                            # metric path -> condition, or a list of conditions
  apps.load.first_failure.at: 28.2 s .. 28.3 s
  apps.load.errors.EADDRNOTAVAIL: "> 0"
  hosts.client.ports.peak: 28232
expect_at: { 2 s: { hosts.client.sockets.TIME-WAIT: "> 1900" } }
)";

/// FORMAT section 3, whole.
inline constexpr const char* format_section_3 = R"(fourtuple: 1
title: The side that closes first keeps TIME-WAIT
hosts: { client: { os: linux-6.18, address: 10.0.0.1 }, server: { os: linux-6.18, address: 10.0.0.2, user: root } }
script:
  - { host: server, socket: L }                                 # type: tcp (default) | udp; family: inet (default) | inet6
  - { host: server, setsockopt: L, option: SO_REUSEADDR, value: 1 }
  - { host: server, bind: L, to: "0.0.0.0:80", expect: ok }
  - { host: server, listen: L, backlog: 5 }
  - { host: client, socket: C }
  - { host: client, connect: C, to: "10.0.0.2:80", expect: ok }
  - { host: server, accept: L, as: A }
  - { host: client, send: C, data: "hello", expect: 5 }
  - { host: server, recv: A, max: 100, expect: { data: "hello" } }
  - { host: client, close: C }
  - { host: server, recv: A, max: 100, expect: eof }
  - { wait: 60 ms }
  - { host: server, state: A, expect: CLOSE-WAIT }
  - { host: client, count: FIN-WAIT-2, expect: 1 }
  - { host: server, close: A }
  - { host: client, count: TIME-WAIT, expect: 1 }
  - { wait: 62.1 s }
  - { host: client, count: TIME-WAIT, expect: 0 }
  - { repeat: 30000, as: i, until: fail, expect: 0, steps: [ { host: client, socket: "c${i}" }, { host: client, connect: "c${i}", to: "10.0.0.2:81" } ] }
)";

}  // namespace fourtuple::scenario::testing
