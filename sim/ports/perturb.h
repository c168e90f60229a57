// table_perturb[] of inet_hashtables.c: where in the range the next automatic connect() of a hash
// bucket starts. Filled with random numbers at the first use of an entry instead of all at once; a
// host that connects to few destinations touches few pages.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/ports/draws.h"

namespace fourtuple::ports {

class perturb_table {
 public:
  /// The entry; at its first use it is what the draws say. Good until another is used.
  [[nodiscard]] std::uint32_t& at(std::uint32_t index, const draws& d) {
    const std::uint32_t n = index / page_size;
    if (n < pages_.size() && pages_[n] && pages_[n]->filled(index)) [[likely]]
      return pages_[n]->values[index % page_size];
    return fill(index, d);
  }

 private:
  static constexpr std::uint32_t page_size = 64;
  struct page {
    std::array<std::uint32_t, page_size> values{};
    std::uint64_t drawn = 0;  ///< a bit for each value that is there
    [[nodiscard]] bool filled(std::uint32_t index) const {
      return ((drawn >> (index % page_size)) & 1) != 0;
    }
  };
  [[nodiscard, gnu::noinline]] std::uint32_t& fill(std::uint32_t index, const draws& d);

  std::vector<std::unique_ptr<page>> pages_;
};

}  // namespace fourtuple::ports
