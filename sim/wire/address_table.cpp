#include "sim/wire/address_table.h"

namespace fourtuple::wire {

address_table::address_table() {
  add(ip_address::any(family::inet));
  add(ip_address::any(family::inet6));
}

address_id address_table::intern(const ip_address& a) {
  if (at(last_) == a) [[likely]]
    return last_;
  if (const auto found = ids_.find(a); found != ids_.end()) return last_ = {found->second};
  return add(a);
}

address_id address_table::add(const ip_address& a) {
  address_id plain{};
  const bool mapped = a.is_v4_mapped();
  if (mapped) plain = intern(a.unmapped());
  const address_id id{size()};
  ids_.emplace(a, id.value);
  entries_.push_back({a, mapped ? plain : id, a.is_loopback()});
  return id;
}

}  // namespace fourtuple::wire
