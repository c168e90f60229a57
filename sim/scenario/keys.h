// The keys of a scenario file: ONE table per mapping. The loader, the unknown-key check,
// `--resolved`, the JSON Schema and the reference in scenarios/README.md all read these rows and
// nothing else.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace fourtuple::scenario {

/// What a value is; decides its JSON Schema and its wording in the reference.
enum class value_type : std::uint8_t {
  text,              ///< any scalar
  whole,             ///< bare decimal integer in [least, most]
  boolean,           ///< true | false
  time,              ///< 28.2 s; "none" too where that is the default
  size,              ///< 64 B
  rate,              ///< 1000/s
  choice,            ///< one of the words of `syntax`, separated by " | "
  special,           ///< a scalar with a syntax of its own, said in `syntax`
  scalars,           ///< one scalar or a list of them
  ports,             ///< port numbers and ranges (of a scan also well-known), one or a list
  options,           ///< list of socket options
  any,               ///< scalar, list or mapping, said in `syntax`
  words,             ///< mapping from names to scalars (sysctls)
  conditions,        ///< mapping from metrics to conditions
  timed_conditions,  ///< mapping from times to such mappings
  mappings,          ///< list of mappings `sub`
  named,             ///< mapping from names to mappings `sub`
  mapping,           ///< one mapping `sub`
  steps,             ///< list of script steps
};

enum class presence : std::uint8_t {
  optional,
  required,
  later,  ///< part of the format, not modelled yet: refused
};

struct table;

struct key {
  std::string_view name;
  value_type type = value_type::text;
  std::string_view syntax;    ///< for people: "time", "client | server | reset"
  std::string_view fallback;  ///< the default as it would be written; empty: none
  std::string_view doc;       ///< one line
  presence need = presence::optional;
  std::int64_t least = 0;  ///< of a whole number
  std::int64_t most = 0;
  const table* sub = nullptr;
};

struct table {
  std::string_view name;  ///< "host": heading of the reference, name of the schema's definition
  std::string_view doc;
  std::span<const key> keys;

  [[nodiscard]] const key* find(std::string_view key_name) const;
};

extern const table top_table;
extern const table change_table;
extern const table real_table;
extern const table host_table;
extern const table firewall_table;
extern const table link_table;
extern const table app_table;
extern const table echo_server_table;
extern const table echo_client_table;
extern const table load_table;
extern const table stage_table;
extern const table pool_table;
extern const table listener_table;
extern const table scan_table;
extern const table proxy_table;
extern const table udp_server_table;
extern const table udp_client_table;

/// One table per call of the script; the first row is the call's own key.
[[nodiscard]] std::span<const table> step_tables();
/// The keys of `expect: { ... }` in a step.
extern const table step_expect_table;

/// All tables in the order of the reference.
[[nodiscard]] std::span<const table* const> all_tables();
/// The keys of a table that `changes:` may set, "rate, hold"; empty: none.
[[nodiscard]] std::string changeable_keys(std::string_view table);

/// Whether a key of an app names a kind that is modelled.
[[nodiscard]] bool is_app_kind(std::string_view key);
/// The key of `t` meant by a word of another tool: replicas -> count. Empty where there is none.
[[nodiscard]] std::string_view meant_by(std::string_view word, const table& t);

}  // namespace fourtuple::scenario
