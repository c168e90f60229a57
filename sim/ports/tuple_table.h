// The established hash (ehash): four-tuple -> connection, request or TIME-WAIT. It serves the
// demultiplexer and the uniqueness check of connect() alike. Slots are 8 bytes {hash, entry}; the
// tuple itself stays in the caller's record, which a packet handler is about to load anyway.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
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

/// Open addressing with linear probing; the home slot follows from the stored hash alone, so
/// growing and erasing never touch a record. No tombstones, and no wrapping: behind the last home
/// there are a few slots more. At most 4/5 full; a large table grows in parts, each by a quarter,
/// one after another, so that it never holds much more than it needs. Nothing observable depends on
/// the order of slots, and there is no iteration.
class tuple_table {
  struct slot {
    std::uint32_t hash = 0;
    entry what;
  };

 public:
  /// Where the search for a tuple ended: at its entry, or where that would be put. Good until the
  /// table changes.
  class place {
   public:
    place() = default;
    /// The entry of the tuple, or an empty one.
    [[nodiscard]] entry what() const { return at_->what; }
    /// wire::hash() of the tuple, for whom else it serves.
    [[nodiscard]] std::uint64_t hash() const { return hash_; }

   private:
    friend class tuple_table;
    place(slot* at, std::uint64_t hash) : at_(at), hash_(hash) {}
    slot* at_ = nullptr;
    std::uint64_t hash_ = 0;
  };

  tuple_table();

  /// `tuple_of(entry)` names the tuple of a stored entry.
  template <class TupleOf>
  [[nodiscard]] place look_up(const wire::four_tuple& t, const TupleOf& tuple_of) const {
    const std::uint64_t whole = wire::hash(t);
    const auto h = static_cast<std::uint32_t>(whole);
    slot* s = home(parts_[part_of(h)], h);
    while (s->what && !(s->hash == h && tuple_of(s->what) == t)) ++s;
    return {s, whole};
  }
  /// The entry of that tuple, or an empty one.
  template <class TupleOf>
  [[nodiscard]] entry find(const wire::four_tuple& t, const TupleOf& tuple_of) const {
    return look_up(t, tuple_of).what();
  }

  /// The tuple must not be there yet.
  void insert(const wire::four_tuple& t, entry e);
  /// The same, where the search for it has just ended.
  void insert(const place& where, entry e);
  /// Puts `to` in the place of `from`, which must stand for that tuple.
  void replace(const wire::four_tuple& t, entry from, entry to);
  /// The same, where it has just been found.
  void replace(const place& where, entry to);
  /// Removes `e`, which must stand for that tuple.
  void erase(const wire::four_tuple& t, entry e);

  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  /// A table of its own for the tuples whose hashes begin alike.
  struct part {
    std::unique_ptr<slot[]> slots;
    slot* last;           ///< always empty: where a search ends
    std::uint32_t homes;  ///< slots, but for those behind the last home
    std::uint32_t room;   ///< how many tuples more before it must grow

    explicit part(std::uint32_t n)
        : slots(std::make_unique<slot[]>(n + spill(n))),
          last(&slots[n + spill(n) - 1]),
          homes(n),
          room(n * 4 / 5) {}
    static constexpr std::uint32_t spill(std::uint32_t n) { return n < 128 ? n / 4 : 32; }
  };
  [[nodiscard]] static std::uint32_t hash32(const wire::four_tuple& t) {
    return static_cast<std::uint32_t>(wire::hash(t));
  }
  [[nodiscard]] std::size_t part_of(std::uint32_t h) const {
    return std::uint64_t{h} >> (32 - part_bits_);
  }
  /// The bits of the hash that have not chosen the part, as a fraction of its slots.
  [[nodiscard]] slot* home(const part& p, std::uint32_t h) const {
    return &p.slots[(std::uint64_t{h << part_bits_} * p.homes) >> 32];
  }
  [[nodiscard]] static slot* find_entry(slot* home, entry e);
  void keep(slot s);
  /// False where the part must grow first: it is full, or the chain has come to its end.
  [[nodiscard]] bool put(part& p, slot s);
  /// The part of that hash; the table itself while it is whole.
  [[gnu::noinline]] void grow(std::uint32_t h);
  void divide();
  void take_over(const part& old);

  std::vector<part> parts_;
  unsigned part_bits_ = 0;
  std::size_t size_ = 0;
};

}  // namespace fourtuple::ports
