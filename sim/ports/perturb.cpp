#include "sim/ports/perturb.h"

namespace fourtuple::ports {

void perturb_table::advance(std::uint32_t index, std::uint32_t by) {
  const std::uint32_t n = index / page_size;
  if (n >= pages_.size()) pages_.resize(n + 1);
  if (!pages_[n]) pages_[n] = std::make_unique<page>();
  pages_[n]->advanced[index % page_size] += by;
}

}  // namespace fourtuple::ports
