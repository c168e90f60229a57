// A pool of records with stable addresses and small indices: the home of everything there is one of
// per connection. Grows by chunks, reuses the last freed first (it is still in the cache).
#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include "sim/core/assert.h"

namespace fourtuple::core {

/// Index 0 is never given out, so that 0 can mean "none". Indices are below 2^30.
template <class T>
class slab {
 public:
  slab() = default;
  slab(const slab&) = delete;
  slab& operator=(const slab&) = delete;
  ~slab() {
    for (std::uint32_t i = 1; i < used_; ++i)
      if (live(i)) at(i).~T();
  }

  template <class... Args>
  std::uint32_t make(Args&&... args) {
    std::uint32_t index = free_;
    if (index != 0) {
      free_ = cell_of(index).next_free;
    } else {
      index = used_++;
      if (index / chunk_size >= chunks_.size()) grow();
    }
    void* const place = cell_of(index).bytes;
    if constexpr (sizeof...(Args) == 0) {
      ::new (place) T;  // whose members say what they begin with: T() would clear them all first
    } else {
      ::new (place) T(std::forward<Args>(args)...);
    }
    mark(index, true);
    ++size_;
    return index;
  }
  void free(std::uint32_t index) {
    FOURTUPLE_ASSERT(live(index), "a record was freed twice");
    at(index).~T();
    mark(index, false);
    cell_of(index).next_free = free_;
    free_ = index;
    --size_;
  }
  [[nodiscard]] T& operator[](std::uint32_t index) { return at(index); }
  [[nodiscard]] const T& operator[](std::uint32_t index) const {
    return const_cast<slab*>(this)->at(index);
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool live(std::uint32_t index) const {
    return index - 1 < used_ - 1 &&  // not 0, and given out once
           ((chunks_[index / chunk_size]->live >> (index % chunk_size)) & 1) != 0;
  }
  /// Every live record in the order of indices.
  template <class F>
  void each(F&& f) const {
    for (std::uint32_t i = 1; i < used_; ++i)
      if (live(i)) f(i, (*this)[i]);
  }

 private:
  static constexpr std::uint32_t chunk_size = 16;  // hosts are many and most have few
  union cell {
    cell() {}
    ~cell() {}
    alignas(T) std::byte bytes[sizeof(T)];
    std::uint32_t next_free;
  };
  struct chunk {
    cell cells[chunk_size];
    std::uint32_t live = 0;  ///< a bit for each cell
  };
  [[gnu::noinline]] void grow() { chunks_.push_back(std::make_unique<chunk>()); }
  [[nodiscard]] cell& cell_of(std::uint32_t i) {
    return chunks_[i / chunk_size]->cells[i % chunk_size];
  }
  [[nodiscard]] T& at(std::uint32_t i) {
    return *std::launder(reinterpret_cast<T*>(cell_of(i).bytes));
  }
  void mark(std::uint32_t i, bool on) {
    std::uint32_t& word = chunks_[i / chunk_size]->live;
    const std::uint32_t bit = 1U << (i % chunk_size);
    word = on ? word | bit : word & ~bit;
  }

  std::vector<std::unique_ptr<chunk>> chunks_;
  std::uint32_t used_ = 1;
  std::uint32_t free_ = 0;
  std::size_t size_ = 0;
};

}  // namespace fourtuple::core
