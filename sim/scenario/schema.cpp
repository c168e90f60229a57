// The JSON Schema, row by row from the tables.
#include "sim/scenario/keys.h"
#include "sim/scenario/scenario.h"

#include "sim/spec/quantity.h"

#include <nlohmann/json.hpp>

namespace fourtuple::scenario {
namespace {

using json = nlohmann::ordered_json;

constexpr const char* number_pattern = "^ *(0|[1-9][0-9]*)(\\.[0-9]+)? *";
constexpr const char* name_pattern = "^[A-Za-z][A-Za-z0-9_-]*$";

json reference(const table& t) { return {{"$ref", "#/$defs/" + std::string(t.name)}}; }

json scalar() { return {{"type", json::array({"string", "number", "boolean"})}}; }

json pattern(const std::string& units) {
  return {{"type", "string"}, {"pattern", number_pattern + units + " *$"}};
}

json one_or_list(json item) {
  json out;
  out["anyOf"] = json::array({item, {{"type", "array"}, {"items", item}, {"minItems", 1}}});
  return out;
}

json choice(std::string_view syntax) {
  json words = json::array();
  while (!syntax.empty()) {
    const auto bar = syntax.find(" | ");
    const std::string word(syntax.substr(0, bar));
    words.push_back(word);
    if (spec::is_whole_number(word)) words.push_back(std::stoi(word));
    if (bar == std::string_view::npos) break;
    syntax.remove_prefix(bar + 3);
  }
  return {{"enum", words}};
}

json conditions() {
  json list = {{"type", "array"}, {"items", scalar()}, {"minItems", 1}};
  json value;
  value["anyOf"] = json::array({scalar(), list});
  return {{"type", json::array({"object", "null"})}, {"additionalProperties", value}};
}

json value_schema(const key& k);

json typed(const key& k) {
  switch (k.type) {
    case value_type::text:
    case value_type::special:
      return scalar();
    case value_type::whole:
      return {{"type", "integer"}, {"minimum", k.least}, {"maximum", k.most}};
    case value_type::boolean:
      return {{"type", "boolean"}};
    case value_type::time:
      return pattern("(ns|us|ms|s|min|h)");
    case value_type::size:
      return pattern("(B|kB|MB|GB|KiB|MiB|GiB)");
    case value_type::rate:
      return pattern("[kM]? *(/s|/min|/h)");
    case value_type::choice:
      return choice(k.syntax);
    case value_type::scalars:
    case value_type::ports:
      return one_or_list(scalar());
    case value_type::options: {
      json item = {{"type", json::array({"string", "object"})}};
      return {{"type", "array"}, {"items", item}};
    }
    case value_type::any:
      return json::object();
    case value_type::words: {
      json value = {{"type", json::array({"string", "number", "boolean", "null"})}};
      return {{"type", json::array({"object", "null"})}, {"additionalProperties", value}};
    }
    case value_type::conditions:
      return conditions();
    case value_type::timed_conditions:
      return {{"type", json::array({"object", "null"})}, {"additionalProperties", conditions()}};
    case value_type::mappings:
      return {{"type", json::array({"array", "null"})}, {"items", reference(*k.sub)}};
    case value_type::named:
      return {{"type", json::array({"object", "null"})},
              {"propertyNames", {{"pattern", name_pattern}}},
              {"additionalProperties", reference(*k.sub)}};
    case value_type::mapping:
      return reference(*k.sub);
    case value_type::steps:
      return {{"type", json::array({"array", "null"})}, {"items", {{"$ref", "#/$defs/step"}}}};
  }
  return json::object();
}

json value_schema(const key& k) {
  json out = typed(k);
  if (k.fallback == "none") {
    json either;
    either["anyOf"] = json::array({out, {{"const", "none"}}});
    out = either;
  }
  std::string text(k.doc);
  if (!k.fallback.empty()) text += " (default: " + std::string(k.fallback) + ")";
  out["description"] = text;
  return out;
}

json definition(const table& t, bool may_be_null) {
  json properties = json::object();
  json required = json::array();
  for (const auto& k : t.keys) {
    if (k.need == presence::later) continue;
    properties[std::string(k.name)] = value_schema(k);
    if (k.need == presence::required) required.push_back(std::string(k.name));
  }
  json out;
  out["type"] = may_be_null ? json::array({"object", "null"}) : json("object");
  out["description"] = std::string(t.doc);
  out["properties"] = properties;
  if (!required.empty()) out["required"] = required;
  out["patternProperties"] = {{"^x-", true}};
  out["additionalProperties"] = false;
  return out;
}

json app_definition() {
  json out = definition(app_table, false);
  json kinds = json::array();
  for (const auto& k : app_table.keys)
    if (k.type == value_type::mapping && k.need != presence::later)
      kinds.push_back({{"required", json::array({std::string(k.name)})}});
  out["oneOf"] = kinds;
  return out;
}

json steps_definition() {
  json calls = json::array();
  for (const auto& t : step_tables())
    if (t.keys.front().need != presence::later) calls.push_back(definition(t, false));
  json out;
  out["anyOf"] = calls;
  return out;
}

}  // namespace

nlohmann::ordered_json schema() {
  json out;
  out["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  out["title"] = "fourtuple scenario";
  json top = definition(top_table, false);
  for (auto& [name, value] : top.items()) out[name] = value;
  json defs;
  for (const table* t : all_tables()) {
    if (t == &top_table || t == &step_expect_table) continue;
    defs[std::string(t->name)] =
        t == &app_table ? app_definition() : definition(*t, t == &host_table);
  }
  defs["step"] = steps_definition();
  out["$defs"] = defs;
  return out;
}

}  // namespace fourtuple::scenario
