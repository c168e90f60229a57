#include "sim/ports/perturb.h"

namespace fourtuple::ports {

void perturb_table::advance(std::uint32_t index, std::uint32_t by, const draws& d) {
  const std::uint32_t n = index / page_size;
  if (n >= pages_.size()) pages_.resize(n + 1);
  if (!pages_[n]) pages_[n] = std::make_unique<page>();
  page& p = *pages_[n];
  std::uint32_t& value = p.values[index % page_size];
  if (!p.filled(index)) value = d.perturb(index);
  p.drawn |= std::uint64_t{1} << (index % page_size);
  value += by;
}

}  // namespace fourtuple::ports
