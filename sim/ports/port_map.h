// port -> 32-bit handle, 0 where there is none: three levels, made when first written, so that a
// host with one busy port pays for one leaf and a host with 28232 pays 4 bytes a port.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

namespace fourtuple::ports {

class port_map {
 public:
  [[nodiscard]] std::uint32_t at(std::uint16_t port) const {
    const auto& n = nodes_[port >> 12];
    if (!n) return 0;
    const auto& leaf = n->leaves[(port >> 6) & 63];
    return leaf ? leaf->values[port & 63] : 0;
  }
  void set(std::uint16_t port, std::uint32_t value) {
    auto& n = nodes_[port >> 12];
    if (!n) n = std::make_unique<node>();
    auto& leaf = n->leaves[(port >> 6) & 63];
    if (!leaf) leaf = std::make_unique<leaf_page>();
    leaf->values[port & 63] = value;
  }

 private:
  struct leaf_page {
    std::array<std::uint32_t, 64> values{};
  };
  struct node {
    std::array<std::unique_ptr<leaf_page>, 64> leaves;
  };
  std::array<std::unique_ptr<node>, 16> nodes_;
};

}  // namespace fourtuple::ports
