// A scenario file -> a checked spec::scenario, or every mistake in it. Also what is made from the
// loader's tables: the file with its defaults, the JSON Schema, the reference of keys.
#pragma once

#include "sim/scenario/config_error.h"
#include "sim/spec/spec.h"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fourtuple::scenario {

/// `--set path=value`.
struct setting {
  std::string path;   ///< apps.load.rate, links[0].latency, hosts.a.sysctls[net.ipv4.tcp_tw_reuse]
  std::string value;  ///< a scalar as it stands; YAML where it begins with [ { " or '
};
/// Splits at the first '='; nothing where there is none or the path is empty.
[[nodiscard]] std::optional<setting> parse_setting(std::string_view text);

/// A scenario, or what is wrong: never both, never neither.
struct load_result {
  std::optional<spec::scenario> scenario;
  std::vector<config_error> errors;  ///< sorted by place
  [[nodiscard]] explicit operator bool() const { return scenario.has_value(); }
};

/// `file_name` is what errors and results call it. Never throws for what `text` holds.
[[nodiscard]] load_result load(std::string_view file_name, std::string_view text,
                               std::span<const setting> sets = {});
/// Reads the file first; "-" is standard input.
[[nodiscard]] load_result load_file(const std::string& path, std::span<const setting> sets = {});

/// The file with every default filled in, aliases and merges written out; loads to the same
/// scenario. On errors the text is empty.
struct resolved_result {
  std::string yaml;
  std::vector<config_error> errors;
};
[[nodiscard]] resolved_result resolved(std::string_view file_name, std::string_view text,
                                       std::span<const setting> sets = {});
[[nodiscard]] resolved_result resolved_file(const std::string& path,
                                            std::span<const setting> sets = {});

/// JSON Schema (draft 2020-12) of the file. What it refuses, load() refuses; load() checks more.
[[nodiscard]] nlohmann::ordered_json schema();

/// The tables of all keys as Markdown: what scenarios/README.md holds between its markers.
[[nodiscard]] std::string key_reference();

}  // namespace fourtuple::scenario
