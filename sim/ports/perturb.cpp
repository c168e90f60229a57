#include "sim/ports/perturb.h"

namespace fourtuple::ports {

std::uint32_t& perturb_table::fill(std::uint32_t index, const draws& d) {
  const std::uint32_t n = index / page_size;
  if (n >= pages_.size()) pages_.resize(n + 1);
  if (!pages_[n]) pages_[n] = std::make_unique<page>();
  page& p = *pages_[n];
  std::uint32_t& value = p.values[index % page_size];
  value = d.perturb(index);
  p.drawn |= std::uint64_t{1} << (index % page_size);
  return value;
}

}  // namespace fourtuple::ports
