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

}  // namespace fourtuple::scenario
