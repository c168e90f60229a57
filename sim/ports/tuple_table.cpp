#include "sim/ports/tuple_table.h"

#include <utility>

#include "sim/core/assert.h"

namespace fourtuple::ports {
namespace {

constexpr std::uint32_t first_slots = 8;       // 64 bytes: most hosts of a large world stay small
constexpr std::uint32_t largest_whole = 4096;  // slots of a table that has not been divided
constexpr unsigned divided_bits = 6;

}  // namespace

tuple_table::tuple_table() { parts_.emplace_back(first_slots); }

void tuple_table::insert(const wire::four_tuple& t, entry e) {
  FOURTUPLE_ASSERT(e.type() != kind::none, "a tuple must lead somewhere");
  keep({hash32(t), e});
  ++size_;
}

void tuple_table::insert(const place& where, entry e) {
  FOURTUPLE_ASSERT(e.type() != kind::none, "a tuple must lead somewhere");
  const auto h = static_cast<std::uint32_t>(where.hash_);
  part& p = parts_[part_of(h)];
  if (where.at_ == p.last || p.room == 0) [[unlikely]] {
    keep({h, e});
  } else {
    *where.at_ = {h, e};
    --p.room;
  }
  ++size_;
}

void tuple_table::replace(const place& where, entry to) {
  FOURTUPLE_ASSERT(to.type() != kind::none, "a tuple must lead somewhere");
  where.at_->what = to;
}

void tuple_table::replace(const wire::four_tuple& t, entry from, entry to) {
  FOURTUPLE_ASSERT(to.type() != kind::none, "a tuple must lead somewhere");
  const std::uint32_t h = hash32(t);
  find_entry(home(parts_[part_of(h)], h), from)->what = to;
}

void tuple_table::erase(const wire::four_tuple& t, entry e) {
  // Entries after the hole move up unless that would put them before their home, so that no chain
  // ever has a gap and no tombstones collect.
  const std::uint32_t h = hash32(t);
  part& p = parts_[part_of(h)];
  slot* hole = find_entry(home(p, h), e);
  for (slot* s = hole + 1; s->what; ++s) {
    if (home(p, s->hash) > hole) continue;
    *hole = *s;
    hole = s;
  }
  *hole = {};
  ++p.room;
  --size_;
}

tuple_table::slot* tuple_table::find_entry(slot* home, entry e) {
  // The entry says which it is; the record need not be read.
  while (home->what != e) {
    FOURTUPLE_ASSERT(home->what, "the tuple is not in the table");
    ++home;
  }
  return home;
}

void tuple_table::keep(slot s) {
  while (!put(parts_[part_of(s.hash)], s)) grow(s.hash);
}

bool tuple_table::put(part& p, slot s) {
  slot* at = home(p, s.hash);
  while (at->what) ++at;
  if (at == p.last || p.room == 0) return false;
  *at = s;
  --p.room;
  return true;
}

void tuple_table::grow(std::uint32_t h) {
  if (part_bits_ == 0 && parts_.front().homes == largest_whole) return divide();
  part& p = parts_[part_of(h)];
  const std::uint32_t more = part_bits_ == 0 ? p.homes : p.homes / 4;
  FOURTUPLE_ASSERT(p.homes < 1U << 29, "more tuples than a 32-bit hash can spread");
  take_over(std::exchange(p, part(p.homes + more)));
}

void tuple_table::divide() {
  const part whole = std::move(parts_.front());
  constexpr std::uint32_t parts = 1U << divided_bits;
  constexpr std::uint32_t least = 2 * largest_whole / parts;
  part_bits_ = divided_bits;
  parts_.clear();
  // From this size to nearly a quarter more, so that they will not all grow at the same time.
  for (std::uint32_t i = 0; i < parts; ++i) parts_.emplace_back(least + least * i / (4 * parts));
  take_over(whole);
}

void tuple_table::take_over(const part& old) {
  for (const slot* s = old.slots.get(); s != old.last; ++s)
    if (s->what) keep(*s);
}

}  // namespace fourtuple::ports
