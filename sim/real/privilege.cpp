#include "sim/real/privilege.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "sim/observe/backend.h"
#include "sim/real/descriptor.h"

namespace fourtuple::real {
namespace {

using observe::unable;

/// The user of a host's programs where a file says nothing (FORMAT 2).
constexpr unsigned default_user = 1000;

using capability_sets = std::array<__user_cap_data_struct, 2>;

capability_sets capabilities() {
  __user_cap_header_struct h{_LINUX_CAPABILITY_VERSION_3, 0};
  capability_sets sets{};
  ::syscall(SYS_capget, &h, sets.data());
  return sets;
}

bool is_administrator() {
  return (capabilities()[0].effective & (1U << CAP_SYS_ADMIN)) != 0;
}

void write_map(const char* path, const std::string& text) {
  const file f(::open(path, O_WRONLY | O_CLOEXEC));
  if (!f || ::write(f.get(), text.data(), text.size()) < 0)
    throw unable(fmt::format("{} cannot be written: {}", path, std::strerror(errno)));
}

/// Threads go from namespace to namespace and come back to their own, which must be ours for that.
void leave_the_network() {
  if (::unshare(CLONE_NEWNET) < 0)
    throw unable(fmt::format("no network namespace can be made: {}", std::strerror(errno)));
}

/// What ip(8) and nft(8) are run with: an exec keeps ambient capabilities only.
void keep_capabilities_over_exec() {
  capability_sets sets = capabilities();
  for (auto& s : sets) s.inheritable = s.permitted;
  __user_cap_header_struct h{_LINUX_CAPABILITY_VERSION_3, 0};
  ::syscall(SYS_capset, &h, sets.data());
  for (unsigned long c = 0; c <= CAP_LAST_CAP; ++c)
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, c, 0UL, 0UL);
}

}  // namespace

std::string gain_privilege() {
  if (is_administrator()) return "as root";
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (::unshare(CLONE_NEWUSER) < 0) {
    throw unable(fmt::format(
        "network namespaces need root (sudo), or user namespaces, which are not to be had: {}",
        std::strerror(errno)));
  }
  write_map("/proc/self/setgroups", "deny");
  write_map("/proc/self/uid_map", fmt::format("{} {} 1", default_user, user));
  write_map("/proc/self/gid_map", fmt::format("{} {} 1", default_user, group));
  leave_the_network();
  keep_capabilities_over_exec();
  return fmt::format("in a user namespace of one user, uid {}", default_user);
}

bool can_be(std::uint32_t uid) {
  const int before = ::setfsuid(uid);
  const bool possible = static_cast<std::uint32_t>(::setfsuid(static_cast<uid_t>(before))) == uid;
  return possible;
}

}  // namespace fourtuple::real
