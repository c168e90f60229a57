// How a wait of an application ended, in two bytes: done, an errno, the application's own
// deadline, the peer's end of file, or a nudge from the application itself.
#pragma once

#include <fourtuple/errc.h>

#include <cstdint>
#include <string_view>

#include "sim/observe/app_metrics.h"

namespace fourtuple::apps {

struct outcome {
  enum class kind : std::uint8_t { done, failed, deadline, eof, nudged };
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
  };
  kind what : 4 = kind::done;
  call where : 4 = call::none;
  errc error = errc::ok;

  outcome() = default;
  outcome(kind what_, call where_, errc error_) : what(what_), where(where_), error(error_) {}
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
