// lock_sock() .. release_sock(): while a system call works on a socket, segments for it go to its
// backlog and are processed as the call releases it.
#pragma once

#include "sim/host/tcp_stack.h"

namespace fourtuple::host {

class tcp_stack::lock {
 public:
  /// Taking the lock again inside the same call is the same lock.
  lock(tcp_stack& stack, std::uint32_t socket)
      : stack_(stack), socket_(socket), outer_(stack.owned_) {
    stack_.owned_ = socket;
  }
  ~lock() noexcept(false) {
    if (outer_ == 0 && stack_.something_came()) stack_.release_backlog(socket_);
    stack_.owned_ = outer_;
  }
  lock(const lock&) = delete;
  lock& operator=(const lock&) = delete;

 private:
  tcp_stack& stack_;
  std::uint32_t socket_;
  std::uint32_t outer_;
};

}  // namespace fourtuple::host
