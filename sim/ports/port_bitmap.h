// A set of ports that can answer "which is the first port from here on, in steps of one or two,
// that is in none of these sets?" in a few words of work, however full the sets are.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

namespace fourtuple::ports {

/// Which ports a search is after.
enum class parity : std::uint8_t { even, odd, both };

/// Of things with ports in them, a bit each: which have all their even ports, and which all their
/// odd ones.
template <class Bits>
struct full_halves {
  Bits even = 0;
  Bits odd = 0;
  [[nodiscard]] Bits& half(std::uint32_t port) { return (port & 1) != 0 ? odd : even; }
  [[nodiscard]] Bits of(parity p) const {
    if (p == parity::both) return even & odd;
    return p == parity::odd ? odd : even;
  }
};

/// 65536 bits in 16 pages of 4096, made when first written. It keeps a summary of its pages, and a
/// page one of its words, so that a search passes by what is full. A full range of 28232 ports is 7
/// pages, 3.7 KB.
class port_bitmap {
 public:
  void insert(std::uint16_t port);
  void erase(std::uint16_t port);
  [[nodiscard]] bool contains(std::uint16_t port) const {
    const auto& p = pages_[port >> 12];
    return p && ((p->words[word_of(port)] >> (port & 63)) & 1) != 0;
  }
  [[nodiscard]] std::uint32_t size() const { return size_; }
  /// How many ports of [from, to) are in it.
  [[nodiscard]] std::uint32_t count_in(std::uint32_t from, std::uint32_t to) const;

 private:
  friend std::uint32_t first_absent(std::span<const port_bitmap* const> sets, std::uint32_t from,
                                    std::uint32_t to, std::uint32_t step);
  struct page {
    std::array<std::uint64_t, 64> words{};
    full_halves<std::uint64_t> full;
  };
  [[nodiscard]] static std::uint32_t word_of(std::uint32_t port) { return (port >> 6) & 63; }

  std::array<std::unique_ptr<page>, 16> pages_;
  full_halves<std::uint32_t> full_;
  std::uint32_t size_ = 0;
};

/// The first of from, from + step, from + 2 step ... below `to` that is in none of the sets; `to`
/// if there is none. Step is 1 or 2; to <= 65536.
[[nodiscard]] std::uint32_t first_absent(std::span<const port_bitmap* const> sets,
                                         std::uint32_t from, std::uint32_t to, std::uint32_t step);

}  // namespace fourtuple::ports
