#include "sim/real/privilege.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>

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

/// The first uid /etc/subuid lends this user for at least 65,536; 0: none.
unsigned lent_uids(uid_t user) {
  std::ifstream f("/etc/subuid");
  const std::string own = std::to_string(user) + ":";
  const char* const login = ::getlogin();
  const std::string name = login != nullptr ? std::string(login) + ":" : own;
  for (std::string line; std::getline(f, line);) {
    if (!line.starts_with(own) && !line.starts_with(name)) continue;
    unsigned first = 0;
    unsigned count = 0;
    if (std::sscanf(line.c_str() + line.find(':'), ":%u:%u", &first, &count) == 2 && count >= 65536)
      return first;
  }
  return 0;
}

/// A child that stayed outside maps the users, by newuidmap(1): root is this user, the rest is lent.
class mapper {
 public:
  mapper(uid_t user, unsigned lent) {
    if (::pipe2(go_.data(), O_CLOEXEC) < 0) throw unable("no pipe");
    const std::string pid = std::to_string(::getpid());
    child_ = ::fork();
    if (child_ != 0) {
      ::close(go_[0]);
      return;
    }
    ::close(go_[1]);
    char byte = 0;
    if (::read(go_[0], &byte, 1) != 1) ::_exit(1);
    ::execlp("newuidmap", "newuidmap", pid.c_str(), "0", std::to_string(user).c_str(), "1", "1",
             std::to_string(lent).c_str(), "65535", nullptr);
    ::_exit(127);
  }
  bool map() {
    static_cast<void>(::write(go_[1], "x", 1));
    ::close(go_[1]);
    int status = 0;
    while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

 private:
  std::array<int, 2> go_{};
  pid_t child_ = 0;
};

}  // namespace

std::string gain_privilege() {
  if (is_administrator()) return "as root";
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  const unsigned lent = lent_uids(user);
  mapper helper(user, lent);
  if (::unshare(CLONE_NEWUSER) < 0) {
    throw unable(fmt::format(
        "network namespaces need root (sudo), or user namespaces, which are not to be had: {}",
        std::strerror(errno)));
  }
  if (lent != 0 && helper.map()) {
    leave_the_network();
    keep_capabilities_over_exec();
    return "in a user namespace";
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
