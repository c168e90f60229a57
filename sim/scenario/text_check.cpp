#include "sim/scenario/text_check.h"

#include "sim/scenario/tree.h"

namespace fourtuple::scenario {
namespace {

/// Length of the UTF-8 sequence at text[i], 0 where it is none (RFC 3629: no surrogates, no
/// overlong forms, at most U+10FFFF).
std::size_t utf8_length(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t k) {
    return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0u;
  };
  const auto tail = [&](std::size_t k) { return (byte(k) & 0xc0u) == 0x80u; };
  const unsigned b = byte(0);
  if (b < 0x80) return 1;
  if (b >= 0xc2 && b <= 0xdf) return tail(1) ? 2 : 0;
  if (b >= 0xe0 && b <= 0xef) {
    if (!tail(1) || !tail(2)) return 0;
    if (b == 0xe0 && byte(1) < 0xa0) return 0;
    if (b == 0xed && byte(1) > 0x9f) return 0;
    return 3;
  }
  if (b >= 0xf0 && b <= 0xf4) {
    if (!tail(1) || !tail(2) || !tail(3)) return 0;
    if (b == 0xf0 && byte(1) < 0x90) return 0;
    if (b == 0xf4 && byte(1) > 0x8f) return 0;
    return 4;
  }
  return 0;
}

bool allowed_control(unsigned char c) { return c == '\t' || c == '\n' || c == '\r'; }

std::string_view line_of(std::string_view text, int line) {
  for (int n = 1; n < line; ++n) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

/// Whether a value in this line begins with > or ! and goes on: no block scalar, no tag meant.
bool has_bare_operator(std::string_view line) {
  char before = 0;  // the last character that is no blank
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool sign = line[i] == '>' || line[i] == '!';
    if (sign && std::string_view(":-[,").find(before) != std::string_view::npos) {
      auto rest = line.substr(i + 1);
      if (!rest.empty() && rest.front() == '=') rest.remove_prefix(1);
      const auto word = rest.find_first_not_of(' ');
      if (word != std::string_view::npos && rest[word] != '#' && rest[word] != '\r') return true;
    }
    if (line[i] != ' ' && line[i] != '\t') before = line[i];
  }
  return false;
}

}  // namespace

std::optional<text_fault> check_text(std::string_view text) {
  if (text.size() > limits::file_bytes)
    return text_fault{
        {},
        "the file is larger than the limit of " + std::to_string(limits::file_bytes) + " bytes"};
  spec::position here{1, 1};
  std::size_t open = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == 0) return text_fault{here, "this is not a text file (a NUL byte)"};
    if ((c < 0x20 && !allowed_control(c)) || c == 0x7f)
      return text_fault{here, "this is not a text file (a control character)"};
    const auto length = utf8_length(text, i);
    if (length == 0) return text_fault{here, "this is not a text file (not UTF-8)"};
    if ((c == '[' || c == '{') && ++open > limits::open_brackets)
      return text_fault{here, "more than the limit of " + std::to_string(limits::open_brackets) +
                                  " open brackets"};
    if ((c == ']' || c == '}') && open > 0) --open;
    i += length;
    if (c == '\n') {
      here = {here.line + 1, 1};
    } else {
      ++here.column;
    }
  }
  return std::nullopt;
}

std::string syntax_hint(std::string_view text, int line) {
  // The parser often notices only on the next line.
  for (const int at : {line, line - 1}) {
    if (at < 1) continue;
    const auto l = line_of(text, at);
    if (has_bare_operator(l)) return "a condition that begins with > or ! needs quotes";
    const auto word = l.find_first_not_of(" \t");
    if (word != std::string_view::npos && l.substr(0, word).find('\t') != std::string_view::npos)
      return "a tab cannot indent; use spaces";
  }
  return {};
}

}  // namespace fourtuple::scenario
