// The established hash (ehash): four-tuple -> connection, request or TIME-WAIT. It serves the
// demultiplexer and the uniqueness check of connect() alike. Slots are 8 bytes {hash, entry}; the
// tuple itself stays in the caller's record, which a packet handler is about to load anyway.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/wire/four_tuple.h"

namespace fourtuple::ports {

/// What a four-tuple leads to.
enum class kind : std::uint8_t { none, connection, request, time_wait };

/// A kind and the index of a record in that kind's slab (below 2^30), in 4 bytes.
class entry {
 public:
  constexpr entry() = default;
  constexpr entry(kind k, std::uint32_t index)
      : packed_((static_cast<std::uint32_t>(k) << 30) | index) {}
  [[nodiscard]] constexpr kind type() const { return static_cast<kind>(packed_ >> 30); }
  [[nodiscard]] constexpr std::uint32_t index() const { return packed_ & 0x3fffffffU; }
  [[nodiscard]] constexpr explicit operator bool() const { return packed_ != 0; }
  friend constexpr bool operator==(entry, entry) = default;

 private:
  std::uint32_t packed_ = 0;
};

/// Open addressing with linear probing; the home slot is the top bits of the stored hash, so
/// growing and erasing never touch a record. No tombstones. Doubles at 3/4 load. Nothing observable
/// depends on the order of slots, and there is no iteration.
class tuple_table {
 public:
  tuple_table();

  /// The entry of that tuple, or an empty one. `tuple_of(entry)` names the tuple of a stored entry.
  template <class TupleOf>
  [[nodiscard]] entry find(const wire::four_tuple& t, const TupleOf& tuple_of) const {
    const std::uint32_t h = hash32(t);
    for (std::size_t i = home(h); slots_[i].what; i = (i + 1) & mask_)
      if (slots_[i].hash == h && tuple_of(slots_[i].what) == t) return slots_[i].what;
    return {};
  }

  /// The tuple must not be there yet.
  void insert(const wire::four_tuple& t, entry e);
  /// Puts `to` in the place of `from`, which must stand for that tuple.
  void replace(const wire::four_tuple& t, entry from, entry to);
  /// Removes `e`, which must stand for that tuple.
  void erase(const wire::four_tuple& t, entry e);

  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct slot {
    std::uint32_t hash = 0;
    entry what;
  };
  [[nodiscard]] static std::uint32_t hash32(const wire::four_tuple& t) {
    return static_cast<std::uint32_t>(wire::hash(t));
  }
  [[nodiscard]] std::size_t home(std::uint32_t h) const { return h >> shift_; }
  [[nodiscard]] std::size_t slot_of(const wire::four_tuple& t, entry e) const;
  void put(slot s);
  void grow();

  std::vector<slot> slots_;
  std::size_t mask_;
  std::size_t size_ = 0;
  std::uint32_t shift_;  ///< 32 - log2(slots)
};

}  // namespace fourtuple::ports
