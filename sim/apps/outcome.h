// How a wait of an application ended, in three bytes: done, an errno, the application's own
// deadline, the peer's end of file, or a nudge from the application itself.
#pragma once

#include <fourtuple/errc.h>

#include <cstdint>
#include <string_view>

#include "sim/observe/app_metrics.h"

namespace fourtuple::apps {

struct outcome {
  enum class kind : std::uint8_t { done, failed, deadline, eof, nudged } what = kind::done;
  enum class call : std::uint8_t {
    none,
    socket,
    setsockopt,
    bind,
    listen,
    connect,
    accept,
    send,
    recv,
    close,
    queue
  } where = call::none;
  errc error = errc::ok;

  [[nodiscard]] static outcome of(call c, errc e) {
    return {e == errc::ok ? kind::done : kind::failed, c, e};
  }
  [[nodiscard]] bool ok() const { return what == kind::done; }
};

/// "connect", as first_failure.call prints it.
[[nodiscard]] std::string_view name(outcome::call c);
/// What `errors` counts it as.
[[nodiscard]] observe::fault fault_of(const outcome& o);

}  // namespace fourtuple::apps
