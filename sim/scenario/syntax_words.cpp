#include "sim/scenario/syntax_words.h"

#include <fmt/format.h>

namespace fourtuple::scenario {
namespace {

using spec::position;

/// Line n of the text, from 1, without its end; empty beyond the last.
std::string_view line_of(std::string_view text, int n) {
  for (; n > 1; --n) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  auto line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::size_t index_of(std::string_view text, position at) {
  return static_cast<std::size_t>(line_of(text, at.line).data() - text.data() + at.column - 1);
}

/// Where in this line a value begins with > or ! and goes on: no block scalar, no tag meant.
std::optional<std::size_t> bare_operator(std::string_view line) {
  char before = 0;  // the last character that is no blank
  char quote = 0;   // the one that is open
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (quote != 0) {
      if (line[i] == quote) quote = 0;
      continue;
    }
    const bool begins = std::string_view(":-[,").find(before) != std::string_view::npos;
    if (begins && (line[i] == '"' || line[i] == '\'')) quote = line[i];
    if (begins && (line[i] == '>' || line[i] == '!')) {
      auto rest = line.substr(i + 1);
      if (!rest.empty() && rest.front() == '=') rest.remove_prefix(1);
      const auto word = rest.find_first_not_of(' ');
      if (word != std::string_view::npos && rest[word] != '#') return i;
    }
    if (line[i] != ' ' && line[i] != '\t') before = line[i];
  }
  return std::nullopt;
}

position at(int line, std::size_t index) { return {line, static_cast<int>(index) + 1}; }

bool is_blank_or_comment(std::string_view line) {
  const auto first = line.find_first_not_of(" \t");
  return first == std::string_view::npos || line[first] == '#';
}

/// The nearest line above that says something; 0: there is none.
int significant_above(std::string_view text, int line) {
  do {
    --line;
  } while (line > 0 && is_blank_or_comment(line_of(text, line)));
  return line;
}

/// `title: a: b`, or the line above is no key and so was read together with this one.
std::optional<syntax_fault> explain_colon(std::string_view text, position stop) {
  const auto line = line_of(text, stop.line);
  const auto column = static_cast<std::size_t>(stop.column - 1);
  if (line.substr(0, column).find(": ") != std::string_view::npos)
    return syntax_fault{stop, "a value with ': ' in it needs quotes", {}};
  const int above = significant_above(text, stop.line);
  const auto suspect = line_of(text, above);
  const auto first = suspect.find_first_not_of(" \t-");
  if (above <= 0 || first == std::string_view::npos) return std::nullopt;
  const auto colon = suspect.find(':', first);
  if (colon == std::string_view::npos)
    return syntax_fault{at(above, first), "no ':' behind the key", {}};
  if (colon + 1 < suspect.size() && suspect[colon + 1] != ' ')
    return syntax_fault{at(above, colon), "a blank is missing behind the ':'", {}};
  return std::nullopt;
}

/// A line that does not go on with the list or mapping above it.
std::optional<syntax_fault> explain_indentation(std::string_view text, position stop) {
  const int above = significant_above(text, stop.line);
  if (above <= 0) return std::nullopt;
  const auto line = line_of(text, above);
  const auto first = line.find_first_not_of(' ');
  if (static_cast<int>(first) + 1 != stop.column)
    return syntax_fault{
        stop,
        fmt::format("indented like nothing above (line {} begins in column {})", above, first + 1),
        {}};
  const bool list = line.substr(first).starts_with("- ");
  return syntax_fault{stop,
                      fmt::format("the {} above goes on with {}", list ? "list" : "mapping",
                                  list ? "'- '" : "a key and ':'"),
                      {}};
}

std::optional<syntax_fault> explain_by_message(std::string_view text, const syntax_stop& stop) {
  const bool open = stop.opened.line > 0;
  if (open &&
      (stop.says == "end of map flow not found" || stop.says == "end of sequence flow not found")) {
    const auto bracket = text.find_first_of("{[", index_of(text, stop.opened));
    if (bracket == std::string_view::npos) return std::nullopt;
    return syntax_fault{stop.opened, fmt::format("this '{}' is not closed", text[bracket]), {}};
  }
  if (stop.says == "end of map not found" || stop.says == "end of sequence not found")
    return explain_indentation(text, stop.at);
  if (stop.says == "illegal map value") return explain_colon(text, stop.at);
  if (stop.says == "the referenced anchor is not defined")
    return syntax_fault{stop.at, "no anchor of that name stands above", {}};
  return std::nullopt;
}

std::string lower_first(std::string t) {
  if (!t.empty() && t[0] >= 'A' && t[0] <= 'Z') t[0] = static_cast<char>(t[0] - 'A' + 'a');
  return t;
}

}  // namespace

syntax_fault explain_syntax(std::string_view text, const syntax_stop& stop) {
  for (const int n : {stop.at.line, stop.at.line - 1}) {
    if (n < 1) continue;
    const auto line = line_of(text, n);
    if (const auto found = bare_operator(line))
      return {at(n, *found), "a condition that begins with > or ! needs quotes",
              index_of(text, at(n, *found))};
    const auto word = line.find_first_not_of(" \t");
    const auto tab = line.find('\t');
    if (word != std::string_view::npos && tab < word)
      return {at(n, tab), "a tab cannot indent; use spaces", {}};
  }
  if (auto found = explain_by_message(text, stop)) return *found;
  return {stop.at, "not YAML: " + lower_first(stop.says), {}};
}

}  // namespace fourtuple::scenario
