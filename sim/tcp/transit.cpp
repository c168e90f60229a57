#include "sim/tcp/transit.h"

#include <algorithm>

namespace fourtuple::tcp {

void rtx_queue::make_room() {
  const auto all_of_it = all();
  std::copy(all_of_it.begin(), all_of_it.end(), segments_.begin());
  tail_ -= head_;
  head_ = 0;
}

void rtx_queue::split(std::size_t i, seq at) {
  const auto here = segments_.begin() + static_cast<std::ptrdiff_t>(head_ + i);
  sent_segment first = *here;
  first.end = at;
  first.push = false;
  here->head = false;
  segments_.insert(here, first);
  ++tail_;
}

void rtx_queue::merge(std::size_t i) {
  const auto here = segments_.begin() + static_cast<std::ptrdiff_t>(head_ + i);
  here->end = (here + 1)->end;
  here->push = here->push || (here + 1)->push;
  segments_.erase(here + 1);
  --tail_;
}

std::size_t rtx_queue::find(seq at) const {
  const auto queued = all();
  const auto found =
      std::partition_point(queued.begin(), queued.end(),
                           [at](const sent_segment& s) { return wire::at_or_before(s.end, at); });
  return static_cast<std::size_t>(found - queued.begin());
}

void receive_queue::add(std::uint32_t length, std::uint32_t more, bool behind_held) {
  constexpr std::uint32_t max_skb_frags = 17;
  const seq right = ends_.back() + length;
  joined_ = (joined_ || !behind_held) && fragments_ + more <= max_skb_frags;
  if (joined_) {
    ends_.back() = right;
    fragments_ += more;
  } else {
    ends_.push_back(right);
    fragments_ = more;
  }
}

void receive_queue::read(seq copied) {
  while (head_ != ends_.size() && wire::at_or_before(ends_[head_], copied)) left_ = ends_[head_++];
  if (head_ == ends_.size()) clear();
}

bool reassembly::add(seq left, seq right) {
  const auto first = std::partition_point(ranges_.begin(), ranges_.end(), [left](const range& r) {
    return wire::before(r.right, left);
  });
  if (first != ranges_.end() && wire::at_or_before(first->left, left) &&
      wire::at_or_before(right, first->right)) {
    report_first(*first);
    return true;
  }
  range merged{left, right};
  auto last = first;
  for (; last != ranges_.end() && wire::at_or_before(last->left, merged.right); ++last) {
    if (wire::before(last->left, merged.left)) merged.left = last->left;
    if (wire::after(last->right, merged.right)) merged.right = last->right;
  }
  if (first == last) {
    ranges_.insert(first, merged);
  } else {
    *first = merged;
    ranges_.erase(first + 1, last);
  }
  report_first(merged);
  return false;
}

void reassembly::report_first(const range& r) {
  // What r swallowed is not reported by itself any more.
  std::size_t kept = 0;
  std::array<range, 4> rest{};
  for (std::size_t i = 0; i < recent_count_; ++i) {
    const bool inside = wire::at_or_before(r.left, recent_[i].left) &&
                        wire::at_or_before(recent_[i].right, r.right);
    if (!inside) rest[kept++] = recent_[i];
  }
  kept = std::min(kept, recent_.size() - 1);
  recent_[0] = r;
  std::copy_n(rest.begin(), kept, recent_.begin() + 1);
  recent_count_ = kept + 1;
}

seq reassembly::advance(seq rcv_nxt) {
  std::size_t gone = 0;
  while (gone < ranges_.size() && wire::at_or_before(ranges_[gone].left, rcv_nxt)) {
    if (wire::after(ranges_[gone].right, rcv_nxt)) rcv_nxt = ranges_[gone].right;
    ++gone;
  }
  ranges_.erase(ranges_.begin(), ranges_.begin() + static_cast<std::ptrdiff_t>(gone));
  std::size_t kept = 0;
  for (std::size_t i = 0; i < recent_count_; ++i)
    if (wire::after(recent_[i].left, rcv_nxt)) recent_[kept++] = recent_[i];
  recent_count_ = kept;
  return rcv_nxt;
}

bool write_queue::grow_front(std::uint32_t bytes) {
  if (size() < 2) return false;
  send_buffer& first = buffers_[head_];
  send_buffer& second = buffers_[head_ + 1];
  if (second.end - first.end > bytes) {
    first.end += bytes;
    return false;
  }
  second.push = second.push || first.push;
  ++head_;
  return true;
}

}  // namespace fourtuple::tcp
