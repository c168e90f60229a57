#include "sim/ports/claim.h"

namespace fourtuple::ports {
namespace {

/// Two sockets bound to different interfaces never meet; one without an interface meets both.
bool devices_apart(const claim& a, const claim& b) {
  return a.device != 0 && b.device != 0 && a.device != b.device;
}

}  // namespace

scope scope_of(wire::address_id a, bool v6only, const wire::address_table& t) {
  const wire::address_id plain = t.unmapped(a);
  scope s{.address = plain, .is_v6 = t.family_of(plain) == family::inet6};
  s.all_v6 = plain == wire::any_v6;
  s.all_v4 = plain == wire::any_v4 || (s.all_v6 && !v6only);
  s.dual_stack = s.is_v6 && !v6only;
  return s;
}

bool bind_sets_v6only(wire::address_id a, const wire::address_table& t) {
  return t.family_of(t.unmapped(a)) == family::inet6 && a != wire::any_v6;
}

bool conflicts(const claim& asks, const claim& holds, leniency how) {
  if (devices_apart(asks, holds) || !overlaps(asks.where, holds.where)) return false;
  // A TIME-WAIT may be shared with any user's SO_REUSEPORT socket; its own user may be gone.
  const bool one_group =
      asks.reuseport && holds.reuseport && (holds.time_wait || asks.uid == holds.uid);
  if (asks.reuseaddr && holds.reuseaddr && !holds.listening)
    return !how.relax || (!how.reuseport_ok && one_group);
  return !(how.reuseport_ok && one_group);
}

namespace {

/// Neither device, nor address, nor SO_REUSEADDR tells the two apart.
bool udp_meets(const claim& asks, const claim& holds) {
  return !devices_apart(asks, holds) && overlaps(asks.where, holds.where) &&
         !(asks.reuseaddr && holds.reuseaddr);
}

bool share_reuseport(const claim& a, const claim& b) {
  return a.reuseport && b.reuseport && a.uid == b.uid;
}

}  // namespace

bool udp_conflicts(const claim& asks, const claim& holds) {
  return udp_meets(asks, holds) && !share_reuseport(asks, holds);
}

bool udp_same_group(const claim& asks, const claim& holds) {
  return udp_meets(asks, holds) && share_reuseport(asks, holds);
}

}  // namespace fourtuple::ports
