#include "sim/core/one_piece.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace fourtuple::core {

std::unique_ptr<void, freed> large_piece(std::size_t bytes) {
  constexpr std::size_t huge_page = std::size_t{2} << 20;
  const std::size_t alignment = bytes >= huge_page ? huge_page : 64;
  const std::size_t size = (bytes + alignment - 1) / alignment * alignment;
  std::unique_ptr<void, freed> memory(std::aligned_alloc(alignment, size));
  if (!memory && size != 0) throw std::bad_alloc();
#if defined(__linux__)
  if (alignment == huge_page) ::madvise(memory.get(), size, MADV_HUGEPAGE);  // or not, as it likes
#endif
  return memory;
}

}  // namespace fourtuple::core
