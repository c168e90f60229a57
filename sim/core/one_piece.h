// Many objects of one type in one piece of memory, made one after another: for what a world has 10^5 of.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>

#include "sim/core/assert.h"

namespace fourtuple::core {

struct freed {
  void operator()(void* memory) const noexcept { std::free(memory); }
};

/// Memory of at least so many bytes, aligned to 64. A large piece is aligned to huge pages and the
/// kernel is asked to use them: a page fault costs as much as what is made in a page. Throws
/// std::bad_alloc.
[[nodiscard]] std::unique_ptr<void, freed> large_piece(std::size_t bytes);

/// Room for `most` objects, which never move and end in the order in which they were made.
template <class T>
class one_piece {
 public:
  explicit one_piece(std::size_t most) : memory_(large_piece(most * sizeof(T))), most_(most) {}
  one_piece(const one_piece&) = delete;
  one_piece& operator=(const one_piece&) = delete;
  ~one_piece() { clear(); }

  template <class... Args>
  T& emplace_back(Args&&... args) {
    FOURTUPLE_ASSERT(size_ < most_, "more objects than there is room for");
    T* const made = ::new (static_cast<void*>(begin() + size_)) T(std::forward<Args>(args)...);
    ++size_;
    return *made;
  }
  void clear() {
    std::destroy_n(begin(), size_);
    size_ = 0;
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] T& operator[](std::size_t i) { return begin()[i]; }
  [[nodiscard]] const T& operator[](std::size_t i) const { return begin()[i]; }
  [[nodiscard]] T* begin() { return static_cast<T*>(memory_.get()); }
  [[nodiscard]] T* end() { return begin() + size_; }
  [[nodiscard]] const T* begin() const { return static_cast<const T*>(memory_.get()); }
  [[nodiscard]] const T* end() const { return begin() + size_; }

 private:
  static_assert(alignof(T) <= 64);
  std::unique_ptr<void, freed> memory_;
  std::size_t most_;
  std::size_t size_ = 0;
};

}  // namespace fourtuple::core
