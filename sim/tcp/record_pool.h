// Records that few connections have at a time, of one host: a tcb holds the index of its own.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace fourtuple::tcp {

/// `Record` has reset(): as new, with the memory it has. Index 0 is none. References stay valid until
/// the record is given back.
template <class Record>
class record_pool {
 public:
  [[nodiscard]] std::uint32_t take() {
    if (free_.empty()) [[unlikely]] grow();
    const std::uint32_t index = free_.back();
    free_.pop_back();
    return index;
  }
  void give_back(std::uint32_t index) {
    (*this)[index].reset();
    give_back_new(index);
  }
  /// The same of one that is as new already.
  void give_back_new(std::uint32_t index) { free_.push_back(index); }
  [[nodiscard]] Record& operator[](std::uint32_t index) {
    return chunks_[index / chunk_size][index % chunk_size];
  }
  [[nodiscard]] const Record& operator[](std::uint32_t index) const {
    return chunks_[index / chunk_size][index % chunk_size];
  }
  /// Records in use.
  [[nodiscard]] std::size_t size() const {
    return chunks_.empty() ? 0 : chunks_.size() * chunk_size - 1 - free_.size();
  }

 private:
  static constexpr std::uint32_t chunk_size = 16;  // hosts are many and most have few

  [[gnu::noinline]] void grow() {
    const auto first = static_cast<std::uint32_t>(chunks_.size()) * chunk_size;
    chunks_.push_back(std::make_unique<Record[]>(chunk_size));
    const std::uint32_t least = std::max(first, 1U);
    for (std::uint32_t i = first + chunk_size; i != least; --i) free_.push_back(i - 1);
  }

  std::vector<std::unique_ptr<Record[]>> chunks_;
  std::vector<std::uint32_t> free_;
};

}  // namespace fourtuple::tcp
