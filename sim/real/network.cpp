#include "sim/real/network.h"

#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <thread>

#include <fmt/format.h>

#include "sim/core/random.h"
#include "sim/net/topology.h"
#include "sim/real/relay.h"

extern char** environ;

namespace fourtuple::real {
namespace {

constexpr const char* own_namespace = "/proc/thread-self/ns/net";

file open_own_namespace() {
  file f(::open(own_namespace, O_RDONLY | O_CLOEXEC));
  if (!f) throw unable(fmt::format("{} cannot be opened: {}", own_namespace, std::strerror(errno)));
  return f;
}

/// Everything a pipe says until it is closed.
std::string read_all(int fd) {
  std::string out;
  std::array<char, 4096> piece{};
  for (;;) {
    const ssize_t n = ::read(fd, piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return out;
    out.append(piece.data(), static_cast<std::size_t>(n));
  }
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// MAC addresses are given, so that neighbours can be permanent: interface k of host h.
std::string mac(std::size_t host, std::size_t interface) {
  return fmt::format("02:00:{:02x}:{:02x}:{:02x}:{:02x}", host >> 8 & 0xff, host & 0xff,
                     interface >> 8 & 0xff, interface & 0xff);
}

/// Names of veth pairs and TUN devices alike: a host sees an interface.
std::string interface_name(std::size_t k) { return fmt::format("net{}", k); }

std::string with_length(const ip_address& a) {
  return to_string(a) + (a.family == family::inet ? "/32" : "/128");
}

/// What one host is told, collected and run as one batch.
struct interfaces {
  std::vector<std::string> commands{"link set lo up"};
  std::size_t count = 0;
  std::vector<std::size_t> tuns;  ///< which of them are TUN devices
};

void name_addresses(const host_place& h, interfaces& its) {
  const std::string device = its.count == 0 ? "lo" : interface_name(0);
  for (const ip_address& a : h.addresses)
    its.commands.push_back(fmt::format("addr add {} dev {}{}", with_length(a), device,
                                       a.family == family::inet6 ? " nodad" : ""));
  // What is sent to a secondary address comes from the primary; IPv6 has no secondary ones.
  for (const ip_address& a : h.addresses) {
    const std::size_t mine = *spec::source_for(h.addresses, std::span(&a, 1), a.family);
    const ip_address& primary = h.addresses[mine];
    if (a.family == family::inet && primary != a)
      its.commands.push_back(
          fmt::format("route replace table local local {} dev {} proto kernel scope host src {}",
                      to_string(a), device, to_string(primary)));
  }
  for (std::size_t k = 0; k < its.count; ++k)
    its.commands.push_back(fmt::format("link set {} up", interface_name(k)));
}

/// `to_mac` is empty where the interface has no neighbours to find.
void route(const host_place& from, interfaces& its, std::size_t k, const host_place& to,
           const std::string& to_mac) {
  for (const ip_address& a : to.addresses) {
    const auto mine = spec::source_for(from.addresses, std::span(&a, 1), a.family);
    if (!mine) continue;
    its.commands.push_back(fmt::format("route replace {} dev {} src {}", with_length(a),
                                       interface_name(k), to_string(from.addresses[*mine])));
    if (to_mac.empty()) continue;
    its.commands.push_back(fmt::format("neigh replace {} lladdr {} dev {} nud permanent",
                                       to_string(a), to_mac, interface_name(k)));
  }
}

/// A veth pair has no wire on which segments could be cut: what is sent is what a program's calls
/// make of it only with all offloads off.
void no_offloads(const network_namespace& where, const std::string& device) {
  const auto inside = where.enter();
  const file s(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  for (const auto what : std::to_array<std::uint32_t>({ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO})) {
    ethtool_value v{what, 0};
    ifreq request{};
    std::strncpy(request.ifr_name, device.c_str(), IFNAMSIZ - 1);
    request.ifr_data = reinterpret_cast<char*>(&v);
    if (::ioctl(s.get(), SIOCETHTOOL, &request) < 0)
      throw unable(fmt::format("segmentation offload of {} cannot be turned off: {}", device,
                               std::strerror(errno)));
  }
}

/// An interface that is up drops what it is given until the kernel has noticed its carrier
/// (linkwatch); IFF_RUNNING says that it has.
void wait_until_running(const network_namespace& where, const std::string& device) {
  const auto inside = where.enter();
  const file s(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  constexpr int most_tries = 2000;
  for (int n = 0; n < most_tries; ++n) {
    ifreq request{};
    std::strncpy(request.ifr_name, device.c_str(), IFNAMSIZ - 1);
    if (::ioctl(s.get(), SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_RUNNING) != 0)
      return;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  throw unable(fmt::format("interface {} does not come up", device));
}

}  // namespace

network_namespace::network_namespace() {
  const file back = open_own_namespace();
  if (::unshare(CLONE_NEWNET) < 0) {
    if (errno == EPERM)
      throw unable("network namespaces need root (CAP_SYS_ADMIN) here: sudo, or run as root");
    throw unable(fmt::format("no network namespace can be made: {}", std::strerror(errno)));
  }
  space_ = open_own_namespace();
  if (::setns(back.get(), CLONE_NEWNET) < 0)
    throw unable(
        fmt::format("cannot return to the own network namespace: {}", std::strerror(errno)));
}

network_namespace::guard::guard(int there) {
  if (there < 0) return;
  back_ = open_own_namespace();
  if (::setns(there, CLONE_NEWNET) < 0)
    throw unable(fmt::format("a network namespace cannot be entered: {}", std::strerror(errno)));
}

network_namespace::guard::~guard() {
  // Going back to where one was a moment ago does not fail.
  if (back_) static_cast<void>(::setns(back_.get(), CLONE_NEWNET));
}

std::string network_namespace::path() const {
  if (!space_) return own_namespace;
  return fmt::format("/proc/{}/fd/{}", ::getpid(), space_.get());
}

void ip_batch(const network_namespace& where, const std::vector<std::string>& commands) {
  std::array<int, 2> in{};
  std::array<int, 2> err{};
  if (::pipe2(in.data(), O_CLOEXEC) < 0 || ::pipe2(err.data(), O_CLOEXEC) < 0)
    throw unable(fmt::format("no pipe: {}", std::strerror(errno)));
  file in_read(in[0]), in_write(in[1]), err_read(err[0]), err_write(err[1]);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in_read.get(), 0);
  ::posix_spawn_file_actions_adddup2(&actions, err_write.get(), 2);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, 3);  // or close() of a socket waits for exec
  char name[] = "ip";
  char batch[] = "-batch";
  char standard_input[] = "-";
  char* const arguments[] = {name, batch, standard_input, nullptr};
  pid_t child = 0;
  int failed = 0;
  {
    const auto inside = where.enter();
    failed = ::posix_spawnp(&child, "ip", &actions, nullptr, arguments, environ);
  }
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw unable("the ip command is missing (Debian: apt-get install iproute2)");
  in_read = file();
  err_write = file();
  std::string text;
  for (const auto& c : commands) text += c + '\n';
  write_all(in_write.get(), text);
  in_write = file();
  const std::string said = read_all(err_read.get());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw unable("the network cannot be set up: ip: " + first_line(said));
}

namespace {

std::string sysctl_path(std::string_view name) {
  std::string path = "/proc/sys/";
  for (const char c : name) path += c == '.' ? '/' : c;
  return path;
}

}  // namespace

bool has_sysctl(const network_namespace& where, std::string_view name) {
  const auto inside = where.enter();
  return ::access(sysctl_path(name).c_str(), F_OK) == 0;
}

std::string write_sysctl(const network_namespace& where, std::string_view name,
                         std::string_view value) {
  const std::string path = sysctl_path(name);
  const auto inside = where.enter();
  const file f(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!f) {
    return errno == ENOENT ? fmt::format("{}: this kernel has it not in a network namespace", name)
                           : fmt::format("{}: {}", name, std::strerror(errno));
  }
  // As sysctl(8) does: without its newline an empty value would not be written at all.
  const std::string line = std::string(value) + '\n';
  if (::write(f.get(), line.data(), line.size()) < 0)
    return fmt::format("{}: the kernel refuses \"{}\": {}", name, value, std::strerror(errno));
  return {};
}

namespace {

/// All hosts on one bridge: every host has one interface.
void join_by_bridge(std::vector<host_place>& hosts, std::vector<interfaces>& all,
                    std::vector<network_namespace>& switches) {
  const network_namespace& bridge = switches.emplace_back();
  ip_batch(bridge, {"link set lo up", "link add br0 type bridge stp_state 0 forward_delay 0",
                    "link set br0 up"});
  std::vector<std::string> ports;
  for (std::size_t h = 0; h < hosts.size(); ++h) {
    ip_batch(hosts[h].space,
             {fmt::format("link add {} address {} type veth peer name port{} netns {}",
                          interface_name(0), mac(h, 0), h, bridge.path())});
    ports.push_back(fmt::format("link set port{} master br0", h));
    ports.push_back(fmt::format("link set port{} up", h));
    all[h].count = 1;
  }
  ip_batch(bridge, ports);
}

/// A veth pair between two hosts, each end that host's next interface.
void join_pair(std::vector<host_place>& hosts, std::vector<interfaces>& all, std::size_t a,
               std::size_t b) {
  const std::size_t ka = all[a].count++;
  const std::size_t kb = all[b].count++;
  ip_batch(hosts[a].space,
           {fmt::format("link add {} address {} type veth peer name {} address {} netns {}",
                        interface_name(ka), mac(a, ka), interface_name(kb), mac(b, kb),
                        hosts[b].space.path())});
}

struct pair {
  std::size_t a;
  std::size_t b;
  const spec::link* link;    ///< null: the segment of a file without links
  std::uint32_t number = 0;  ///< of the link, in the scenario
};

std::vector<pair> linked_pairs(const spec::scenario& s, const std::vector<host_place>& hosts) {
  const auto members = [&](const spec::host_selection& which) {
    std::vector<std::size_t> out;
    const spec::host& h = s.hosts[which.host];
    for (std::uint32_t m = 0; m < h.members(); ++m) {
      if (which.member && *which.member != m) continue;
      const std::string name = spec::member_name(h, m);
      for (std::size_t i = 0; i < hosts.size(); ++i)
        if (hosts[i].name == name) out.push_back(i);
    }
    return out;
  };
  std::vector<pair> out;
  for (const auto& l : s.links) {
    if (l.latency == duration{} && !l.plain())
      throw unable(
          "a link without latency is a veth pair, which loses nothing (give it a latency)");
    for (const std::size_t a : members(l.between[0]))
      for (const std::size_t b : members(l.between[1]))
        if (a != b) out.push_back({a, b, &l, static_cast<std::uint32_t>(&l - s.links.data())});
  }
  return out;
}

/// To hosts behind routers, and the default route; `hop` is a direct neighbour over interface k.
void route_over(const host_place& from, interfaces& its, const std::string& destination, family f,
                const host_place& hop, std::size_t k, bool tun) {
  const auto mine = spec::source_for(from.addresses, hop.addresses, f);
  const auto next = std::find_if(hop.addresses.begin(), hop.addresses.end(),
                                 [f](const ip_address& a) { return a.family == f; });
  if (!mine || (!tun && next == hop.addresses.end())) return;
  const std::string via = tun ? "" : fmt::format("via {} ", to_string(*next));
  its.commands.push_back(fmt::format("route replace {} {}dev {} {}src {}", destination, via,
                                     interface_name(k), tun ? "" : "onlink ",
                                     to_string(from.addresses[*mine])));
}

/// A host that forwards, and none that minds which interface a packet came by.
void set_forwarding(const host_place& h, bool router) {
  const auto set = [&h](const char* name, const char* value) {
    if (const std::string why = write_sysctl(h.space, name, value); !why.empty()) throw unable(why);
  };
  set("net.ipv4.conf.all.rp_filter", "0");
  set("net.ipv4.conf.default.rp_filter", "0");
  if (!router) return;
  set("net.ipv4.ip_forward", "1");
  set("net.ipv6.conf.all.forwarding", "1");
  set("net.ipv4.conf.all.send_redirects", "0");
  set("net.ipv4.conf.default.send_redirects", "0");
}

bool is_tun(const interfaces& its, std::size_t k) {
  return std::find(its.tuns.begin(), its.tuns.end(), k) != its.tuns.end();
}

/// Two TUN devices and the relay between them; its draws are the simulated link's.
void join_by_relay(std::vector<host_place>& hosts, std::vector<interfaces>& all, const pair& p,
                   std::uint64_t seed, relay& wires) {
  const auto end_of = [&](std::size_t host, std::size_t other) {
    const std::size_t k = all[host].count++;
    all[host].tuns.push_back(k);
    // A TUN device drops what waits for its reader beyond 500 packets; the link's own queue is the
    // model's, so this one must hold every burst that comes while the wire's thread has no core.
    all[host].commands.push_back(fmt::format("link set {} txqueuelen 50000", interface_name(k)));
    const std::uint64_t links =
        core::stream_key(seed, static_cast<std::uint32_t>(host), core::purpose::loss);
    return relay::end{hosts[host].space, interface_name(k), core::philox(links, other, 0)};
  };
  const relay::end a = end_of(p.a, p.b);
  const relay::end b = end_of(p.b, p.a);
  wires.add(a, b, *p.link, p.number);
}

void set_mtu(std::vector<interfaces>& all, const pair& p,
             const std::pair<std::size_t, std::size_t>& ends) {
  const auto command = [&p](std::size_t k) {
    return fmt::format("link set {} mtu {}", interface_name(k), p.link->mtu);
  };
  all[p.a].commands.push_back(command(ends.first));
  all[p.b].commands.push_back(command(ends.second));
}

/// The ways that the simulation takes.
void route_through_routers(const net::topology& routes, const std::vector<host_place>& hosts,
                           const std::vector<pair>& pairs,
                           const std::vector<std::pair<std::size_t, std::size_t>>& ends,
                           std::vector<interfaces>& all) {
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> interface_to;  // (host, neighbour)
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    interface_to.emplace(std::pair{pairs[i].a, pairs[i].b}, ends[i].first);
    interface_to.emplace(std::pair{pairs[i].b, pairs[i].a}, ends[i].second);
  }
  const auto add = [&](std::size_t from, const net::topology::hop& hop,
                       const std::string& destination, family f) {
    const std::size_t k = interface_to.at({from, hop.host});
    route_over(hosts[from], all[from], destination, f, hosts[hop.host], k, is_tun(all[from], k));
  };
  for (std::uint32_t a = 0; a < hosts.size(); ++a) {
    for (std::uint32_t b = 0; b < hosts.size(); ++b) {
      if (a == b || interface_to.contains({a, b})) continue;
      const auto hop = routes.next_hop(a, b);
      if (!hop) continue;
      for (const ip_address& each : hosts[b].addresses)
        add(a, *hop, with_length(each), each.family);
    }
    const auto gateway = routes.gateway(a);
    if (!gateway) continue;
    add(a, *gateway, "0.0.0.0/0", family::inet);
    add(a, *gateway, "::/0", family::inet6);
  }
}

}  // namespace

void join(const spec::scenario& s, std::vector<host_place>& hosts,
          std::vector<network_namespace>& switches, relay& wires) {
  std::vector<interfaces> all(hosts.size());
  std::vector<pair> pairs = linked_pairs(s, hosts);
  if (s.links.empty() && hosts.size() == 2) pairs.push_back({0, 1, nullptr});
  const bool bridged = s.links.empty() && hosts.size() > 2;
  const std::vector<spec::host_ref> order = spec::in_name_order(s);
  const net::topology routes(s);
  for (std::size_t h = 0; h < hosts.size(); ++h)
    set_forwarding(hosts[h], s.hosts[order[h].host].router);
  if (bridged) join_by_bridge(hosts, all, switches);
  std::vector<std::pair<std::size_t, std::size_t>> ends;
  for (const pair& p : pairs) {
    ends.emplace_back(all[p.a].count, all[p.b].count);
    if (p.link != nullptr && p.link->latency != duration{}) {
      join_by_relay(hosts, all, p, s.seed, wires);
    } else {
      join_pair(hosts, all, p.a, p.b);
    }
    if (p.link != nullptr && p.link->mtu != 1500) set_mtu(all, p, ends.back());
  }
  for (std::size_t h = 0; h < hosts.size(); ++h) name_addresses(hosts[h], all[h]);
  for (std::size_t a = 0; bridged && a < hosts.size(); ++a)
    for (std::size_t b = 0; b < hosts.size(); ++b)
      if (a != b) route(hosts[a], all[a], 0, hosts[b], mac(b, 0));
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const pair& p = pairs[i];
    const auto [ka, kb] = ends[i];
    const bool tun = p.link != nullptr && p.link->latency != duration{};
    route(hosts[p.a], all[p.a], ka, hosts[p.b], tun ? "" : mac(p.b, kb));
    route(hosts[p.b], all[p.b], kb, hosts[p.a], tun ? "" : mac(p.a, ka));
  }
  if (!s.links.empty()) route_through_routers(routes, hosts, pairs, ends, all);
  for (std::size_t h = 0; h < hosts.size(); ++h) {
    for (std::size_t k = 0; k < all[h].count; ++k)
      if (!is_tun(all[h], k)) no_offloads(hosts[h].space, interface_name(k));
    // No duplicate address detection, no router solicitations: nothing that a file did not ask for.
    for (const char* name : {"net.ipv6.conf.all.accept_dad", "net.ipv6.conf.default.accept_dad"})
      static_cast<void>(write_sysctl(hosts[h].space, name, "0"));
    ip_batch(hosts[h].space, all[h].commands);
  }
  for (std::size_t h = 0; h < hosts.size(); ++h)
    for (std::size_t k = 0; k < all[h].count; ++k)
      wait_until_running(hosts[h].space, interface_name(k));
}

}  // namespace fourtuple::real
