#include "sim/real/congestion.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "sim/real/descriptor.h"

namespace fourtuple::real {
namespace {

bool set_on(int fd, const std::string& algorithm) {
  return ::setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, algorithm.data(),
                      static_cast<socklen_t>(algorithm.size())) == 0;
}

}  // namespace

std::string congestion_choice::choose(const network_namespace& where, std::string_view algorithm) {
  std::string why = write_sysctl(where, sysctl, algorithm);
  each_socket_.clear();
  if (why.empty()) return why;
  const auto inside = where.enter();
  const file probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const std::string name(algorithm);
  if (!probe || !set_on(probe.get(), name)) return why;
  each_socket_ = name;
  return {};
}

void congestion_choice::apply(int fd) const {
  if (!each_socket_.empty()) static_cast<void>(set_on(fd, each_socket_));
}

}  // namespace fourtuple::real
