#include "sim/real/nft.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "sim/real/descriptor.h"

extern "C" char** environ;  // NOLINT: unistd.h has it for GNU sources only

namespace fourtuple::real {
namespace {

using rule = firewall_rule;

const char* reject_words(reject_with with) {
  switch (with) {
    case reject_with::icmp_port_unreachable:
      return "icmpx type port-unreachable";
    case reject_with::icmp_admin_prohibited:
      return "icmpx type admin-prohibited";
    case reject_with::icmp_host_unreachable:
      return "icmpx type host-unreachable";
    case reject_with::icmp_net_unreachable:
      return "icmpx type no-route";
    case reject_with::icmp_prot_unreachable:
      return "icmp type prot-unreachable";
    case reject_with::icmp_net_prohibited:
      return "icmp type net-prohibited";
    case reject_with::icmp_host_prohibited:
      return "icmp type host-prohibited";
    case reject_with::icmpv6_no_route:
      return "icmpv6 type no-route";
    case reject_with::icmpv6_admin_prohibited:
      return "icmpv6 type admin-prohibited";
    case reject_with::icmpv6_addr_unreachable:
      return "icmpv6 type addr-unreachable";
    case reject_with::icmpv6_port_unreachable:
      return "icmpv6 type port-unreachable";
    case reject_with::icmpv6_policy_fail:
      return "icmpv6 type policy-fail";
    case reject_with::icmpv6_reject_route:
      return "icmpv6 type reject-route";
    case reject_with::tcp_reset:
      break;
  }
  return "tcp reset";
}

std::string match_words(const rule& r) {
  switch (r.of) {
    case rule::protocol::all:
      return {};
    case rule::protocol::icmp:
      return "meta l4proto { icmp, ipv6-icmp } ";
    case rule::protocol::tcp:
    case rule::protocol::udp:
      break;
  }
  const std::string name = r.of == rule::protocol::tcp ? "tcp" : "udp";
  if (r.low_port == 0 && r.high_port == 65535) return "meta l4proto " + name + " ";
  std::string ports = std::to_string(r.low_port);
  if (r.high_port != r.low_port) ports += "-" + std::to_string(r.high_port);
  return name + " dport " + ports + " ";
}

std::string action_words(const rule& r) {
  switch (r.what) {
    case rule::action::accept:
      return "accept";
    case rule::action::drop:
      return "drop";
    case rule::action::reject:
      break;
  }
  return std::string("reject with ") + reject_words(r.with);
}

/// The sources of one family as an nft set; empty where the rule names none of it.
std::string sources(const rule& r, family f) {
  std::string out;
  for (const auto& range : r.from) {
    if (range.first.family != f) continue;
    out += (out.empty() ? "" : ", ") + to_string(range.first);
    if (range.first != range.last) out += "-" + to_string(range.last);
  }
  if (out.empty()) return out;
  return std::string(f == family::inet ? "ip" : "ip6") + " saddr { " + out + " } ";
}

/// A rule about both families is two in nft where it names sources of both.
std::string lines_of(const rule& r) {
  const std::string end = match_words(r) + action_words(r) + "\n";
  if (r.from.empty()) return "    " + end;
  std::string out;
  for (const family f : {family::inet, family::inet6})
    if (const std::string from = sources(r, f); !from.empty()) out += "    " + from + end;
  return out;
}

std::string chain(std::span<const rule> rules, rule::direction which, const char* hook) {
  std::string out = std::string("  chain ") + hook + " {\n    type filter hook " + hook +
                    " priority 0; policy accept;\n";
  for (const rule& r : rules)
    if (r.which == which) out += lines_of(r);
  return out + "  }\n";
}

/// Writes all of it; a reader that has gone is told by its exit status.
void write_all(int fd, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = ::write(fd, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    done += static_cast<std::size_t>(n);
  }
}

std::string read_all(int fd) {
  std::string out;
  std::array<char, 4096> bytes{};
  while (true) {
    const ssize_t n = ::read(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return out;
    out.append(bytes.data(), static_cast<std::size_t>(n));
  }
}

/// A file in memory that a child can have as its standard input.
file input_of(const std::string& text) {
  file f(::memfd_create("rules", MFD_CLOEXEC));
  if (!f) return f;
  write_all(f.get(), text);
  ::lseek(f.get(), 0, SEEK_SET);
  return f;
}

}  // namespace

std::string nft_ruleset(std::span<const firewall_rule> rules) {
  // The first line sees to it that there is something to delete.
  std::string out = "table inet fourtuple\ndelete table inet fourtuple\n";
  if (rules.empty()) return out;
  out += "table inet fourtuple {\n" + chain(rules, rule::direction::in, "input") +
         chain(rules, rule::direction::out, "output");
  const bool forwards = std::any_of(rules.begin(), rules.end(), [](const firewall_rule& r) {
    return r.which == rule::direction::forward;
  });
  if (forwards) out += chain(rules, rule::direction::forward, "forward");
  return out + "}\n";
}

std::string set_firewall(std::span<const firewall_rule> rules) {
  const file input = input_of(nft_ruleset(rules));
  std::array<int, 2> ends{};
  if (!input || ::pipe2(ends.data(), O_CLOEXEC) != 0)
    return std::string("nft cannot be run: ") + std::strerror(errno);
  const file reading(ends[0]);
  file writing(ends[1]);
  posix_spawn_file_actions_t wiring;
  ::posix_spawn_file_actions_init(&wiring);
  ::posix_spawn_file_actions_adddup2(&wiring, input.get(), 0);
  ::posix_spawn_file_actions_adddup2(&wiring, writing.get(), 1);
  ::posix_spawn_file_actions_adddup2(&wiring, writing.get(), 2);
  ::posix_spawn_file_actions_addclosefrom_np(&wiring, 3);  // or close() of a socket waits for exec
  char nft[] = "nft";
  char flag[] = "-f";
  char dash[] = "-";
  std::array<char*, 4> arguments = {nft, flag, dash, nullptr};
  pid_t child = 0;
  int failed = ::posix_spawnp(&child, nft, &wiring, nullptr, arguments.data(), environ);
  // Where nft usually is, for a PATH without sbin.
  if (failed == ENOENT)
    failed = ::posix_spawn(&child, "/usr/sbin/nft", &wiring, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&wiring);
  writing = file();
  if (failed == ENOENT) return "nft is missing (package nftables): a firewall needs it";
  if (failed != 0) return std::string("nft cannot be run: ") + std::strerror(failed);
  const std::string said = read_all(reading.get());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return "nft refused the rules: " + said.substr(0, said.find('\n'));
}

}  // namespace fourtuple::real
