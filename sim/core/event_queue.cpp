#include "sim/core/event_queue.h"

#include <algorithm>
#include <bit>


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

void sort_descending(event_list& events) {
  // Most slots hold one event or two.
  event* const first = events.begin();
  if (events.size() == 2) {
    if (first[0] < first[1]) std::swap(first[0], first[1]);
  } else if (events.size() > 2) {
    std::sort(first, events.end(), later);
  }
}

}  // namespace

void event_list::grow() {
  const std::uint32_t room = room_ == 0 ? 4 : 2 * room_;
  auto bigger = std::make_unique<event[]>(room);
  std::copy_n(data_.get(), size_, bigger.get());
  data_ = std::move(bigger);
  room_ = room;
}

void event_queue::push_late(const event& e) {
  late_.push_back(e);
  std::push_heap(late_.begin(), late_.end(), later);
}

void event_queue::pop_late() {
  std::pop_heap(late_.begin(), late_.end(), later);
  late_.pop_back();
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
    event_list& bucket = levels_[l].bucket[index];
    if (l == 0) {
      open_.swap(bucket);
    } else {
      for (const event& e : bucket) {
        if (slot_of(e) == current_) {
          open_.push_back(e);
        } else {
          file(e);
        }
      }
      bucket.clear();
    }
    sort_descending(open_);
    return;
  }
  open_overflow();
}

void event_queue::open_overflow() {
  FOURTUPLE_ASSERT(!overflow_.empty(), "the event queue has lost an event");
  event_list all;
  all.swap(overflow_);
  current_ = slot_of(*std::min_element(all.begin(), all.end()));
  for (const event& e : all) {
    if (slot_of(e) == current_) {
      open_.push_back(e);
    } else {
      file(e);
    }
  }
  sort_descending(open_);
}

}  // namespace fourtuple::core
