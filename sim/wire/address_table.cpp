#include "sim/wire/address_table.h"

namespace fourtuple::wire {

address_table::address_table() {
  intern(ip_address::any(family::inet));
  intern(ip_address::any(family::inet6));
}

address_id address_table::intern(const ip_address& a) {
  if (last_.value < entries_.size() && at(last_) == a) return last_;
  if (const auto found = ids_.find(a); found != ids_.end()) return last_ = {found->second};
  address_id plain{};
  const bool mapped = a.is_v4_mapped();
  if (mapped) plain = intern(a.unmapped());
  const address_id id{size()};
  ids_.emplace(a, id.value);
  entries_.push_back({a, mapped ? plain : id, a.is_loopback()});
  return id;
}

}  // namespace fourtuple::wire
