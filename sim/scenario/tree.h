// YAML text -> a bounded tree of plain values: aliases copied, merge keys applied, duplicate keys
// found, every node and key with its place. Knows YAML, not scenarios.
#pragma once

#include "sim/scenario/config_error.h"
#include "sim/spec/units.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fourtuple::scenario {

/// Bounds on what a file may be; the errors name them.
namespace limits {
inline constexpr std::size_t file_bytes = 1 << 20;
inline constexpr std::size_t depth = 64;            ///< mappings and lists inside each other
inline constexpr std::size_t open_brackets = 1000;  ///< a cheap look before the parser starts
inline constexpr std::size_t nodes = 500'000;       ///< after aliases and merges are copied
inline constexpr std::size_t errors = 1000;         ///< reported at once
inline constexpr std::size_t bytes_again = 4 << 20;  ///< a file with bare operators is read again
}  // namespace limits

struct entry;

struct node {
  enum class type : std::uint8_t { null, scalar, list, map };
  type kind = type::null;
  bool plain = false;    ///< a scalar without quotes
  bool block = false;    ///< a block scalar (> or |)
  std::uint32_t id = 0;  ///< unique in the finished tree
  spec::position where;
  std::string text;            ///< scalar
  std::vector<node> items;     ///< list
  std::vector<entry> entries;  ///< map, in file order, merged ones last

  [[nodiscard]] const node* find(std::string_view key) const;
  [[nodiscard]] node* find(std::string_view key);
};

struct entry {
  std::string key;
  spec::position where;
  node value;
};

struct parsed_tree {
  node root;
  std::vector<config_error> errors;  ///< duplicates and such; a syntax error is the only one
  bool usable = false;               ///< false: nothing to check further
};

[[nodiscard]] parsed_tree parse_tree(std::string_view file, std::string_view text);
/// Gives every node its id anew, in file order.
void number_nodes(node& root);

}  // namespace fourtuple::scenario
