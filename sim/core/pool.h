// Records that come and go in the order of the last freed first, with stable addresses and small
// indices, for plain data of which nobody asks what is alive: packets on their way.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

namespace fourtuple::core {

/// Grows by chunks and never shrinks. Freeing a record twice goes unnoticed: where records have
/// owners who could do that, use slab.
template <class T>
class pool {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  template <class U>
  std::uint32_t make(const U& value) {
    if (free_.empty()) grow();
    const std::uint32_t index = free_.back();
    free_.pop_back();
    std::construct_at(&(*this)[index], value);
    return index;
  }
  void free(std::uint32_t index) { free_.push_back(index); }
  /// The next make() need not grow.
  [[nodiscard]] bool has_free() const { return !free_.empty(); }
  [[nodiscard]] T& operator[](std::uint32_t index) {
    return chunks_[index / chunk_size][index % chunk_size];
  }

 private:
  static constexpr std::uint32_t chunk_size = 512;
  [[gnu::noinline]] void grow() {
    const auto first = static_cast<std::uint32_t>(chunks_.size()) * chunk_size;
    chunks_.push_back(std::make_unique<T[]>(chunk_size));
    free_.reserve(chunks_.size() * chunk_size);
    for (std::uint32_t i = chunk_size; i != 0; --i) free_.push_back(first + i - 1);
  }
  std::vector<std::unique_ptr<T[]>> chunks_;
  std::vector<std::uint32_t> free_;
};

}  // namespace fourtuple::core
