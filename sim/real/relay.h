// Links that take time: a TUN device in each of two namespaces, and a thread of this process as the
// wire between them. It hands on what one device sends when the link's model (sim/net/link.h, the
// same as in the simulation) says that it arrives.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "sim/real/network.h"
#include "sim/spec/host.h"

namespace fourtuple::real {

class relay {
 public:
  relay();
  ~relay();
  relay(const relay&) = delete;
  relay& operator=(const relay&) = delete;

  /// One end: the device `name` is made in `space`; `key` is the random stream of what it sends.
  struct end {
    const network_namespace& space;
    std::string name;
    std::uint64_t key = 0;
  };
  /// Joins two devices. Before start(). Throws unable where there is no TUN.
  /// `link` is the index of its link in the scenario, which set_link() names.
  void add(const end& a, const end& b, const spec::link_shape& shape, std::uint32_t link);
  /// From the next packet on. False where the relay has no such link.
  bool set_link(std::uint32_t link, const link_change& change);
  /// Packets travel from now on, until the relay ends.
  void start();

 private:
  struct wires;
  std::unique_ptr<wires> wires_;
};

}  // namespace fourtuple::real
