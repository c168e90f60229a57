// From the options of a file to those of the seam.
#pragma once

#include <fourtuple/option.h>
#include <fourtuple/process.h>

#include <vector>

#include "sim/spec/socket_option.h"

namespace fourtuple::apps {

[[nodiscard]] option option_of(spec::sockopt o);
[[nodiscard]] option_value value_of(const spec::sockopt_setting& s);

/// Sets all of them, in order; the first refusal ends it.
[[nodiscard]] errc set_options(process& p, descriptor fd,
                               const std::vector<spec::sockopt_setting>& options);
/// SO_LINGER on with 0 s: the next close() resets the connection.
void reset_at_close(process& p, descriptor fd);

}  // namespace fourtuple::apps
