// Why a server did not take a connection, or took it and said nothing: what it accepts, and what
// its clients ask of it.
#pragma once

#include <vector>

#include "sim/report/headline.h"

namespace fourtuple::report {

/// Its clients keep more connections open than the server of `f` may have, or come faster than it
/// accepts: why and cure. Empty where the file's numbers do not say so.
[[nodiscard]] std::vector<remark> server_limit(const observe::outcome& o, const app_failure& f);

/// A TCP client that heard nothing from its server.
[[nodiscard]] std::vector<remark> unaccepted_explanation(const observe::outcome& o,
                                                         const app_failure& f);

}  // namespace fourtuple::report
