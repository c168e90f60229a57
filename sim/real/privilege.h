// What this process may do. Network namespaces want CAP_SYS_ADMIN; who is not root gets it in a user
// namespace of his own (user_namespaces(7)), where one user exists.
#pragma once

#include <cstdint>
#include <string>

namespace fourtuple::real {

/// Makes this process able to make network namespaces. Before its first thread: the kernel gives user
/// namespaces to single-threaded processes only. Returns how ("as root", "in a user namespace ..."), or
/// throws observe::unable with the reason why not.
std::string gain_privilege();

/// Whether sockets can be made in the name of that user here.
[[nodiscard]] bool can_be(std::uint32_t uid);

}  // namespace fourtuple::real
