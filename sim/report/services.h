// The text of the `services` verb: well-known ports, the ranges of IANA, and what the systems use
// as ephemeral ports.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "sim/report/text.h"

namespace fourtuple::report {

/// The whole table with the ranges, or what is known of these ports.
[[nodiscard]] std::string services_text(std::span<const std::uint16_t> ports, const style& s);

}  // namespace fourtuple::report
