// The kernel's numbers and structures and ours, both ways: errno, socket addresses, TCP states,
// poll bits, socket options.
#pragma once

#include <fourtuple/address.h>
#include <fourtuple/errc.h>
#include <fourtuple/option.h>
#include <fourtuple/process.h>
#include <sys/socket.h>

#include <string_view>

namespace fourtuple::real {

/// By name; EIO and whatever else a socket call cannot answer is an internal error.
[[nodiscard]] errc errc_of(int error);

struct socket_address {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};
/// In the address's own family, as a program writes it down.
[[nodiscard]] socket_address to_kernel(const endpoint& e);
/// 0.0.0.0:0 where the family is neither AF_INET nor AF_INET6.
[[nodiscard]] endpoint from_kernel(const socket_address& a);

/// TCP_INFO's and sock_diag's state by its RFC 9293 name.
[[nodiscard]] std::string_view state_name(unsigned kernel_state);

[[nodiscard]] short poll_events(ready_mask m);
[[nodiscard]] ready_mask from_poll(short events);

/// setsockopt(2) and getsockopt(2) with our value type.
[[nodiscard]] result<> set_option(int fd, option o, const option_value& v);
[[nodiscard]] result<option_value> get_option(int fd, option o);

}  // namespace fourtuple::real
