// Memory for coroutine frames: size classes of 16 bytes with free lists, so that a connection in
// steady state costs no malloc. One pool per world.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <vector>

namespace fourtuple::core {

class frame_pool {
 public:
  frame_pool() = default;
  frame_pool(const frame_pool&) = delete;
  frame_pool& operator=(const frame_pool&) = delete;

  void* allocate(std::size_t size) {
    if (size > largest) return ::operator new(size);
    void*& head = free_[class_of(size)];
    if (head == nullptr) refill(size);
    void* const frame = head;
    head = *static_cast<void**>(frame);
    return frame;
  }
  void free(void* frame, std::size_t size) noexcept {
    if (size > largest) return ::operator delete(frame);
    *static_cast<void**>(frame) = free_[class_of(size)];
    free_[class_of(size)] = frame;
  }

 private:
  static constexpr std::size_t step = 16;
  static constexpr std::size_t largest = 2048;
  static constexpr std::size_t block = std::size_t{64} * 1024;
  static constexpr std::size_t class_of(std::size_t size) { return (size + step - 1) / step; }

  [[gnu::noinline]] void refill(std::size_t size) {
    const std::size_t cell = class_of(size) * step;
    blocks_.push_back(std::make_unique<std::byte[]>(block));
    std::byte* const base = blocks_.back().get();
    for (std::size_t at = (block / cell) * cell; at >= cell; at -= cell)
      free(base + at - cell, size);
  }

  std::array<void*, largest / step + 1> free_{};
  std::vector<std::unique_ptr<std::byte[]>> blocks_;
};

}  // namespace fourtuple::core
