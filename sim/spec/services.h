// Well-known ports as data: what a scan calls `well-known`, the `services` verb, and the port names
// that ss(8) prints without -n.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "sim/spec/units.h"

namespace fourtuple::spec {

struct service {
  std::uint16_t port = 0;
  std::string_view name;        ///< as /etc/services spells it; port names of ss(8)
  std::string_view what;        ///< as people call it: "SSH"
  std::string_view transports;  ///< "tcp", "udp", "tcp, udp"
};

/// By port, ascending.
[[nodiscard]] std::span<const service> services();
/// Null where the port is known for nothing.
[[nodiscard]] const service* find_service(std::uint16_t port);
/// Null where it is known for nothing over that transport: udp/80 is not HTTP.
[[nodiscard]] const service* find_service(std::uint16_t port, transport over);
[[nodiscard]] bool runs_over(const service& s, transport over);
/// By the name of /etc/services.
[[nodiscard]] std::optional<std::uint16_t> service_port(std::string_view name);

}  // namespace fourtuple::spec
