#include "sim/apps/socket_options.h"

namespace fourtuple::apps {

// Both lists are in the order of the manual pages; the unit test compares every name.
option option_of(spec::sockopt o) { return static_cast<option>(o); }

option_value value_of(const spec::sockopt_setting& s) {
  switch (spec::row_of(s.option).syntax) {
    case spec::sockopt_syntax::linger:
      return {s.value.onoff, s.value.linger};
    case spec::sockopt_syntax::time:
      return {s.value.time.count(), 0};
    case spec::sockopt_syntax::range:
      return {s.value.number & 0xffff, (s.value.number >> 16) & 0xffff};
    case spec::sockopt_syntax::flag:
    case spec::sockopt_syntax::integer:
    case spec::sockopt_syntax::read_only:
      break;
  }
  return {s.value.number, 0};
}

errc set_options(process& p, descriptor fd, const std::vector<spec::sockopt_setting>& options) {
  for (const auto& each : options) {
    const auto done = p.setsockopt(fd, option_of(each.option), value_of(each));
    if (!done) return done.error();
  }
  return errc::ok;
}

void reset_at_close(process& p, descriptor fd) {
  static_cast<void>(p.setsockopt(fd, option::so_linger, {1, 0}));
}

}  // namespace fourtuple::apps
