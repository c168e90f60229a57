// The counters of one host under the kernel's names (nstat(8), net/ipv4/proc.c).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "sim/tcp/actions.h"

namespace fourtuple::host {

/// Those that no single TCP step can know.
#define FOURTUPLE_HOST_COUNTERS(X)                                                             \
  X(TcpInSegs) X(TcpOutSegs) X(UdpInDatagrams) X(UdpNoPorts) X(UdpOutDatagrams)                 \
  X(UdpRcvbufErrors) X(IcmpOutDestUnreachs) X(IcmpInDestUnreachs)

enum class host_counter : std::uint8_t {
#define FOURTUPLE_ENUMERATOR(name) name,
  FOURTUPLE_HOST_COUNTERS(FOURTUPLE_ENUMERATOR)
#undef FOURTUPLE_ENUMERATOR
      count_
};

class nstat {
 public:
  void add(tcp::counter c) { ++tcp_[static_cast<std::size_t>(c)]; }
  void add(host_counter c) { ++host_[static_cast<std::size_t>(c)]; }
  /// Every counter by name; zeros included.
  [[nodiscard]] std::map<std::string, std::uint64_t> all() const;

 private:
  std::array<std::uint64_t, static_cast<std::size_t>(tcp::counter::count_)> tcp_{};
  std::array<std::uint64_t, static_cast<std::size_t>(host_counter::count_)> host_{};
};

}  // namespace fourtuple::host
