// Names of <fourtuple/errc.h>: the enumerator in upper case, as errno(3) writes it.
#include <fourtuple/errc.h>

#include <array>

namespace fourtuple {
namespace {

constexpr std::size_t longest_name = 20;

struct upper_name {
  std::array<char, longest_name> text{};
  std::size_t size = 0;
};

constexpr upper_name upper(std::string_view lower) {
  upper_name n;
  for (const char c : lower) {
    n.text[n.size++] = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return n;
}

constexpr std::array<upper_name, errc_count> names{upper_name{{'o', 'k'}, 2},
#define FOURTUPLE_UPPER(name) upper(#name),
                                                   FOURTUPLE_ERRNO_TABLE(FOURTUPLE_UPPER)
#undef FOURTUPLE_UPPER
};

}  // namespace

std::string_view name(errc e) {
  const auto index = static_cast<std::size_t>(e);
  if (index >= names.size()) return "?";
  return {names[index].text.data(), names[index].size};
}

std::optional<errc> errc_from_name(std::string_view text) {
  if (text == "EWOULDBLOCK") return errc::eagain;
  for (std::size_t i = 1; i < names.size(); ++i) {
    const auto e = static_cast<errc>(i);
    if (name(e) == text) return e;
  }
  return {};
}

}  // namespace fourtuple
