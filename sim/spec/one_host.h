// A scenario put onto one host, as the backend `loopback` runs it (FORMAT 7): every address becomes
// one of 127.0.0.0/8, all programs share one port table.
#pragma once

#include "sim/spec/spec.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>

namespace fourtuple::spec {

struct one_host {
  std::optional<spec::scenario> scenario;  ///< nothing: `why`
  std::string why;                         ///< what cannot be put onto one host, as a sentence
  /// Ports that the file names, to bind or to connect to: where another program of the machine has
  /// one of them, it would be that program that answers.
  std::set<std::uint16_t> ports;
};

/// The hosts become one, named "loopback", without addresses of its own; the n-th IPv4 address of the
/// file becomes 127.77.(n / 256).(n % 256), the one IPv6 address ::1. Programs of different hosts stay
/// different processes. `app_uid` is the user that `user: app` means. Expectations are left out: they are
/// about hosts that no longer exist.
[[nodiscard]] one_host on_one_host(const scenario& s, std::uint32_t app_uid);

}  // namespace fourtuple::spec
