// Well-known ports, the ranges of IANA, and what the systems use as ephemeral ports: data for the
// `services` verb and for port names in `ss` without -n.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sim/report/text.h"

namespace fourtuple::report {

struct service {
  std::uint16_t port = 0;
  std::string_view name;        ///< as /etc/services spells it; port names of ss(8)
  std::string_view what;        ///< as people call it: "SSH"
  std::string_view transports;  ///< "tcp", "udp", "tcp, udp"
};

[[nodiscard]] std::span<const service> services();
[[nodiscard]] const service* find_service(std::uint16_t port);
/// By the name of /etc/services.
[[nodiscard]] std::optional<std::uint16_t> service_port(std::string_view name);

/// The whole table with the ranges, or what is known of these ports.
[[nodiscard]] std::string services_text(std::span<const std::uint16_t> ports, const style& s);

}  // namespace fourtuple::report
