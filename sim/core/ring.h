// A FIFO that grows by doubling and never shrinks. Elements have an absolute number, by which they can
// be found again while they are in.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace fourtuple::core {

template <class T>
class ring {
 public:
  /// The number of the new element; numbers wrap at 2^32.
  std::uint32_t push(T value) {
    if (tail_ - head_ > mask_) grow();
    slots_[tail_ & mask_] = std::move(value);
    return tail_++;
  }
  [[nodiscard]] T& front() { return slots_[head_ & mask_]; }
  T pop() { return std::move(slots_[head_++ & mask_]); }
  [[nodiscard]] T& at(std::uint32_t number) { return slots_[number & mask_]; }
  [[nodiscard]] bool empty() const { return head_ == tail_; }
  [[nodiscard]] std::uint32_t size() const { return tail_ - head_; }

 private:
  [[gnu::noinline]] void grow() {
    std::vector<T> bigger(slots_.size() * 2);
    const auto wide = static_cast<std::uint32_t>(bigger.size()) - 1;
    for (std::uint32_t i = head_; i != tail_; ++i) bigger[i & wide] = std::move(at(i));
    slots_ = std::move(bigger);
    mask_ = wide;
  }
  static constexpr std::uint32_t first_size = 64;

  std::vector<T> slots_ = std::vector<T>(first_size);
  std::uint32_t mask_ = first_size - 1;  ///< how many there are, a power of two, less one
  std::uint32_t head_ = 0;
  std::uint32_t tail_ = 0;
};

}  // namespace fourtuple::core
