// A call made by a process whose descriptors are used up, answered by the kernel.
#pragma once

#include <functional>

namespace fourtuple::real {

/// Makes `call` (one system call, which returns a descriptor or -1) in a short-lived process that shares
/// all descriptors with this one and has RLIMIT_NOFILE 0. Returns its errno; what the kernel leaves undone
/// then is left undone. 0: the kernel gave a descriptor all the same, which is closed.
[[nodiscard]] int errno_at_the_limit(const std::function<int()>& call);

}  // namespace fourtuple::real
