#include "tests/support/catch.h"
#include "tests/unit/scenario_support.h"

#include <nlohmann/json.hpp>

#include <unistd.h>

#include <cstdlib>

using namespace fourtuple::scenario;

namespace {

void check_references(const nlohmann::ordered_json& node, const nlohmann::ordered_json& root) {
  if (node.is_object() && node.contains("$ref")) {
    const auto target = node["$ref"].get<std::string>().substr(1);
    INFO(target);
    CHECK(root.contains(nlohmann::ordered_json::json_pointer(target)));
  }
  if (node.is_structured())
    for (const auto& child : node) check_references(child, root);
}

/// 0 accepted, 1 refused, 2 no validator on this machine.
int validate(const std::string& schema_text, const std::string& yaml) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("fourtuple-schema-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "schema.json") << schema_text;
  std::ofstream(folder / "file.yaml") << yaml;
  std::ofstream(folder / "check.py") << R"(
import json, sys
try:
    import yaml, jsonschema
    validator = jsonschema.Draft202012Validator
except Exception:
    sys.exit(2)
schema = json.load(open(sys.argv[1] + "/schema.json"))
validator.check_schema(schema)
errors = list(validator(schema).iter_errors(yaml.safe_load(open(sys.argv[1] + "/file.yaml"))))
sys.exit(1 if errors else 0)
)";
  const auto status = std::system(
      ("python3 " + (folder / "check.py").string() + " " + folder.string() + " 2>/dev/null")
          .c_str());
  std::filesystem::remove_all(folder);
  return status == 0 ? 0 : status == 256 ? 1 : 2;
}

}  // namespace

TEST_CASE("the schema's references lead somewhere", "[scenario][schema]") {
  const auto s = schema();
  CHECK(s["$schema"] == "https://json-schema.org/draft/2020-12/schema");
  check_references(s, s);
}

TEST_CASE("the schema accepts the examples, resolved or not, and refuses what is wrong",
          "[scenario][schema]") {
  const auto text = schema().dump();
  const auto first = validate(text, testing::format_section_2);
  if (first == 2) {
    WARN("python3 with jsonschema and yaml is not installed; the schema was not run");
    return;
  }
  CHECK(first == 0);
  CHECK(validate(text, testing::format_section_3) == 0);
  CHECK(validate(text, resolved("f", testing::format_section_2).yaml) == 0);
  CHECK(validate(text, resolved("f", testing::format_section_3).yaml) == 0);
  const auto folder = testing::source_root() / "tests/scenario/bad_input";
  for (const char* bad :
       {"unknown_key_latencey", "missing_unit_time", "port_70000", "negative_time",
        "app_with_two_kinds", "step_unknown_key", "later_features"})
    CHECK(validate(text, testing::read_text(folder / (std::string(bad) + ".yaml"))) == 1);
}

TEST_CASE("scenarios/README.md holds the reference of keys that the tables give", "[scenario]") {
  const auto readme = testing::read_text(testing::source_root() / "scenarios/README.md");
  const auto reference = key_reference();
  const bool current = readme.find(reference) != std::string::npos;
  INFO("paste this between the markers of scenarios/README.md:\n" << (current ? "" : reference));
  CHECK(current);
}
