#include "sim/real/nft.h"

#include <cerrno>
#include <vector>

#include "tests/support/catch.h"
#include "tests/support/own_namespace.h"

using namespace fourtuple;
using namespace fourtuple::test;
using rule = firewall_rule;

namespace {

rule rule_of(rule::action what, rule::protocol of, std::uint16_t low, std::uint16_t high,
             reject_with with = reject_with::icmp_port_unreachable) {
  rule r;
  r.what = what;
  r.of = of;
  r.low_port = low;
  r.high_port = high;
  r.with = with;
  return r;
}

/// errno of one send() and the next recv() of a UDP socket connected to that port of this host.
int udp_answer(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int answer = ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0 ? 0 : errno;
  char byte = 'x';
  if (answer == 0 && ::send(fd, &byte, 1, 0) != 1) answer = errno;
  if (answer == 0 && ::recv(fd, &byte, 1, 0) < 0) answer = errno;
  ::close(fd);
  return answer;
}

int tcp_answer(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int answer = ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0 ? 0 : errno;
  ::close(fd);
  return answer;
}

/// 0 where the kernel does what the rules say; else the failed check.
int rules_hold() {
  if (!enter_namespace()) return not_allowed;
  rule out = rule_of(rule::action::drop, rule::protocol::udp, 84, 84);
  out.which = rule::direction::out;
  const std::vector<rule> rules = {
      rule_of(rule::action::reject, rule::protocol::udp, 82, 82,
              reject_with::icmp_admin_prohibited),
      rule_of(rule::action::drop, rule::protocol::udp, 80, 83),
      rule_of(rule::action::reject, rule::protocol::tcp, 85, 85, reject_with::tcp_reset), out};
  if (const auto why = real::set_firewall(rules); !why.empty())
    return why.find("missing") != std::string::npos ? not_allowed : 1;
  if (udp_answer(82) != EHOSTUNREACH) return 2;
  if (udp_answer(83) != EAGAIN) return 3;
  if (udp_answer(84) != EPERM) return 4;
  if (udp_answer(86) != ECONNREFUSED) return 5;
  if (tcp_answer(85) != ECONNREFUSED) return 6;
  if (!real::set_firewall({}).empty()) return 7;
  return udp_answer(82) == ECONNREFUSED ? 0 : 8;
}

/// Every kind of rule is one that nft takes.
int nft_takes_all() {
  if (!enter_namespace()) return not_allowed;
  std::vector<rule> rules;
  for (int with = 0; with <= static_cast<int>(reject_with::tcp_reset); ++with)
    rules.push_back(
        rule_of(rule::action::reject, rule::protocol::tcp, 1, 9, static_cast<reject_with>(with)));
  rule named = rule_of(rule::action::accept, rule::protocol::all, 0, 65535);
  named.from = {{*parse_address("10.0.0.0"), *parse_address("10.0.0.255")},
                {*parse_address("10.1.0.1"), *parse_address("10.1.0.1")},
                {*parse_address("fd00::1"), *parse_address("fd00::1")}};
  rules.push_back(named);
  rules.push_back(rule_of(rule::action::drop, rule::protocol::icmp, 0, 65535));
  const auto why = real::set_firewall(rules);
  if (why.find("missing") != std::string::npos) return not_allowed;
  return why.empty() ? 0 : 1;
}

void expect_zero(int answer) {
  if (answer == not_allowed) {
    WARN("network namespaces are not allowed here, or nft is missing: no rule was tried");
    return;
  }
  CHECK(answer == 0);
}

}  // namespace

TEST_CASE("rules read in nft as they do in the file", "[real][firewall]") {
  rule named = rule_of(rule::action::drop, rule::protocol::tcp, 20, 30);
  named.from = {{*parse_address("10.0.0.1"), *parse_address("10.0.0.9")},
                {*parse_address("fd00::1"), *parse_address("fd00::1")}};
  rule out = rule_of(rule::action::reject, rule::protocol::all, 0, 65535);
  out.which = rule::direction::out;
  const std::vector<rule> rules = {named, out};
  CHECK(real::nft_ruleset(rules) ==
        "table inet fourtuple\n"
        "delete table inet fourtuple\n"
        "table inet fourtuple {\n"
        "  chain input {\n"
        "    type filter hook input priority 0; policy accept;\n"
        "    ip saddr { 10.0.0.1-10.0.0.9 } tcp dport 20-30 drop\n"
        "    ip6 saddr { fd00::1 } tcp dport 20-30 drop\n"
        "  }\n"
        "  chain output {\n"
        "    type filter hook output priority 0; policy accept;\n"
        "    reject with icmpx type port-unreachable\n"
        "  }\n"
        "}\n");
}

TEST_CASE("the kernel does what the rules say", "[real][firewall]") {
  expect_zero(in_child(rules_hold));
}

TEST_CASE("nft takes every rule that a file can say", "[real][firewall]") {
  expect_zero(in_child(nft_takes_all));
}
