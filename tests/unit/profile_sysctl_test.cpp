#include "sim/profile/sysctl.h"

#include "tests/support/catch.h"

using namespace fourtuple;
using namespace fourtuple::profile;
using namespace std::chrono_literals;

namespace {

const host_profile& named(std::string_view name) { return *find_profile(name).profile; }

struct attempt {
  std::string_view name;
  std::string_view text;
  bool taken;
};

}  // namespace

TEST_CASE("sysctls take what a 6.18 kernel takes", "[profile]") {
  // Probed by writing to /proc/sys in a fresh network namespace of 6.18; flags above 1 and negative
  // times, which that kernel takes, are left out.
  const attempt probed[] = {
      {"ip_local_port_range", "1024 1024", true},
      {"ip_local_port_range", "1023 2000", false},
      {"ip_local_port_range", "2000 1999", false},
      {"ip_local_port_range", "40000,50000", false},
      {"ip_local_port_range", "32768\t60999", true},
      {"ip_local_port_range", "32768 70000", false},
      {"ip_local_port_range", "0 50000", false},
      {"ip_local_reserved_ports", "", true},
      {"ip_local_reserved_ports", "8080,9000-9010", true},
      {"ip_local_reserved_ports", "8080, 9000", false},
      {"ip_local_reserved_ports", "9010-9000", false},
      {"ip_local_reserved_ports", "70000", false},
      {"ip_local_reserved_ports", "8080 9000", false},
      {"ip_unprivileged_port_start", "0", true},
      {"ip_unprivileged_port_start", "40000", false},
      {"ip_unprivileged_port_start", "32768", true},
      {"ip_unprivileged_port_start", "65536", false},
      {"tcp_tw_reuse", "2", true},
      {"tcp_tw_reuse", "3", false},
      {"tcp_tw_reuse_delay", "0", false},
      {"tcp_tw_reuse_delay", "1", true},
      {"tcp_tw_reuse_delay", "60000", true},
      {"tcp_tw_reuse_delay", "60001", false},
      {"tcp_fin_timeout", "0", true},
      {"tcp_fin_timeout", "2147483647", false},
      {"tcp_max_tw_buckets", "2147483647", true},
      {"tcp_max_tw_buckets", "2147483648", false},
      {"tcp_syn_retries", "0", false},
      {"tcp_syn_retries", "127", true},
      {"tcp_syn_retries", "128", false},
      {"tcp_synack_retries", "0", true},
      {"tcp_synack_retries", "255", true},
      {"tcp_synack_retries", "256", false},
      {"tcp_syn_linear_timeouts", "128", false},
      {"tcp_rto_min_us", "0", false},
      {"tcp_rto_min_us", "1", true},
      {"tcp_rto_max_ms", "999", false},
      {"tcp_rto_max_ms", "1000", true},
      {"tcp_rto_max_ms", "120001", false},
      {"tcp_rmem", "4096 131072 6291456", true},
      {"tcp_rmem", "0 1 2", false},
      {"tcp_rmem", "4096 131072 3000000000", false},
  };
  for (const auto& a : probed) {
    INFO(a.name << " = " << a.text);
    auto s = boot_sysctls(newest_linux());
    const auto before = s;
    const auto refused = set_sysctl(s, newest_linux(), "net.ipv4." + std::string(a.name), a.text);
    CHECK(refused.has_value() != a.taken);
    if (refused) CHECK(s == before);
  }
}

TEST_CASE("the defaults of linux-6.18 are those a fresh namespace shows", "[profile]") {
  const attempt shown[] = {
      {"net.core.somaxconn", "4096", true},
      {"net.ipv4.ip_local_port_range", "32768\t60999", true},
      {"net.ipv4.ip_local_reserved_ports", "", true},
      {"net.ipv4.ip_unprivileged_port_start", "1024", true},
      {"net.ipv4.tcp_tw_reuse", "2", true},
      {"net.ipv4.tcp_tw_reuse_delay", "1000", true},
      {"net.ipv4.tcp_fin_timeout", "60", true},
      {"net.ipv4.tcp_max_tw_buckets", "131072", true},
      {"net.ipv4.tcp_max_syn_backlog", "2048", true},
      {"net.ipv4.tcp_syn_retries", "6", true},
      {"net.ipv4.tcp_synack_retries", "5", true},
      {"net.ipv4.tcp_syn_linear_timeouts", "4", true},
      {"net.ipv4.tcp_retries2", "15", true},
      {"net.ipv4.tcp_orphan_retries", "0", true},
      {"net.ipv4.tcp_rto_min_us", "200000", true},
      {"net.ipv4.tcp_rto_max_ms", "120000", true},
      {"net.ipv4.tcp_invalid_ratelimit", "500", true},
      {"net.ipv4.tcp_keepalive_time", "7200", true},
      {"net.ipv4.tcp_keepalive_intvl", "75", true},
      {"net.ipv4.tcp_keepalive_probes", "9", true},
      {"net.ipv4.tcp_rmem", "4096\t131072\t33554432", true},
      {"net.ipv4.tcp_wmem", "4096\t16384\t4194304", true},
  };
  const auto s = boot_sysctls(newest_linux());
  for (const auto& row : shown) {
    INFO(row.name);
    CHECK(read_sysctl(s, newest_linux(), row.name) == std::string(row.text));
  }
}

TEST_CASE("what is read can be written back, on every profile", "[profile]") {
  for (const auto& p : all_profiles()) {
    auto s = boot_sysctls(p);
    const auto booted = s;
    for (const auto& info : modelled_sysctls()) {
      const auto text = read_sysctl(s, p, info.name);
      CHECK(text.has_value() == (info.since <= p.version));
      if (text) CHECK_FALSE(set_sysctl(s, p, info.name, *text));
    }
    CHECK(s == booted);
  }
}

TEST_CASE("a sysctl without effect is refused by name", "[profile]") {
  auto s = boot_sysctls(newest_linux());
  CHECK(set_sysctl(s, newest_linux(), "net.ipv4.tcp_congestion_control", "bbr") ==
        "net.ipv4.tcp_congestion_control: 'bbr' is not yet modelled (cubic and reno are)");
  CHECK(set_sysctl(s, newest_linux(), "net.ipv4.tcp_congestion_control", "cubik") ==
        "net.ipv4.tcp_congestion_control: unknown congestion control 'cubik' (did you mean "
        "'cubic'?)");
  CHECK(set_sysctl(s, newest_linux(), "net.ipv4.tcp_tw_resue", "1") ==
        "unknown sysctl 'net.ipv4.tcp_tw_resue' (did you mean 'net.ipv4.tcp_tw_reuse'?)");
  auto old = boot_sysctls(named("linux-4.4"));
  CHECK(set_sysctl(old, named("linux-4.4"), "net.ipv4.ip_unprivileged_port_start", "80") ==
        "sysctl 'net.ipv4.ip_unprivileged_port_start' exists since Linux 4.11, not in linux-4.4");
  CHECK(set_sysctl(old, named("linux-4.4"), "net.ipv4.tcp_tw_reuse", "2"));
}

TEST_CASE("the profiles differ where the kernels do", "[profile]") {
  CHECK(find_profile("linux").profile == &newest_linux());
  CHECK(named("linux-6.1").tcp.syn_linear_timeouts == 0);
  CHECK(named("linux-6.1").time_wait.reuse_clock == tw_reuse_clock::whole_seconds);
  CHECK(boot_sysctls(named("linux-4.4")).somaxconn == 128);
  CHECK(boot_sysctls(named("linux-4.4")).tcp_tw_reuse == 0);
  CHECK(named("iana").time_wait.length == 240s);
  CHECK(find_profile("windows").error == "'windows' is not yet modelled");
  CHECK(find_profile("linux-6.l8").error ==
        "unknown profile 'linux-6.l8' (did you mean 'linux-6.18'?)");
}

TEST_CASE("a set of ports merges what touches", "[profile]") {
  port_set s;
  s.add({9000, 9010});
  s.add({8080, 8080});
  s.add({9011, 9020});
  s.add({65535, 65535});
  s.add({0, 1});
  REQUIRE(s.ranges().size() == 4);
  CHECK(s.contains(9015));
  CHECK_FALSE(s.contains(9021));
  CHECK(s.count_in({9005, 65535}) == 17);
}
