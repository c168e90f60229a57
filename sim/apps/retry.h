// How long a load waits before a retry.
#pragma once

#include <fourtuple/time.h>

#include <cstdint>

#include "sim/spec/app.h"

namespace fourtuple::apps {

/// Before retry n (from 1): after * backoff^(n - 1), plus a draw in [0, jitter], by `bits`. The
/// product is rounded down at each step and never exceeds a year.
[[nodiscard]] duration retry_wait(const spec::retry_rules& r, std::uint32_t n, std::uint64_t bits);

}  // namespace fourtuple::apps
