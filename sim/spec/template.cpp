#include "sim/spec/template.h"

namespace fourtuple::spec {
namespace {

/// Calls `literal` and `name` for the parts of a text in turn. False where a "${" is not closed.
template <class Literal, class Name>
bool walk(std::string_view text, Literal literal, Name name) {
  while (!text.empty()) {
    const auto at = text.find('$');
    if (at == std::string_view::npos) {
      literal(text);
      return true;
    }
    literal(text.substr(0, at));
    text.remove_prefix(at);
    if (text.starts_with("$${")) {
      literal("${");
      text.remove_prefix(3);
    } else if (text.starts_with("${")) {
      const auto end = text.find('}');
      if (end == std::string_view::npos) return false;
      name(text.substr(2, end - 2));
      text.remove_prefix(end + 1);
    } else {
      literal("$");
      text.remove_prefix(1);
    }
  }
  return true;
}

}  // namespace

std::optional<std::string> expand(
    std::string_view text,
    const std::function<std::optional<std::string>(std::string_view)>& lookup,
    std::string& missing) {
  std::string out;
  missing.clear();
  const bool closed = walk(
      text, [&](std::string_view part) { out += part; },
      [&](std::string_view name) {
        const auto found = lookup(name);
        if (found) {
          out += *found;
        } else if (missing.empty()) {
          missing = name;
        }
      });
  if (!closed || !missing.empty()) return std::nullopt;
  return out;
}

std::vector<std::string> template_names(std::string_view text, bool& bad) {
  std::vector<std::string> out;
  bad = !walk(
      text, [](std::string_view) {}, [&](std::string_view name) { out.emplace_back(name); });
  return out;
}

bool is_template(std::string_view text) { return text.find("${") != std::string_view::npos; }

}  // namespace fourtuple::spec
