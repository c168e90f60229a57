#include "sim/real/loopback.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>

#include <fmt/format.h>

#include "sim/real/privilege.h"

namespace fourtuple::real {
namespace {

constexpr std::uint32_t default_user = 1000;

/// Fields as sysctl(8) prints them, whatever stands between them.
std::string with_single_spaces(const std::string& text) {
  std::istringstream in(text);
  std::string out;
  for (std::string field; in >> field;) out += out.empty() ? field : " " + field;
  return out;
}

std::optional<std::string> machine_value(std::string_view name) {
  std::string path = "/proc/sys/";
  for (const char c : name) path += c == '.' ? '/' : c;
  std::ifstream in(path);
  std::string text;
  if (!in || !std::getline(in, text)) return std::nullopt;
  return with_single_spaces(text);
}

/// Inodes of the sockets that this program holds.
std::set<std::uint64_t> own_inodes() {
  std::set<std::uint64_t> all;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", gone)) {
    const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
    unsigned long inode = 0;
    if (std::sscanf(target.c_str(), "socket:[%lu]", &inode) == 1) all.insert(inode);
  }
  return all;
}

enum class claim : std::uint8_t { free, still_closing };

claim look_at(const std::vector<listed_socket>& all, const std::set<std::uint16_t>& ports,
              const char* transport) {
  claim found = claim::free;
  for (const auto& s : all) {
    if (!ports.contains(s.row.local.port)) continue;
    if (s.inode != 0)
      throw unable(fmt::format("{} port {} of this machine is held by another program ({} {}, uid {})",
                               transport, s.row.local.port, s.row.state, to_string(s.row.local),
                               s.row.uid));
    found = claim::still_closing;
  }
  return found;
}

}  // namespace

std::uint32_t loopback_user() {
  return can_be(default_user) ? default_user : ::geteuid();
}

std::vector<std::string> adopt_machine_sysctls(spec::host& h) {
  std::vector<std::string> not_modelled;
  for (const auto& each : profile::modelled_sysctls()) {
    const auto here = machine_value(each.name);
    const auto booted = profile::read_sysctl(h.sysctls, *h.profile, each.name);
    if (!here || !booted || *here == with_single_spaces(*booted)) continue;
    if (profile::set_sysctl(h.sysctls, *h.profile, each.name, *here))
      not_modelled.push_back(fmt::format("{} = {}", each.name, *here));
  }
  return not_modelled;
}

void need_loopback_up() {
  const file s(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", IFNAMSIZ - 1);
  if (::ioctl(s.get(), SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) != 0) return;
  ip_batch(network_namespace::here(), {"link set lo up"});
}

void need_free_ports(const socket_table& table, const std::set<std::uint16_t>& ports,
                     const std::atomic<bool>* interrupted) {
  constexpr auto step = std::chrono::milliseconds{100};
  constexpr int most = 660;  // a TIME-WAIT lasts 62 s at most
  for (int n = 0; n < most; ++n) {
    const claim tcp = look_at(table.tcp(), ports, "TCP");
    const claim udp = look_at(table.udp(), ports, "UDP");
    if (tcp == claim::free && udp == claim::free) return;
    if (interrupted != nullptr && interrupted->load(std::memory_order_relaxed))
      throw unable("interrupted while connections of an earlier run were in TIME-WAIT");
    std::this_thread::sleep_for(step);
  }
  throw unable("connections of an earlier run hold the file's ports and do not end");
}

other_programs::other_programs(const socket_table& table) {
  for (const auto& s : table.tcp()) theirs_.emplace(s.row.local, s.row.remote);
}

std::vector<observe::socket_row> other_programs::own(const std::vector<listed_socket>& all) {
  const std::set<std::uint64_t> inodes = own_inodes();
  std::vector<observe::socket_row> rows;
  for (const auto& s : all) {
    const connection c{s.row.local, s.row.remote};
    if (inodes.contains(s.inode)) {
      theirs_.erase(c);
      rows.push_back(s.row);
    } else if (s.inode != 0) {
      theirs_.insert(c);
    } else if (!theirs_.contains(c)) {
      rows.push_back(s.row);
    }
  }
  return rows;
}

}  // namespace fourtuple::real
