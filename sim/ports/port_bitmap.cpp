#include "sim/ports/port_bitmap.h"

#include <bit>

namespace fourtuple::ports {
namespace {

constexpr std::uint64_t all_bits = ~0ULL;

constexpr parity parity_of(std::uint32_t port) {
  return (port & 1) != 0 ? parity::odd : parity::even;
}
/// Of a word of 64 ports.
constexpr std::uint64_t bits_of(parity p) {
  constexpr std::uint64_t even = 0x5555555555555555ULL;
  return p == parity::both ? all_bits : p == parity::odd ? ~even : even;
}

/// Bits [from, to) of a word, 0 <= from < to <= 64.
constexpr std::uint64_t bits_between(std::uint32_t from, std::uint32_t to) {
  return (all_bits << from) & (all_bits >> (64 - to));
}
/// The part of [from, to) that lies in the 2^bits numbers from `base` on, counted from there.
struct part {
  std::uint32_t from, to;
};
constexpr part part_of(std::uint32_t from, std::uint32_t to, std::uint32_t base,
                       std::uint32_t length) {
  return {from > base ? from - base : 0, to - base < length ? to - base : length};
}

}  // namespace

void port_bitmap::insert(std::uint16_t port) {
  auto& p = pages_[port >> 12];
  if (!p) p = std::make_unique<page>();
  std::uint64_t& word = p->words[word_of(port)];
  const std::uint64_t bit = 1ULL << (port & 63);
  if ((word & bit) != 0) return;
  word |= bit;
  ++size_;
  if ((~word & bits_of(parity_of(port))) != 0) return;
  std::uint64_t& full_words = p->full.half(port);
  full_words |= 1ULL << word_of(port);
  if (full_words == all_bits) full_.half(port) |= 1U << (port >> 12);
}

void port_bitmap::erase(std::uint16_t port) {
  if (!contains(port)) return;
  page& p = *pages_[port >> 12];
  p.words[word_of(port)] &= ~(1ULL << (port & 63));
  --size_;
  p.full.half(port) &= ~(1ULL << word_of(port));
  full_.half(port) &= ~(1U << (port >> 12));
}

std::uint32_t port_bitmap::count_in(std::uint32_t from, std::uint32_t to) const {
  std::uint32_t n = 0;
  for (std::uint32_t base = from & ~63U; base < to; base += 64) {
    const auto& p = pages_[base >> 12];
    if (!p) continue;
    const part w = part_of(from, to, base, 64);
    n += static_cast<std::uint32_t>(
        std::popcount(p->words[word_of(base)] & bits_between(w.from, w.to)));
  }
  return n;
}

std::uint32_t first_absent(std::span<const port_bitmap* const> sets, std::uint32_t from,
                           std::uint32_t to, std::uint32_t step) {
  if (from >= to) return to;
  const parity p = step == 1 ? parity::both : parity_of(from);
  // What one set alone has all of need not be looked at.
  std::uint32_t full_pages = 0;
  for (const port_bitmap* s : sets) full_pages |= s->full_.of(p);
  auto pages = static_cast<std::uint32_t>(bits_between(from >> 12, ((to - 1) >> 12) + 1));
  for (pages &= ~full_pages; pages != 0; pages &= pages - 1) {
    const auto n = static_cast<std::uint32_t>(std::countr_zero(pages));
    const std::uint32_t base = n << 12;
    std::uint64_t full_words = 0;
    for (const port_bitmap* s : sets)
      if (const auto& page = s->pages_[n]) full_words |= page->full.of(p);
    const part in_page = part_of(from, to, base, 4096);
    std::uint64_t candidates =
        ~full_words & bits_between(in_page.from >> 6, ((in_page.to - 1) >> 6) + 1);
    for (; candidates != 0; candidates &= candidates - 1) {
      const auto w = static_cast<std::uint32_t>(std::countr_zero(candidates));
      std::uint64_t taken = ~bits_of(p);
      for (const port_bitmap* s : sets)
        if (const auto& page = s->pages_[n]) taken |= page->words[w];
      const part in_word = part_of(in_page.from, in_page.to, w * 64, 64);
      if (const std::uint64_t free = ~taken & bits_between(in_word.from, in_word.to); free != 0)
        return base + w * 64 + static_cast<std::uint32_t>(std::countr_zero(free));
    }
  }
  return to;
}

}  // namespace fourtuple::ports
