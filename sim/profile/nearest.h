// "Did you mean": the candidate nearest to a misspelt word.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace fourtuple::profile {

/// Insertions, deletions, substitutions and swaps of neighbours between a and b (optimal string
/// alignment), case ignored for ASCII. Cost: size(a) * size(b); callers keep both short.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate of least distance, the first among equals; empty where none is near (more than a
/// third of the word's letters differ, or 2; 1 in words of up to four).
[[nodiscard]] std::string_view nearest(std::string_view word,
                                       std::span<const std::string_view> candidates);

/// " (did you mean 'latency'?)", or "" where nothing is near.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       std::span<const std::string_view> candidates);

}  // namespace fourtuple::profile
