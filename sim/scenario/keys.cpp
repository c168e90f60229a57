// The tables of everything but the script.
#include "sim/scenario/keys.h"

#include "sim/spec/spec.h"

#include <array>

namespace fourtuple::scenario {
namespace {

using enum value_type;
using enum presence;

constexpr std::int64_t int_max = 2'147'483'647;
constexpr std::int64_t most_descriptors = 10'000'000;  // as open sockets about 6 GB
constexpr std::int64_t million = 1'000'000;

constexpr key top_keys[] = {
    {"fourtuple", whole, "1", "", "format version", required, 1, 1},
    {"title", text, "text", "", "one line about the situation"},
    {"why", text, "text", "", "where it was met: a link or a sentence"},
    {"seed", whole, "number", "1", "of every random draw", optional, 0, spec::largest_seed},
    {"duration", time, "time", "none",
     "the run ends then; none: when every script and every app that can end has ended"},
    {"pace", special, "time | auto", "auto",
     "of the script, at least 1 us; auto: one round trip of the slowest path plus 1 ms"},
    {"hosts", named, "names", "", "the machines", required, 0, 0, &host_table},
    {"links", mappings, "list", "", "without links: one segment without delay", optional, 0, 0,
     &link_table},
    {"apps", named, "names", "", "what runs where; each app is one process", optional, 0, 0,
     &app_table},
    {"script", steps, "list of steps", "", "socket calls one by one, in order across hosts"},
    {"expect", conditions, "metric: condition", "", "tested at the end of the run"},
    {"expect_at", timed_conditions, "time: { metric: condition }", "", "tested at that time"},
    {"warmup", time, "time", "0 s",
     "what happens before is not counted; nothing is reset, and times "
     "count from the start"},
    {"changes", mappings, "list", "", "what becomes different while the run lasts", optional, 0, 0,
     &change_table},
    {"faults", any, "list", "", "faults to inject", later},
    {"sweep", any, "mapping", "", "the same file over a grid of values", later},
    {"real", mapping, "mapping", "", "how the file runs on the real kernel (crosscheck)", optional,
     0, 0, &real_table},
};

constexpr key change_keys[] = {
    {"at", time, "time", "", "after everything else of that instant", required},
    {"set", any, "path: value", "", "as --set would, of what may change", required},
};

constexpr key real_keys[] = {
    {"skip", text, "text", "", "why crosscheck leaves the file out"},
    {"set", words, "path: value", "", "changes for both sides, as --set: a file shrunk so that "
     "nobody waits a minute"},
    {"tolerance", special, "percent", "20 %", "of what is compared by time"},
    {"backend", choice, "namespaces | loopback", "", "where it runs; otherwise the best that the "
     "machine allows"},
};

constexpr key host_keys[] = {
    {"os", choice, "linux-6.18 | linux-6.1 | linux-4.4 | iana | linux", "linux-6.18",
     "the profile; linux is the newest"},
    {"hz", choice, "100 | 250 | 1000", "250", "ticks a second of a linux profile"},
    {"timers", choice, "kernel | ideal", "kernel",
     "as late as the kernel's timer wheel, or exact; of a linux profile (iana: ideal)"},
    {"count", whole, "number", "", "so many hosts: NAME-1, NAME-2 ...", optional, 1, million},
    {"address", scalars, "address, prefix, LOW .. HIGH, or a list", "",
     "IPv4 and IPv6; with count a prefix (members from .1 upwards) or a range"},
    {"sysctls", words, "name: value", "", "real names, real syntax; written in file order"},
    {"user", special, "app | root | nobody | uid", "app",
     "of its processes: app is uid 1000, nobody 65534"},
    {"nofile", whole, "number", "1024", "descriptors of a process, 0-2 are taken", optional, 3,
     most_descriptors},
    {"router", boolean, "true | false", "false", "forwards what is not for itself"},
    {"nat", any, "mapping", "", "address translation of a router", later},
    {"firewall", mappings, "list of rules", "", "first match wins; else a packet is accepted",
     optional, 0, 0, &firewall_table},
};

constexpr key link_keys[] = {
    {"between", any, "[host, host]", "", "its two ends; a counted host means one link each",
     required},
    {"latency", time, "time", "0 ms", "one way; 0 ms is a veth pair"},
    {"jitter", time, "time", "0 ms", "added to the latency, uniform from 0 to this; keeps the order"},
    {"bandwidth", special, "bit rate", "none",
     "of whole Ethernet frames, each way; none: no packet waits for another"},
    {"queue", special, "N packets | size", "1000 packets",
     "what may wait behind the packet that is being sent; the rest is dropped. Wants a bandwidth"},
    {"loss", special, "share", "0 %", "of the packets, lost behind the queue"},
    {"duplicate", special, "share", "0 %", "of the packets that arrive twice"},
    {"reorder", special, "share", "0 %",
     "of the packets that are held back by one more latency; jitter then keeps no order either"},
    {"mtu", whole, "number", "1500", "bytes of a packet from its IP header on", optional, 68, 65535},
    {"up", boolean, "true | false", "true", "down: what is sent vanishes"},
};

constexpr key firewall_keys[] = {
    {"accept", special, "tcp/PORTS | udp/PORTS | icmp | all", "", "lets matching packets through"},
    {"drop", special, "tcp/PORTS | udp/PORTS | icmp | all", "", "says nothing to the sender"},
    {"reject", special, "tcp/PORTS | udp/PORTS | icmp | all", "", "answers the sender"},
    {"with", choice,
     "icmp-port-unreachable | icmp-admin-prohibited | icmp-host-unreachable | "
     "icmp-net-unreachable | icmp-prot-unreachable | icmp-net-prohibited | icmp-host-prohibited | "
     "icmpv6-no-route | icmpv6-admin-prohibited | icmpv6-addr-unreachable | "
     "icmpv6-port-unreachable | icmpv6-policy-fail | icmpv6-reject-route | tcp-reset",
     "icmp-port-unreachable", "what a reject answers with"},
    {"from", scalars, "address, prefix or host, or a list", "", "source addresses; absent: any"},
    {"direction", choice, "in | out | forward", "in",
     "packets to this host, from it, or (a router's) what it passes on"},
};

constexpr key app_keys[] = {
    {"host", text, "host name", "", "a counted host: one process on each member", required},
    {"start", time, "time", "0 s", "when the process begins"},
    {"stop", time, "time", "none", "when it ends, as by exit"},
    {"user", special, "app | root | nobody | uid", "", "that of the host"},
    {"nofile", whole, "number", "", "that of the host", optional, 3, most_descriptors},
    {"echo_server", mapping, "keys", "", "answers every message", optional, 0, 0,
     &echo_server_table},
    {"echo_client", mapping, "keys", "", "sends messages and collects the replies", optional, 0, 0,
     &echo_client_table},
    {"load", mapping, "keys", "", "a new connection per request", optional, 0, 0, &load_table},
    {"pool", mapping, "keys", "", "requests over kept connections", optional, 0, 0, &pool_table},
    {"listener", mapping, "keys", "", "listens and accepts, nothing more", optional, 0, 0,
     &listener_table},
    {"scan", mapping, "keys", "", "looks which ports are open", optional, 0, 0, &scan_table},
    {"proxy", mapping, "keys", "", "forwards requests, as a reverse proxy does", optional, 0, 0,
     &proxy_table},
    {"udp_server", mapping, "keys", "", "answers datagrams", optional, 0, 0, &udp_server_table},
    {"udp_client", mapping, "keys", "", "a datagram per request", optional, 0, 0,
     &udp_client_table},
    {"exec", any, "mapping", "", "a program of its own", later},
};

constexpr std::string_view close_words = "client | server | reset";

constexpr key echo_server_keys[] = {
    {"port", whole, "port", "", "listens on 0.0.0.0; or give listen", optional, 1, 65535},
    {"listen", special, "\"addr:port\"", "", "instead of port"},
    {"backlog", whole, "number", "4096", "cut by net.core.somaxconn", optional, 0, int_max},
    {"prefix", text, "text", "\"\"", "put before each reply"},
    {"reply", special, "echo | size", "echo", "what is sent back for a message"},
    {"delay", time, "time", "0 s", "before a reply"},
    {"accept_rate", rate, "rate", "none", "accepts at most so often; none: at once"},
    {"max_connections", whole, "number", "none", "accepts no more while so many are open", optional,
     1, int_max},
    {"close", special, "peer | after_reply | after TIME | never", "peer",
     "when it closes: after the peer, after the first reply, so long after accept, never"},
    {"idle_timeout", time, "time", "none", "closes a connection silent for so long"},
    {"options", options, "list", "[SO_REUSEADDR]", "socket options set before bind; [] for none"},
};

constexpr key echo_client_keys[] = {
    {"to", scalars, "destination or list", "", "connections go to them in turn", required},
    {"connections", whole, "number", "1", "all at start", optional, 1, 10 * million},
    {"message", text, "text", "hello", "${i} is the connection, from 1; or give size"},
    {"size", size, "size", "", "of a message, instead of its text"},
    {"messages", whole, "number", "1",
     "per connection, one after the other's reply; 0: without end", optional, 0, int_max},
    {"think", time, "time", "0 s", "between a reply and the next message"},
    {"close", choice, close_words, "client", "who ends the connection"},
    {"timeout", time, "time", "none", "for connect and reply"},
    {"options", options, "list", "[]", "socket options set before connect"},
};

constexpr key load_keys[] = {
    {"to", scalars, "destination or list", "", "requests go to them in turn", required},
    {"rate", rate, "rate", "",
     "open loop: attempt k at start + (k-1)/rate; exactly one of rate, concurrency, stages"},
    {"concurrency", whole, "number", "", "closed loop: so many workers", optional, 1, million},
    {"stages", mappings, "list", "", "open loop whose rate moves", optional, 0, 0, &stage_table},
    {"arrivals", choice, "constant | poisson", "constant", "gaps between attempts of an open loop"},
    {"request", size, "size", "64 B", "sent"},
    {"reply", size, "size", "", "awaited; default: as request"},
    {"hold", special, "time | forever", "0 s",
     "the client closes at the later of this (from the call of connect) and the reply"},
    {"close", choice, close_words, "client", "who ends the connection"},
    {"bind", scalars, "\"addr:port\" or list", "",
     "before connect, in turn; port 0: explicit bind"},
    {"options", options, "list", "[]", "socket options set before bind and connect"},
    {"timeout", time, "time", "none", "of a whole request"},
    {"retries", whole, "number", "0", "further attempts of a failed request", optional, 0, int_max},
    {"retry_after", time, "time", "100 ms", "before a retry, at least 1 us"},
    {"backoff", special, "factor | constant | exponential", "constant",
     "of retry_after from retry to retry, 1 to 1000; exponential: 2"},
    {"jitter", special, "time | share", "0 ms", "added to the wait, drawn evenly from 0 to this"},
    {"limit", whole, "number", "none", "attempts", optional, 1, INT64_C(1'000'000'000'000)},
    {"pause", time, "time", "100 us", "closed loop: before a worker's next request, at least 1 us"},
};

constexpr key stage_keys[] = {
    {"for", time, "time", "", "how long the stage lasts", required},
    {"to", rate, "rate", "", "the rate at its end; moves in a straight line, from 0 at first",
     required},
};

constexpr key pool_keys[] = {
    {"to", scalars, "destination or list", "", "connections go to them in turn", required},
    {"size", whole, "number", "", "most connections kept", required, 1, million},
    {"rate", rate, "rate", "", "requests, open loop", required},
    {"arrivals", choice, "constant | poisson", "constant", "gaps between requests"},
    {"request", size, "size", "64 B", "sent"},
    {"reply", size, "size", "", "awaited; default: as request"},
    {"hold", time, "time", "0 s", "a request keeps its connection at least so long"},
    {"setup", whole, "number", "0", "round trips before a connection's first use", optional, 0,
     1000},
    {"idle_timeout", time, "time", "none", "closes an unused connection"},
    {"max_lifetime", time, "time", "none", "closes a connection that old"},
    {"queue_timeout", time, "time", "none", "a request that waits longer fails"},
    {"options", options, "list", "[]", "socket options set before bind and connect"},
    {"bind", scalars, "\"addr:port\" or list", "",
     "before connect, in turn; port 0: explicit bind"},
    {"limit", whole, "number", "none", "requests", optional, 1, INT64_C(1'000'000'000'000)},
};

constexpr key listener_keys[] = {
    {"ports", ports, "ports and ranges", "", "one socket each, on 0.0.0.0", required},
    {"backlog", whole, "number", "4096", "cut by net.core.somaxconn", optional, 0, int_max},
    {"accept", boolean, "true | false", "true", "false: connections stay in the queue"},
    {"options", options, "list", "[SO_REUSEADDR]", "socket options set before bind; [] for none"},
};

constexpr key scan_keys[] = {
    {"target", text, "host or address", "", "one machine", required},
    {"ports", ports, "ports, ranges, well-known", "",
     "well-known: those that `fourtuple services` lists for the transport", required},
    {"transport", choice, "tcp | udp", "tcp", "what is looked at"},
    {"timeout", time, "time", "500 ms", "of one port: silence for so long is filtered"},
    {"concurrency", whole, "number", "none", "ports at a time; none: all, at most nofile - 3",
     optional, 1, 65535},
};

constexpr key proxy_keys[] = {
    {"listen", special, "\"addr:port\"", "", "where clients connect", required},
    {"upstream", scalars, "destination or list", "", "attempts go to them in turn", required},
    {"keepalive", whole, "number", "0",
     "idle upstream connections kept; of more than that the one unused longest is closed", optional,
     0, million},
    {"idle_timeout", time, "time", "none", "closes a client's connection silent for so long"},
    {"upstream_idle_timeout", time, "time", "none", "closes a kept connection unused for so long"},
    {"timeout", time, "time", "none", "of one attempt upstream: connect, request and whole reply"},
    {"retries", whole, "number", "0",
     "further attempts of a failed request, at once and at the next upstream", optional, 0, 1000},
    {"bind", scalars, "\"addr:port\" or list", "",
     "of upstream connections, before connect, in turn; port 0: explicit bind"},
    {"options", options, "list", "[SO_REUSEADDR]",
     "socket options set before bind and connect, on the listening socket and on upstream ones; "
     "SO_REUSEADDR and SO_REUSEPORT on the listening one alone"},
};

constexpr key udp_server_keys[] = {
    {"port", whole, "port", "", "receives on 0.0.0.0; or give listen", optional, 1, 65535},
    {"listen", special, "\"addr:port\"", "", "instead of port"},
    {"reply", special, "echo | none | size", "echo", "what is sent back for a datagram"},
    {"delay", time, "time", "0 s", "before a reply"},
    {"options", options, "list", "[]", "socket options set before bind"},
};

constexpr key udp_client_keys[] = {
    {"to", scalars, "destination or list", "", "requests go to them in turn", required},
    {"rate", rate, "rate", "", "requests: request k at start + (k-1)/rate", required},
    {"arrivals", choice, "constant | poisson", "constant", "gaps between requests"},
    {"size", size, "size", "64 B", "of a request, at most 65507 B"},
    {"reply", choice, "any | none", "any",
     "a datagram from the destination is the reply, by the request's number where it has one; "
     "none: a request ends once sent"},
    {"connected", boolean, "true | false", "false",
     "connect() first; without it the kernel tells no ICMP error"},
    {"timeout", time, "time", "5 s", "of a request that hears no reply, at least 1 us"},
    {"sockets", choice, "one | per_request", "one",
     "one socket for all requests, or a new one for each"},
    {"hold", time, "time", "0 s",
     "per_request: a socket is closed at the later of this and the end of its request"},
    {"bind", scalars, "\"addr:port\" or list", "", "of the sockets in turn; port 0: explicit bind"},
    {"options", options, "list", "[]", "socket options set before bind and connect"},
    {"limit", whole, "number", "none", "requests", optional, 1, INT64_C(1'000'000'000'000)},
};

struct synonym {
  std::string_view word;
  std::string_view meant;
};

// Words of docker compose, k6, containerlab, ss and the like.
constexpr synonym synonyms[] = {
    {"replicas", "count"},    {"scale", "count"},     {"endpoints", "between"},
    {"nodes", "hosts"},       {"services", "apps"},   {"thresholds", "expect"},
    {"ulimits", "nofile"},    {"ulimit", "nofile"},   {"image", "os"},
    {"profile", "os"},        {"ip", "address"},      {"ipv4_address", "address"},
    {"addresses", "address"}, {"networks", "links"},  {"topology", "links"},
    {"delay", "latency"},     {"vus", "concurrency"}, {"iterations", "limit"},
    {"target", "to"},         {"to", "target"},       {"url", "to"},
    {"steps", "script"},      {"assert", "expect"},   {"checks", "expect"},
    {"version", "fourtuple"}, {"name", "title"},      {"description", "title"},
    {"sysctl", "sysctls"},    {"tick", "hz"},         {"ports", "port"},
    {"port", "ports"},        {"source", "bind"},     {"max_conns", "max_connections"},
    {"port", "listen"},       {"to", "upstream"},     {"target", "upstream"},
    {"url", "upstream"},      {"server", "upstream"}, {"backend", "upstream"},
    {"backends", "upstream"},
};

constexpr std::string_view kinds[] = {"echo_server", "echo_client", "load",
                                      "pool",        "listener",    "scan",
                                      "proxy",       "udp_server",  "udp_client"};

}  // namespace

const table top_table{"file", "the file itself", top_keys};
const table change_table{"change", "one element of changes:", change_keys};
const table real_table{"real", "real:", real_keys};
const table host_table{"host", "hosts: NAME:", host_keys};
const table firewall_table{"rule", "one element of firewall:, with exactly one of accept, drop, reject",
                           firewall_keys};
const table link_table{"link", "one element of links:", link_keys};
const table app_table{"app", "apps: NAME: with exactly one kind", app_keys};
const table echo_server_table{"echo_server", "a server that answers", echo_server_keys};
const table echo_client_table{"echo_client", "a client that talks", echo_client_keys};
const table load_table{"load", "connections at a rate or by workers", load_keys};
const table stage_table{"stage", "one element of a load's stages:", stage_keys};
const table pool_table{"pool", "a connection pool", pool_keys};
const table listener_table{"listener", "bare listening sockets", listener_keys};
const table scan_table{"scan", "a port scan", scan_keys};
const table proxy_table{"proxy", "a reverse proxy", proxy_keys};
const table udp_server_table{"udp_server", "a UDP socket that answers", udp_server_keys};
const table udp_client_table{"udp_client", "datagrams at a rate", udp_client_keys};

const key* table::find(std::string_view key_name) const {
  for (const auto& k : keys)
    if (k.name == key_name) return &k;
  return nullptr;
}

bool is_app_kind(std::string_view key) {
  for (const auto k : kinds)
    if (k == key) return true;
  return false;
}

std::string_view meant_by(std::string_view word, const table& t) {
  for (const auto& s : synonyms)
    if (s.word == word && t.find(s.meant) != nullptr) return s.meant;
  return {};
}

}  // namespace fourtuple::scenario
