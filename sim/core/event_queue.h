// The future of the world: events ordered by (at, destination, phase, source, the source's counter),
// that is by causes, never by insertion (DESIGN 4.2). A hierarchical wheel: pushing is an append to a
// bucket, and only the bucket whose time has come is sorted, so that the cost does not grow with the
// number of pending events.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "sim/core/assert.h"

namespace fourtuple::core {

/// At one instant: what changes the world comes first, who looks at it last.
enum class phase : std::uint8_t { control, arrival, timer, application, observe };

/// 24 bytes: at 64, destination 24, phase 3, source 24, counter 45, record 32 bits.
class event {
 public:
  static constexpr std::uint32_t max_entity = (1U << 24) - 1;

  event() = default;
  event(std::int64_t at, std::uint32_t destination, phase p, std::uint32_t source,
        std::uint64_t counter, std::uint32_t record)
      : at_(at),
        high_((std::uint64_t{destination} << 40) | (static_cast<std::uint64_t>(p) << 37) |
              (std::uint64_t{source} << 13) | ((counter >> 32) & 0x1fff)),
        low_((counter << 32) | record) {}

  [[nodiscard]] std::int64_t at() const { return at_; }
  [[nodiscard]] std::uint32_t destination() const { return static_cast<std::uint32_t>(high_ >> 40); }
  [[nodiscard]] core::phase phase() const { return static_cast<core::phase>((high_ >> 37) & 7); }
  [[nodiscard]] std::uint32_t record() const { return static_cast<std::uint32_t>(low_); }

  /// The full key. Two events never compare equal: (source, counter) is unique.
  friend bool operator<(const event& a, const event& b) {
    if (a.at_ != b.at_) return a.at_ < b.at_;
    if (a.high_ != b.high_) return a.high_ < b.high_;
    return (a.low_ >> 32) < (b.low_ >> 32);
  }

 private:
  friend class event_source;
  friend class event_list;
  friend class event_queue;
  event(std::int64_t at, std::uint64_t high, std::uint64_t low) : at_(at), high_(high), low_(low) {}

  std::int64_t at_ = 0;
  std::uint64_t high_ = 0;
  std::uint64_t low_ = 0;
};
static_assert(sizeof(event) == 24);

/// An entity that causes events, which it counts from 0. It keeps source and counter as they stand
/// in an event.
class event_source {
 public:
  explicit event_source(std::uint32_t entity) : high_(std::uint64_t{entity} << 13) {}

  [[nodiscard]] event next(std::int64_t at, std::uint32_t destination, core::phase p,
                           std::uint32_t record) {
    const event e(
        at, (std::uint64_t{destination} << 40) | (static_cast<std::uint64_t>(p) << 37) | high_,
        low_ | record);
    low_ += std::uint64_t{1} << 32;
    if (low_ == 0) [[unlikely]]
      ++high_;
    return e;
  }

 private:
  std::uint64_t high_;
  std::uint64_t low_ = 0;
};

/// Events in one growing block, as a std::vector, but with the one push small enough to be inlined
/// into every place that has a future to plan.
class event_list {
 public:
  void push_back(const event& e) {
    if (size_ == room_) [[unlikely]] {
      push_into_more_room(e.at_, e.high_, e.low_);
    } else {
      data_[size_++] = e;
    }
  }
  void pop_back() { --size_; }
  void clear() { size_ = 0; }
  void swap(event_list& other) noexcept {
    data_.swap(other.data_);
    std::swap(size_, other.size_);
    std::swap(room_, other.room_);
  }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::uint32_t size() const { return size_; }
  /// How many it has memory for.
  [[nodiscard]] std::uint32_t room() const { return room_; }
  [[nodiscard]] const event& front() const { return data_[0]; }
  [[nodiscard]] event* begin() const { return data_.get(); }
  [[nodiscard]] event* end() const { return data_.get() + size_; }

 private:
  // In registers: who plans a future need not have its event in memory, nor a frame.
  [[gnu::noinline]] void push_into_more_room(std::int64_t at, std::uint64_t high,
                                             std::uint64_t low);
  std::unique_ptr<event[]> data_;
  std::uint32_t size_ = 0;
  std::uint32_t room_ = 0;
};

class event_queue {
 public:
  /// `e` must come after the last event popped, and not before time 0: an assertion.
  void push(const event& e) {
    FOURTUPLE_ASSERT(last_.at() < e.at() || last_ < e, "an event at or before the running one");
    ++size_;
    const std::uint64_t slot = slot_of(e);
    if (slot > current_ && is_near(slot)) [[likely]] {  // most of the future is
      levels_[0].put(static_cast<unsigned>(slot % slots), e);
    } else {
      push_elsewhere(e.at_, e.high_, e.low_);
    }
  }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  /// The earliest event; the queue must not be empty.
  [[nodiscard]] const event& top() {
    while (open_is_empty() && late_.empty()) open_next();
    return late_is_next() ? late_.front() : *next_;
  }
  /// Takes it out. The reference is good until the next pop.
  const event& pop() { return *pop_by(INT64_MAX); }
  /// The same where it is due at `at` or before; else it stays, and this is null. So it is where
  /// there is none.
  const event* pop_by(std::int64_t at) {
    while (open_is_empty() && late_.empty()) {
      if (empty()) return nullptr;
      open_next();
    }
    const bool late = late_is_next();
    const event& next = late ? late_.front() : *next_;
    if (next.at() > at) return nullptr;
    last_ = next;
    if (late) [[unlikely]] {
      pop_late();
    } else {
      ++next_;
    }
    --size_;
    return &last_;
  }

 private:
  static constexpr unsigned slot_bits = 16;  ///< a slot of the lowest level is 65.5 us
  static constexpr unsigned level_bits = 8;
  static constexpr unsigned level_count = 6;  ///< 2^61 ns; beyond: overflow_
  static constexpr unsigned slots = 1U << level_bits;

  struct level {
    std::array<event_list, slots> bucket;
    std::array<std::uint64_t, slots / 64> used{};

    void put(unsigned index, const event& e) {
      event_list& events = bucket[index];
      if (events.empty()) used[index / 64] |= std::uint64_t{1} << (index % 64);
      events.push_back(e);
    }
    /// The first bucket in use at or after `from`, which is not in use any more; or `slots`.
    unsigned take_first(unsigned from);
  };
  [[nodiscard]] std::uint64_t slot_of(const event& e) const {
    return static_cast<std::uint64_t>(e.at()) >> slot_bits;
  }
  /// Of the lowest level's present turn.
  [[nodiscard]] bool is_near(std::uint64_t slot) const { return (slot ^ current_) < slots; }
  [[gnu::noinline]] void push_elsewhere(std::int64_t at, std::uint64_t high, std::uint64_t low);
  void file(const event& e);
  void take_spare(event_list& bucket);
  [[gnu::noinline]] void pop_late();
  void open_next();
  void sort_open();
  [[gnu::noinline]] void bring_near();
  [[gnu::cold]] void bring_overflow();
  /// The events of the opened slot, which nothing is added to: see late_.
  [[nodiscard]] event_list& open() { return levels_[0].bucket[current_ % slots]; }
  [[nodiscard]] bool open_is_empty() const { return next_ == end_; }
  [[nodiscard]] bool late_is_next() const {
    return !late_.empty() && (open_is_empty() || late_.front() < *next_);
  }

  std::array<level, level_count> levels_;
  event_list overflow_;
  std::vector<event_list> spares_;  ///< the memory of buckets dealt out, for those that have none
  const event* next_ = nullptr;  ///< what was not popped of the opened slot, in order
  const event* end_ = nullptr;
  /// A heap: what came into the opened slot, or before it, since it was opened. Inserting in order
  /// would make a burst of n events at one instant cost n squared.
  event_list late_;
  std::uint64_t current_ = 0;  ///< the opened slot
  std::size_t size_ = 0;
  /// Last popped; before the first, what comes just before time 0.
  event last_{-1, event::max_entity, phase::observe, event::max_entity, UINT64_MAX, 0};
};

}  // namespace fourtuple::core
