#include "sim/ports/table.h"

#include <algorithm>

namespace fourtuple::ports {

table::table(const wire::address_table& addresses, const records& known)
    : addresses_(addresses), records_(known) {
  configure({});
}

void table::configure(const rules& r) {
  if (configured_ && r == rules_) return;
  configured_ = true;
  rules_ = r;
  // What a busy pair knows was worked out under the old rules; it is made again when it is missed.
  pairs_.clear();
  reserved_ = reserved_ports(r);
  capacity_ = r.range.size() - r.reserved.count_in(r.range);
  owners_.watch(r.range.low, r.range.high + 1U);
}

owner_id table::add(claim c, std::uint16_t port, origin how) {
  c.connect_bound = how == origin::connect;
  if (how == origin::bind) {
    std::uint32_t others = 0;
    std::uint32_t not_connect_bound = 0;
    if (buckets_.find(port) == nullptr) {  // it has been connect()'s own until now
      owners_.any(port, [&](owner_id o) {
        ++others;
        if (!owners_.is_connect_bound(o)) ++not_connect_bound;
        return false;
      });
    }
    buckets_.bind(port, c, others, not_connect_bound, rules_.first_owner_sets_reuse);
  } else {
    buckets_.join(port, c.connect_bound);
  }
  return owners_.add(c, port);
}

void table::remove(owner_id o) {
  buckets_.leave(owners_.port_of(o), owners_.is_connect_bound(o), rules_.recompute_bucket);
  owners_.remove(o);
}

void table::move(owner_id o, const scope& where) { owners_.move(o, where); }

void table::set_options(owner_id o, bool reuseaddr, bool reuseport, std::uint16_t device) {
  claim c = owners_.claim_of(o);
  c.reuseaddr = reuseaddr;
  c.reuseport = reuseport;
  c.device = device;
  owners_.update(o, c);
}

void table::set_listening(owner_id o, bool listening) {
  claim c = owners_.claim_of(o);
  c.listening = listening;
  owners_.update(o, c);
  if (listening) buckets_.rebind(owners_.port_of(o), c);
}

void table::to_time_wait(owner_id o) { owners_.set_time_wait(o); }

std::vector<owner_id> table::holders(std::uint16_t port) const {
  std::vector<owner_id> all;
  owners_.any(port, [&](owner_id o) {
    all.push_back(o);
    return false;
  });
  return all;
}

void table::insert(const wire::four_tuple& t, entry e) {
  tuples_.insert(t, e);
  note_insert(t, e);
}

void table::insert(const tuple_table::place& where, const wire::four_tuple& t, entry e) {
  tuples_.insert(where, e);
  note_insert(t, e);
}

void table::note_insert(const wire::four_tuple& t, entry e) {
  tuples_peak_ = std::max(tuples_peak_, static_cast<std::uint32_t>(tuples_.size()));
  if (pair* p = counted_in(t)) {
    p->add(t.local_port);
    if (e.type() == kind::time_wait) note_time_wait(*p, t, e.index());
  }
}

void table::replace(const wire::four_tuple& t, entry from, entry to) {
  tuples_.replace(t, from, to);
  note_replace(t, to);
}

void table::replace(const tuple_table::place& where, const wire::four_tuple& t, entry to) {
  tuples_.replace(where, to);
  note_replace(t, to);
}

void table::note_replace(const wire::four_tuple& t, entry to) {
  if (to.type() != kind::time_wait) return;
  if (pair* p = counted_in(t)) note_time_wait(*p, t, to.index());
}

void table::erase(const wire::four_tuple& t, entry e) {
  tuples_.erase(t, e);
  if (pair* p = counted_in(t)) {
    p->remove(t.local_port);
    if (p->empty()) pairs_.erase(*p);
  }
}

void table::time_wait_changed(const wire::four_tuple& t, entry e) {
  if (pair* p = counted_in(t)) note_time_wait(*p, t, e.index());
}

pair& table::make_busy(const wire::four_tuple& t) {
  pair& p = pairs_.insert(t, loopback(t));
  wire::four_tuple one = t;
  for (std::uint32_t port = rules_.range.low; port <= rules_.range.high; ++port) {
    one.local_port = static_cast<std::uint16_t>(port);
    const entry e = find(one);
    if (!e) continue;
    p.add(one.local_port);
    if (e.type() == kind::time_wait) note_time_wait(p, one, e.index());
  }
  return p;
}

usage table::current_usage() const {
  return {.now = owners_.watched_pairs(),
          .peak = owners_.watched_peak(),
          .capacity = capacity_,
          .tuples = static_cast<std::uint32_t>(tuples_.size()),
          .tuples_peak = tuples_peak_};
}

void table::note_time_wait(pair& p, const wire::four_tuple& t, std::uint32_t index) {
  const time_wait_facts f = records_.time_wait(index);
  p.block(t.local_port);
  if (reusable_at_all(f, rules_, p.loopback())) p.ripens(t.local_port, ripe_at(f, rules_));
}

}  // namespace fourtuple::ports
