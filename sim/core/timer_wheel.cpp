#include "sim/core/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace fourtuple::core {

void timer_wheel::grow() {
  const auto first = static_cast<std::uint32_t>(nodes_.size());
  const std::uint32_t more = std::max(first / 8, 1U);  // hosts are many, and most arm few
  nodes_.resize(first + more);
  for (std::uint32_t id = first; id + 1 < first + more; ++id) nodes_[id].next = id + 1;
  free_ = first;
}

std::uint32_t timer_wheel::allocate(std::uint64_t cookie) {
  if (free_ == 0) [[unlikely]]
    grow();
  const std::uint32_t id = free_;
  free_ = nodes_[id].next;
  nodes_[id].set_cookie(cookie);
  return id;
}

std::uint32_t timer_wheel::rearm(std::uint32_t id, std::uint64_t now, std::uint64_t delay,
                                 std::uint64_t cookie) {
  // forward_timer_base(): an idle wheel's clock does not lag behind.
  forward(now);
  const place p = place_of(now + delay);
  if (id == 0) {
    id = allocate(cookie);
  } else if (node& n = nodes_[id]; n.bucket == p.bucket) {
    return id;
  } else if (n.bucket != collected) {
    unlink(n);
  } else {
    n.set_cookie(0);
    id = allocate(cookie);
  }
  link(id, p);
  return id;
}

timer_wheel::place timer_wheel::place_of(std::uint64_t expires) const {
  // calc_wheel_index(): the level by the remaining delay, the bucket by the expiry rounded up.
  std::uint64_t delta = expires - clk_;
  if (delta >= cutoff) [[unlikely]] {
    // While the timers of a jiffy run the clock stands one ahead of it, so that a timer of no delay
    // lies behind the clock: the kernel puts it into the clock's own bucket.
    if (static_cast<std::int64_t>(delta) < 0)
      return {static_cast<unsigned>(clk_ & (level_size - 1)), clk_};
    delta = cutoff - 1;
    expires = clk_ + longest;
  }
  const unsigned l = level_of(delta);
  const unsigned shift = l * clk_shift;
  const std::uint64_t slot = (expires >> shift) + 1;
  return {l * level_size + static_cast<unsigned>(slot & (level_size - 1)), slot << shift};
}

void timer_wheel::make_level(unsigned number) { levels_[number] = std::make_unique<level>(); }

void timer_wheel::link(std::uint32_t id, const place& p) {
  if (!levels_[p.bucket / level_size]) [[unlikely]]
    make_level(p.bucket / level_size);
  bucket& b = bucket_at(p.bucket);
  node& n = nodes_[id];
  n.bucket = static_cast<std::uint16_t>(p.bucket);
  n.prev = 0;
  n.next = b.head;
  if (n.next != 0) nodes_[n.next].prev = id;
  b = {p.expiry, id};
  pending_[p.bucket / level_size] |= std::uint64_t{1} << (p.bucket % level_size);
  if (p.expiry < next_) next_ = p.expiry;
}

void timer_wheel::unlink(const node& n) {
  if (n.next != 0) nodes_[n.next].prev = n.prev;
  if (n.prev != 0) {
    nodes_[n.prev].next = n.next;
    return;
  }
  bucket& b = bucket_at(n.bucket);
  b.head = n.next;
  if (n.next != 0) return;
  pending_[n.bucket / level_size] &= ~(std::uint64_t{1} << (n.bucket % level_size));
  if (b.expiry == next_) find_next();
}

void timer_wheel::cancel(std::uint32_t id) {
  node& n = nodes_[id];
  if (n.bucket == collected) {
    n.set_cookie(0);
    return;
  }
  unlink(n);
  n.next = free_;
  free_ = id;
}

void timer_wheel::collect(std::uint64_t now, std::vector<std::uint32_t>& due) {
  while (next_ <= now) {
    clk_ = next_;
    std::array<unsigned, level_count> buckets{};
    unsigned count = 0;
    std::uint64_t clk = clk_;
    for (unsigned l = 0; l < level_count; ++l) {
      const unsigned bit = static_cast<unsigned>(clk & (level_size - 1));
      if ((pending_[l] >> bit) & 1) buckets[count++] = l * level_size + bit;
      if ((clk & ((1U << clk_shift) - 1)) != 0) break;
      clk >>= clk_shift;
    }
    while (count != 0) detach(buckets[--count], due);
    ++clk_;
    find_next();
  }
}

void timer_wheel::detach(unsigned number, std::vector<std::uint32_t>& due) {
  pending_[number / level_size] &= ~(std::uint64_t{1} << (number % level_size));
  bucket& b = bucket_at(number);
  for (std::uint32_t id = b.head; id != 0; id = nodes_[id].next) {
    due.push_back(id);
    nodes_[id].bucket = collected;
  }
  b.head = 0;
}

std::uint64_t timer_wheel::take(std::uint32_t id) {
  const std::uint64_t cookie = nodes_[id].cookie();
  nodes_[id].next = free_;
  free_ = id;
  return cookie;
}

void timer_wheel::find_next() {
  next_ = none;
  for (unsigned l = 0; l < level_count; ++l) {
    if (pending_[l] == 0) continue;
    // All buckets in use lie within one turn after the clock: the first one set from there. Within a
    // granule the clock's own bucket is the turn's last, so the clock is rounded up
    // (timer_recalc_next_expiry).
    const std::uint64_t rest = (std::uint64_t{1} << (clk_shift * l)) - 1;
    const auto from = static_cast<int>(((clk_ + rest) >> (clk_shift * l)) & (level_size - 1));
    const unsigned bit = static_cast<unsigned>(
        (from + std::countr_zero(std::rotr(pending_[l], from))) % static_cast<int>(level_size));
    const std::uint64_t at = bucket_at(l * level_size + bit).expiry;
    if (at < next_) next_ = at;
  }
}

}  // namespace fourtuple::core
