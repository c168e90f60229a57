#include "sim/real/at_limit.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace fourtuple::real {
namespace {

struct attempt {
  const std::function<int()>& call;
  int error = 0;
};

int make(void* context) {
  auto& a = *static_cast<attempt*>(context);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_NOFILE, &none);
  if (const int fd = a.call(); fd < 0) {
    a.error = errno;
  } else {
    ::close(fd);
  }
  return 0;
}

}  // namespace

int errno_at_the_limit(const std::function<int()>& call) {
  // Limits belong to a process, so a thread will not do; as in vfork(2) the caller waits and lends its
  // memory.
  constexpr std::size_t stack_size = 65536;
  alignas(16) std::array<char, stack_size> stack;
  attempt a{call};
  const int child = ::clone(make, stack.data() + stack.size(),
                            CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, &a);
  if (child < 0) return errno;
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  return a.error;
}

}  // namespace fourtuple::real
