#include "sim/core/event_queue.h"

#include <algorithm>
#include <bit>


namespace fourtuple::core {
namespace {

bool later(const event& a, const event& b) { return b < a; }

/// Not into open_next(), most of whose slots hold two events at most.
[[gnu::noinline]] void sort_many(event* const first, event* const end) {
  constexpr std::ptrdiff_t few = 16;
  if (end - first > few) {
    std::sort(first, end);
    return;
  }
  // They came nearly in order: delays are alike.
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

void event_list::push_into_more_room(std::int64_t at, std::uint64_t high, std::uint64_t low) {
  const std::uint32_t room = room_ == 0 ? 4 : 2 * room_;
  auto bigger = std::make_unique<event[]>(room);
  std::copy_n(data_.get(), size_, bigger.get());
  data_ = std::move(bigger);
  room_ = room;
  data_[size_++] = event(at, high, low);
}

void event_queue::push_elsewhere(std::int64_t at, std::uint64_t high, std::uint64_t low) {
  const event e(at, high, low);
  if (slot_of(e) > current_) {
    file(e);
    return;
  }
  late_.push_back(e);
  std::push_heap(late_.begin(), late_.end(), later);
}

void event_queue::pop_late() {
  std::pop_heap(late_.begin(), late_.end(), later);
  late_.pop_back();
}

void event_queue::take_spare(event_list& bucket) {
  if (spares_.empty()) return;
  bucket.swap(spares_.back());
  spares_.pop_back();
}

void event_queue::file(const event& e) {
  const std::uint64_t slot = slot_of(e);
  if (is_near(slot)) {
    levels_[0].put(static_cast<unsigned>(slot % slots), e);
    return;
  }
  // The level at which this slot and the current one first differ: as a radix heap does.
  const unsigned highest = static_cast<unsigned>(std::bit_width(slot ^ current_)) - 1;
  const unsigned l = highest / level_bits;
  if (l >= level_count) {
    overflow_.push_back(e);
    return;
  }
  const auto index = static_cast<unsigned>((slot >> (l * level_bits)) % slots);
  if (levels_[l].bucket[index].room() == 0) take_spare(levels_[l].bucket[index]);
  levels_[l].put(index, e);
}

unsigned event_queue::level::take_first(unsigned from) {
  std::uint64_t mask = ~std::uint64_t{0} << (from % 64);
  for (unsigned word = from / 64; word < used.size(); ++word, mask = ~std::uint64_t{0}) {
    const std::uint64_t masked = used[word] & mask;
    if (masked == 0) continue;
    used[word] &= ~(masked & -masked);
    return word * 64 + static_cast<unsigned>(std::countr_zero(masked));
  }
  return slots;
}

inline void event_queue::sort_open() {
  event_list& events = open();
  event* const first = events.begin();
  next_ = first;
  end_ = events.end();
  if (events.size() == 2) {  // most slots hold one event or two
    if (first[1] < first[0]) std::swap(first[0], first[1]);
  } else if (events.size() > 2) {
    sort_many(first, events.end());
  }
}

/// The opened slot is used up: the next one that is not empty takes its place.
void event_queue::open_next() {
  open().clear();
  unsigned index = 0;
  while ((index = levels_[0].take_first(static_cast<unsigned>(current_ % slots))) == slots)
    bring_near();
  current_ = current_ / slots * slots + index;
  sort_open();
}

/// Nothing is left in the lowest level: the next bucket of a higher one is dealt out to those
/// below.
void event_queue::bring_near() {
  for (unsigned l = 1; l < level_count; ++l) {
    const unsigned shift = l * level_bits;
    const unsigned index =
        levels_[l].take_first(static_cast<unsigned>((current_ >> shift) % slots));
    if (index == slots) continue;
    current_ = ((current_ >> shift) / slots * slots + index) << shift;
    // Buckets of the higher levels come round seldom: what is dealt out leaves its memory to
    // others.
    event_list events;
    events.swap(levels_[l].bucket[index]);
    for (const event& e : events) file(e);
    events.clear();
    spares_.push_back(std::move(events));
    return;
  }
  bring_overflow();
}

void event_queue::bring_overflow() {
  FOURTUPLE_ASSERT(!overflow_.empty(), "the event queue has lost an event");
  event_list all;
  all.swap(overflow_);
  current_ = slot_of(*std::min_element(all.begin(), all.end()));
  for (const event& e : all) file(e);
}

}  // namespace fourtuple::core
