#include <fourtuple/option.h>

namespace fourtuple {

std::string_view name(option o) {
  switch (o) {
#define FOURTUPLE_ROW(enumerator, text) \
  case option::enumerator: return text;
    FOURTUPLE_OPTION_TABLE(FOURTUPLE_ROW)
#undef FOURTUPLE_ROW
  }
  return {};
}

std::optional<option> option_from_name(std::string_view text) {
#define FOURTUPLE_ROW(enumerator, spelled) \
  if (text == (spelled)) return option::enumerator;
  FOURTUPLE_OPTION_TABLE(FOURTUPLE_ROW)
#undef FOURTUPLE_ROW
  return std::nullopt;
}

}  // namespace fourtuple
