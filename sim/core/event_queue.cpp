#include "sim/core/event_queue.h"

#include <algorithm>
#include <bit>

#include "sim/core/assert.h"

namespace fourtuple::core {
namespace {

bool later(const event& a, const event& b) { return b < a; }

/// The first bit set at or after `from`, or 256.
template <std::size_t N>
unsigned first_set(const std::array<std::uint64_t, N>& bits, unsigned from) {
  for (unsigned word = from / 64; word < N; ++word) {
    const std::uint64_t masked =
        word == from / 64 ? bits[word] & (~std::uint64_t{0} << (from % 64)) : bits[word];
    if (masked != 0) return word * 64 + static_cast<unsigned>(std::countr_zero(masked));
  }
  return N * 64;
}

}  // namespace

void event_queue::push(const event& e) {
  FOURTUPLE_ASSERT(last_ < e, "an event at or before the running one");
  ++size_;
  if (slot_of(e) <= current_) {
    late_.push_back(e);
    std::push_heap(late_.begin(), late_.end(), later);
  } else {
    file(e);
  }
}

void event_queue::file(const event& e) {
  const std::uint64_t slot = slot_of(e);
  // The level at which this slot and the current one first differ: as a radix heap does.
  const unsigned highest = static_cast<unsigned>(std::bit_width(slot ^ current_)) - 1;
  const unsigned l = highest / level_bits;
  if (l >= level_count) {
    overflow_.push_back(e);
    return;
  }
  const auto index = static_cast<unsigned>((slot >> (l * level_bits)) & (slots - 1));
  levels_[l].bucket[index].push_back(e);
  levels_[l].used[index / 64] |= std::uint64_t{1} << (index % 64);
}

void event_queue::open_next() {
  for (unsigned l = 0; l < level_count; ++l) {
    const auto from = static_cast<unsigned>((current_ >> (l * level_bits)) & (slots - 1));
    const unsigned index = first_set(levels_[l].used, from);
    if (index == slots) continue;
    levels_[l].used[index / 64] &= ~(std::uint64_t{1} << (index % 64));
    const std::uint64_t above = (current_ >> ((l + 1) * level_bits)) << level_bits;
    current_ = (above | index) << (l * level_bits);
    std::vector<event>& bucket = levels_[l].bucket[index];
    if (l == 0) {
      open_.swap(bucket);
      std::sort(open_.begin(), open_.end(), later);
    } else {
      for (const event& e : bucket) {
        if (slot_of(e) == current_) {
          open_.push_back(e);
        } else {
          file(e);
        }
      }
      bucket.clear();
      std::sort(open_.begin(), open_.end(), later);
    }
    return;
  }
  FOURTUPLE_ASSERT(!overflow_.empty(), "the event queue has lost an event");
  std::vector<event> all;
  all.swap(overflow_);
  current_ = slot_of(*std::min_element(all.begin(), all.end()));
  for (const event& e : all) {
    if (slot_of(e) == current_) {
      open_.push_back(e);
    } else {
      file(e);
    }
  }
  std::sort(open_.begin(), open_.end(), later);
}

bool event_queue::late_is_next() const {
  return !late_.empty() && (open_.empty() || late_.front() < open_.back());
}

const event& event_queue::top() {
  FOURTUPLE_ASSERT(size_ != 0, "an empty event queue has no next event");
  while (open_.empty() && late_.empty()) open_next();
  return late_is_next() ? late_.front() : open_.back();
}

void event_queue::pop() {
  last_ = top();
  if (late_is_next()) {
    std::pop_heap(late_.begin(), late_.end(), later);
    late_.pop_back();
  } else {
    open_.pop_back();
  }
  --size_;
}

}  // namespace fourtuple::core
