#include "sim/ports/tuple_table.h"

#include <utility>

#include "sim/core/assert.h"

namespace fourtuple::ports {
namespace {

constexpr std::uint32_t first_bits = 3;  // 64 bytes: most hosts of a large world stay small

}  // namespace

tuple_table::tuple_table()
    : slots_(std::size_t{1} << first_bits), mask_(slots_.size() - 1), shift_(32 - first_bits) {}

void tuple_table::insert(const wire::four_tuple& t, entry e) {
  FOURTUPLE_ASSERT(e.type() != kind::none, "a tuple must lead somewhere");
  if ((size_ + 1) * 4 > slots_.size() * 3) grow();
  put({hash32(t), e});
  ++size_;
}

void tuple_table::replace(const wire::four_tuple& t, entry from, entry to) {
  FOURTUPLE_ASSERT(to.type() != kind::none, "a tuple must lead somewhere");
  slots_[slot_of(t, from)].what = to;
}

void tuple_table::erase(const wire::four_tuple& t, entry e) {
  // Entries after the hole move up unless that would put them before their home, so that no chain
  // ever has a gap and no tombstones collect.
  std::size_t hole = slot_of(t, e);
  for (std::size_t i = (hole + 1) & mask_; slots_[i].what; i = (i + 1) & mask_) {
    const std::size_t from_home = (i - home(slots_[i].hash)) & mask_;
    const std::size_t from_hole = (i - hole) & mask_;
    if (from_home >= from_hole) {
      slots_[hole] = slots_[i];
      hole = i;
    }
  }
  slots_[hole] = {};
  --size_;
}

std::size_t tuple_table::slot_of(const wire::four_tuple& t, entry e) const {
  // The entry says which it is; the record need not be read.
  std::size_t i = home(hash32(t));
  while (slots_[i].what != e) {
    FOURTUPLE_ASSERT(slots_[i].what, "the tuple is not in the table");
    i = (i + 1) & mask_;
  }
  return i;
}

void tuple_table::put(slot s) {
  std::size_t i = home(s.hash);
  while (slots_[i].what) i = (i + 1) & mask_;
  slots_[i] = s;
}

void tuple_table::grow() {
  const std::vector<slot> old = std::exchange(slots_, std::vector<slot>(slots_.size() * 2));
  mask_ = slots_.size() - 1;
  --shift_;
  FOURTUPLE_ASSERT(shift_ > 0, "more tuples than a 32-bit hash can spread");
  for (const slot& s : old)
    if (s.what) put(s);
}

}  // namespace fourtuple::ports
