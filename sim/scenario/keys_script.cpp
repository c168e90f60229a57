// The tables of the script: one per call, its own key first. The keys that several calls share are
// written once here and copied into the tables at start-up of the program (constant expressions).
#include "sim/scenario/keys.h"

#include <array>

namespace fourtuple::scenario {
namespace {

using enum value_type;
using enum presence;

constexpr std::int64_t int_max = 2'147'483'647;
constexpr std::int64_t int_min = -int_max - 1;

// Every call runs on a host, in a process, and may say what it expects.
constexpr key host{"host", text, "host name", "", "a single host or member", required};
constexpr key process{"process", text, "name", "",
                      "another process of the host; default: the shared one"};
constexpr key expect{"expect", any, "result, data or mapping", "", "what it must answer"};
// Calls that can wait.
constexpr key nonblocking{"nonblocking", boolean, "true | false", "false",
                          "EAGAIN or EINPROGRESS instead of waiting"};
constexpr key within{"within", time, "time", "300 s", "a call that waits longer answers timeout"};
constexpr key background{"background", text, "name", "",
                         "starts the call and goes on; join collects it"};

constexpr key name_key(std::string_view call, std::string_view doc) {
  return {call, text, "socket", "", doc, required};
}

template <std::size_t N>
constexpr auto simple(const key (&own)[N]) {
  std::array<key, N + 3> out{};
  for (std::size_t i = 0; i < N; ++i) out[i] = own[i];
  out[N] = host;
  out[N + 1] = process;
  out[N + 2] = expect;
  return out;
}

template <std::size_t N>
constexpr auto waiting(const key (&own)[N]) {
  std::array<key, N + 6> out{};
  for (std::size_t i = 0; i < N; ++i) out[i] = own[i];
  out[N] = host;
  out[N + 1] = process;
  out[N + 2] = expect;
  out[N + 3] = nonblocking;
  out[N + 4] = within;
  out[N + 5] = background;
  return out;
}

constexpr key data{"data", text, "text", "", "bytes to send; or give size"};
constexpr key bytes{"size", special, "bytes", "", "so many bytes, instead of data; 100 or 64 KiB"};
constexpr key most_bytes{"max", special, "bytes", "65536", "largest read; 100 or 64 KiB"};
constexpr key option{"option",
                     choice,
                     "SO_REUSEADDR | SO_REUSEPORT | SO_LINGER | SO_RCVBUF | SO_SNDBUF | "
                     "SO_KEEPALIVE | SO_ERROR | SO_BROADCAST | SO_RCVTIMEO | SO_SNDTIMEO | "
                     "TCP_NODELAY | TCP_CORK | TCP_SYNCNT | TCP_USER_TIMEOUT | TCP_DEFER_ACCEPT | "
                     "TCP_LINGER2 | TCP_MAXSEG | TCP_KEEPIDLE | TCP_KEEPINTVL | TCP_KEEPCNT | "
                     "IP_BIND_ADDRESS_NO_PORT | IP_LOCAL_PORT_RANGE | IP_FREEBIND | IPV6_V6ONLY",
                     "",
                     "by its real name",
                     required};
constexpr key as_socket{"as", text, "name", "", "the new socket's name"};
constexpr key as_value{"as", text, "name", "", "keeps the answer for ${NAME}"};

constexpr auto socket_keys = simple({
    name_key("socket", "makes a socket of that name"),
    {"type", choice, "tcp | udp", "tcp", "transport"},
    {"family", choice, "inet | inet6", "inet", "address family"},
    {"nonblocking", boolean, "true | false", "false", "every call on it"},
    {"as_user", special, "app | root | nobody | uid", "", "whose socket it is: privileged ports, groups"},
});
constexpr auto bind_keys = simple({
    name_key("bind", "binds it"),
    {"to", text, "\"addr:port\"", "", "port 0: the system chooses", required},
});
constexpr auto listen_keys = simple({
    name_key("listen", "listens"),
    {"backlog", whole, "number", "4096", "cut by net.core.somaxconn; negative: that", optional, int_min, int_max},
});
constexpr auto connect_keys = waiting({
    name_key("connect", "connects"),
    {"to", text, "\"addr:port\" | unspec", "", "unspec: AF_UNSPEC, which disconnects", required},
});
constexpr auto accept_keys = waiting({
    name_key("accept", "takes a connection from the listen queue"),
    as_socket,
});
constexpr auto send_keys = waiting({name_key("send", "sends"), data, bytes});
constexpr auto fill_keys = simple({name_key("fill", "sends until EAGAIN")});
constexpr auto recv_keys = waiting({name_key("recv", "reads"), most_bytes});
constexpr auto sendto_keys = waiting({
    name_key("sendto", "sends a datagram"),
    {"to", text, "\"addr:port\"", "", "its destination", required},
    data,
    bytes,
});
constexpr auto recvfrom_keys = waiting({
    name_key("recvfrom", "reads, with the sender's address"),
    most_bytes,
    as_value,
});
constexpr auto shutdown_keys = simple({
    name_key("shutdown", "ends one or both directions"),
    {"how", choice, "rd | wr | rdwr", "", "which", required},
});
constexpr auto close_keys = waiting({name_key("close", "closes the descriptor")});
constexpr auto dup_keys = simple({name_key("dup", "a second descriptor of it"), as_socket});
constexpr auto getsockname_keys = simple({name_key("getsockname", "its own address"), as_value});
constexpr auto getpeername_keys = simple({name_key("getpeername", "its peer's address"), as_value});
constexpr auto setsockopt_keys = simple({
    name_key("setsockopt", "sets an option"),
    option,
    {"value", any, "0 | 1, number, time, LOW .. HIGH, or { onoff, linger }", "", "its value",
     required},
});
constexpr auto getsockopt_keys =
    simple({name_key("getsockopt", "reads an option"), option, as_value});
constexpr key poll_keys[] = {
    name_key("poll", "waits until it is ready"),
    {"events", scalars, "in | out | pri | rdhup, one or a list", "[in, out]", "what is asked for"},
    {"timeout", time, "time", "0 s", "how long it waits"},
    host,
    process,
    expect,
    background,
};
constexpr auto state_keys = simple({name_key("state", "the state of an open socket, by TCP_INFO")});
constexpr key count_keys[] = {
    {"count", text, "state", "", "TCP sockets of the host in that state", required},
    host,
    expect,
};
constexpr key wait_keys[] = {
    {"wait", time, "time", "", "lets time pass", required},
};
constexpr key repeat_keys[] = {
    {"repeat", whole, "number", "",
     "so many rounds of its steps; with the rounds of repeats around it at most 1000000000",
     required, 0, INT64_C(1'000'000'000)},
    {"as", text, "name", "", "${NAME} counts the rounds from 1"},
    {"until", choice, "fail", "", "stops at the first call that fails"},
    {"pace", time, "time", "none", "between its steps, at least 1 us; none: one after the other"},
    {"steps", steps, "list of steps", "", "what is repeated", required},
    expect,
};
constexpr key join_keys[] = {
    {"join", text, "name", "", "waits for a background call and has its answer", required},
    {"host", text, "host name", "", "where it was started; may be left out"},
    process,
    expect,
};
constexpr key sysctl_keys[] = {
    {"sysctl", text, "name", "", "writes a sysctl of the host", required},
    {"value", any, "scalar", "", "as sysctl -w takes it", required},
    host,
    expect,
};
constexpr key exit_keys[] = {
    {"exit", text, "process", "", "that process of the host ends", required},
    host,
    expect,
};
constexpr key firewall_keys[] = {
    {"firewall", mappings, "list of rules", "", "replaces all rules of the host", required, 0, 0,
     &firewall_table},
    host,
    expect,
};
constexpr key link_keys[] = {
    {"link", any, "[host, host]", "", "changes the keys given of a link; routes stay", required},
    {"latency", time, "time", "", "not to or from 0"},
    {"jitter", time, "time", "", "as in links:, like all that follow"},
    {"bandwidth", special, "bit rate | none", "", "of frames, each way"},
    {"queue", special, "N packets | size", "", "what may wait"},
    {"loss", special, "share", "", "of the packets"},
    {"duplicate", special, "share", "", "of the packets"},
    {"reorder", special, "share", "", "of the packets"},
    {"up", boolean, "true | false", "", "down: what is sent vanishes"},
    expect,
};

constexpr table tables[] = {
    {"socket", "step", socket_keys},
    {"bind", "step", bind_keys},
    {"listen", "step", listen_keys},
    {"connect", "step", connect_keys},
    {"accept", "step", accept_keys},
    {"send", "step", send_keys},
    {"fill", "step", fill_keys},
    {"recv", "step", recv_keys},
    {"sendto", "step", sendto_keys},
    {"recvfrom", "step", recvfrom_keys},
    {"shutdown", "step", shutdown_keys},
    {"close", "step", close_keys},
    {"dup", "step", dup_keys},
    {"getsockname", "step", getsockname_keys},
    {"getpeername", "step", getpeername_keys},
    {"setsockopt", "step", setsockopt_keys},
    {"getsockopt", "step", getsockopt_keys},
    {"poll", "step", poll_keys},
    {"state", "step", state_keys},
    {"count", "step", count_keys},
    {"wait", "step", wait_keys},
    {"repeat", "step", repeat_keys},
    {"join", "step", join_keys},
    {"sysctl", "step", sysctl_keys},
    {"exit", "step", exit_keys},
    {"firewall", "step", firewall_keys},
    {"link", "step", link_keys},
};

constexpr key expect_keys[] = {
    {"result", any, "condition", "", "ok, eof, timeout, skipped, an errno, a state, a number"},
    {"data", text, "text", "", "the bytes read, exactly"},
    {"address", text, "\"addr:port\"", "", "the address answered, exactly"},
    {"events", scalars, "in, pri, out, rdhup, err, hup", "", "the poll bits, exactly"},
    {"error", any, "condition", "", "the errno's name, or none"},
};

}  // namespace

std::span<const table> step_tables() { return tables; }

const table step_expect_table{"expect of a step", "the full form", expect_keys};

}  // namespace fourtuple::scenario
