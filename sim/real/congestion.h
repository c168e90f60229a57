// Which congestion control a host's sockets have. The sysctl of a namespace takes only what
// net.ipv4.tcp_allowed_congestion_control lists, which is the machine's; a socket of a privileged
// process takes all there is (tcp_set_congestion_control() of net/ipv4/tcp_cong.c).
#pragma once

#include <string>
#include <string_view>

#include "sim/real/network.h"

namespace fourtuple::real {

class congestion_choice {
 public:
  static constexpr std::string_view sysctl = "net.ipv4.tcp_congestion_control";

  /// Sockets made from now on have it. Nothing, or why not, in words.
  std::string choose(const network_namespace& where, std::string_view algorithm);
  /// For a TCP socket that was just made.
  void apply(int fd) const;

 private:
  std::string each_socket_;  ///< empty: the sysctl says it
};

}  // namespace fourtuple::real
