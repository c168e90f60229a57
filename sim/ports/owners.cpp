#include "sim/ports/owners.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "sim/core/assert.h"

namespace fourtuple::ports {
namespace {

bool scope_less(const scope& a, const scope& b) {
  return std::tuple{a.address, a.dual_stack} < std::tuple{b.address, b.dual_stack};
}

}  // namespace

std::uint8_t owners::flags_of(const claim& c) {
  return static_cast<std::uint8_t>((c.reuseaddr ? reuseaddr : 0) | (c.reuseport ? reuseport : 0) |
                                   (c.listening ? listening : 0) | (c.time_wait ? time_wait : 0) |
                                   (c.connect_bound ? connect_bound : 0));
}

owner_id owners::add(const claim& c, std::uint16_t port) {
  const owner_id o = allocate();
  owner& w = at(o);
  w.column = column_of(c.where);
  w.port = port;
  w.user = number_of({c.uid, c.device});
  w.flags = flags_of(c);
  with_device_ += c.device != 0 ? 1U : 0U;
  link(o, w);
  ++size_;
  return o;
}

void owners::remove(owner_id o) {
  unlink(o);
  owner& w = at(o);
  if (user_of(w).device != 0) --with_device_;
  w.port = 0;
  w.next = free_;
  free_ = o.value;
  --size_;
}

void owners::move(owner_id o, const scope& where) {
  const std::uint16_t to = column_of(where);
  owner& w = at(o);
  if (to == w.column) return;
  unlink(o);
  w.column = to;
  link(o, w);
}

void owners::update(owner_id o, const claim& c) {
  owner& w = at(o);
  with_device_ += (c.device != 0 ? 1U : 0U) - (user_of(w).device != 0 ? 1U : 0U);
  w.user = number_of({c.uid, c.device});
  w.flags = static_cast<std::uint8_t>(flags_of(c) | (w.flags & first));
}

void owners::set_time_wait(owner_id o) {
  owner& w = at(o);
  w.flags = static_cast<std::uint8_t>((w.flags | time_wait) & ~unsigned{listening});
}

claim owners::claim_of(owner_id o) const {
  const owner& w = at(o);
  return {.where = columns_[w.column].where,
          .uid = user_of(w).uid,
          .device = user_of(w).device,
          .reuseaddr = (w.flags & reuseaddr) != 0,
          .reuseport = (w.flags & reuseport) != 0,
          .listening = (w.flags & listening) != 0,
          .time_wait = (w.flags & time_wait) != 0,
          .connect_bound = (w.flags & connect_bound) != 0};
}

void owners::collect_used(const scope& where, std::vector<const port_bitmap*>& sets) const {
  for (const column& c : columns_)
    if (overlaps(where, c.where) && c.used.size() != 0) sets.push_back(&c.used);
}

std::uint32_t owners::pairs_in(std::uint32_t from, std::uint32_t to) const {
  std::uint32_t n = 0;
  for (const column& c : columns_) n += c.used.count_in(from, to);
  return n;
}

void owners::watch(std::uint32_t from, std::uint32_t to) {
  watch_from_ = from;
  watch_to_ = to;
  watched_ = pairs_in(from, to);
  watched_peak_ = std::max(watched_peak_, watched_);
}

owner_id owners::allocate() {
  if (free_ != 0) {
    const owner_id o{free_};
    free_ = at(o).next;
    return o;
  }
  const owner_id o{fresh_++};
  FOURTUPLE_ASSERT(fresh_ != 0, "more than 2^32 owners");
  if ((o.value >> chunk_bits) == chunks_.size())
    chunks_.push_back(std::make_unique<owner[]>(std::size_t{1} << chunk_bits));
  return o;
}

std::uint16_t owners::find_column(const scope& where) {
  const auto place = std::lower_bound(
      by_scope_.begin(), by_scope_.end(), where,
      [this](std::uint16_t c, const scope& s) { return scope_less(columns_[c].where, s); });
  if (place != by_scope_.end() && columns_[*place].where == where) return last_column_ = *place;
  FOURTUPLE_ASSERT(columns_.size() < 65536, "more than 65536 local addresses on a host");
  const auto fresh = static_cast<std::uint16_t>(columns_.size());
  columns_.emplace_back().where = where;
  by_scope_.insert(place, fresh);
  return fresh;
}

std::uint16_t owners::find_user(const user& u) {
  const auto known = std::find(users_.begin(), users_.end(), u);
  last_user_ = static_cast<std::uint16_t>(known - users_.begin());
  if (known == users_.end()) {
    FOURTUPLE_ASSERT(users_.size() < 65536, "more than 65536 users of sockets on a host");
    users_.push_back(u);
  }
  return last_user_;
}

[[gnu::always_inline]] inline void owners::link(owner_id o, owner& w) {
  column& c = columns_[w.column];
  w.flags |= first;
  std::uint32_t* place = &c.buckets[c.bucket_of(w.port)];
  for (; *place != 0; place = &at({*place}).previous) {
    owner& second = at({*place});
    if (second.port != w.port) continue;
    second.flags &= static_cast<std::uint8_t>(~unsigned{first});
    w.next = std::exchange(*place, o.value);
    w.previous = std::exchange(second.previous, o.value);
    return;
  }
  w.next = w.previous = 0;
  *place = o.value;
  port_is_used(c, w.port);
}

std::uint32_t& owners::place_of(column& c, std::uint16_t port) {
  std::uint32_t* place = &c.buckets[c.bucket_of(port)];
  while (at({*place}).port != port) place = &at({*place}).previous;
  return *place;
}

void owners::unlink(owner_id o) {
  const owner& w = at(o);
  FOURTUPLE_ASSERT(w.port != 0, "an owner was removed twice");
  if ((w.flags & first) == 0) {
    at({w.previous}).next = w.next;
    if (w.next != 0) at({w.next}).previous = w.previous;
    return;
  }
  column& c = columns_[w.column];
  std::uint32_t& place = place_of(c, w.port);
  if (w.next == 0) {
    place = w.previous;
    port_is_free(c, w.port);
    return;
  }
  owner& second = at({w.next});
  second.flags |= first;
  second.previous = w.previous;
  place = w.next;
}

void owners::port_is_used(column& c, std::uint16_t port) {
  c.used.insert(port);
  if (watches(port)) watched_peak_ = std::max(watched_peak_, ++watched_);
  if (++c.ports > c.mask) grow(c);
}

void owners::port_is_free(column& c, std::uint16_t port) {
  c.used.erase(port);
  if (watches(port)) --watched_;
  --c.ports;
}

void owners::grow(column& c) {
  const auto old = std::exchange(c.buckets, std::vector<std::uint32_t>(c.buckets.size() * 2));
  c.mask = 2 * c.mask + 1;
  for (std::uint32_t head : old) {
    while (head != 0) {
      owner& w = at({head});
      std::uint32_t& bucket = c.buckets[c.bucket_of(w.port)];
      head = std::exchange(w.previous, std::exchange(bucket, head));
    }
  }
}

}  // namespace fourtuple::ports
