#include "sim/ports/reserve.h"

#include "sim/ports/allocators.h"

namespace fourtuple::ports {
namespace {

/// __inet_check_established() for a port that the program bound.
result<reservation> connect_explicitly(const table& t, const connect_request& r) {
  const tuple_table::place where = t.look_up(r.tuple);
  const entry holder = where.what();
  if (!holder) return reservation{r.tuple.local_port, 0, {}, where};
  if (holder.type() != kind::time_wait || !reusable_explicitly(t.known().time_wait(holder.index())))
    return errc::eaddrnotavail;
  return reservation{r.tuple.local_port, 0, holder, where};
}

/// inet_csk_get_port() with a port: is anybody but `self` in the way?
bool in_the_way(const table& t, const claim& who, std::uint16_t port, owner_id self) {
  if (t.all_buckets().admits(port, who)) return false;
  const owners& all = t.all_owners();
  return all.any_overlapping(port, who.where, [&](owner_id other) {
    return other != self && conflicts(who, all.claim_of(other), explicit_port);
  });
}

}  // namespace

result<reservation> reserve(table& t, const connect_request& r, draws& d) {
  if (r.tuple.local_port != 0) return connect_explicitly(t, r);
  switch (t.current_rules().connect) {
    case profile::connect_allocator::hash_table:
      return connect_by_hash_table(t, r, d);
    case profile::connect_allocator::sequential_hash:
      return connect_by_sequential_hash(t, r, d);
    case profile::connect_allocator::random_start:
      return connect_by_random_start(t, r, d);
  }
  return errc::eaddrnotavail;
}

result<reservation> reserve(table& t, const bind_request& r, draws& d) {
  if (r.port != 0) {
    if (in_the_way(t, r.who, r.port, {})) return errc::eaddrinuse;
    return reservation{r.port, 0, {}, {}};
  }
  switch (t.current_rules().bind) {
    case profile::bind_allocator::odd_first:
      return bind_odd_first(t, r, d);
    case profile::bind_allocator::random_start:
      return bind_by_random_start(t, r, d);
  }
  return errc::eaddrinuse;
}

result<> reserve_listen(const table& t, owner_id o) {
  claim who = t.claim_of(o);
  who.listening = true;
  if (in_the_way(t, who, t.port_of(o), o)) return errc::eaddrinuse;
  return {};
}

}  // namespace fourtuple::ports
