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

/// They came nearly in order: delays are alike.
[[gnu::noinline]] void sort_few(event* const first, event* const end) {
  for (event* at = first + 1; at < end; ++at) {
    if (!(*at < at[-1])) continue;
    const event moved = *at;
    event* to = at;
    do {
      *to = to[-1];
    } while (--to != first && moved < to[-1]);
    *to = moved;
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
  if ((slot ^ current_) < slots) [[likely]] {  // most of the future is near
    put(levels_[0], static_cast<unsigned>(slot % slots), e);
    return;
  }
  file_far(e);
}

[[gnu::noinline]] void event_queue::file_far(const event& e) {
  const std::uint64_t slot = slot_of(e);
  // The level at which this slot and the current one first differ: as a radix heap does.
  const unsigned highest = static_cast<unsigned>(std::bit_width(slot ^ current_)) - 1;
  const unsigned l = highest / level_bits;
  if (l >= level_count) {
    overflow_.push_back(e);
    return;
  }
  put(levels_[l], static_cast<unsigned>((slot >> (l * level_bits)) % slots), e);
}

[[gnu::always_inline]] inline void event_queue::sort_open() {
  constexpr std::uint32_t few = 16;
  event* const first = open_.begin();
  next_ = first;
  if (open_.size() == 2) {  // most slots hold one event or two
    if (first[1] < first[0]) std::swap(first[0], first[1]);
  } else if (open_.size() > few) {
    std::sort(first, open_.end());
  } else if (open_.size() > 2) {
    sort_few(first, open_.end());
  }
}

/// The opened slot is used up: the next one that is not empty takes its place.
void event_queue::open_next() {
  open_.clear();
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
    sort_open();
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
  sort_open();
}

}  // namespace fourtuple::core
