// The small words of a scenario: where something stands in the file, an exact rate, a text with
// ${...} in it. No YAML here.
#pragma once

#include <fourtuple/time.h>

#include <cstdint>
#include <string>

namespace fourtuple::spec {

/// A place in the scenario file, 1-based; line 0 means "not from the file".
struct position {
  int line = 0;
  int column = 0;
  friend auto operator<=>(const position&, const position&) = default;
};

/// `count` happenings per `per` nanoseconds, reduced to lowest terms; so attempt k (from 1) is at
/// start + floor((k - 1) * per / count), in 128-bit integers. count 0 means "none".
struct rate {
  std::uint64_t count = 0;
  std::uint64_t per = 1;
  friend bool operator==(const rate&, const rate&) = default;
};

/// Text in which ${NAME} is replaced at run time (`message: "hello ${i}"`, script steps). Kept as
/// written; expand() in template.h. Without "${" it stands for itself.
using text_template = std::string;

enum class transport : std::uint8_t { tcp, udp };

/// A user as `user:` names it.
struct user {
  std::uint32_t uid = 1000;
  std::string name = "app";
  friend bool operator==(const user&, const user&) = default;
};

}  // namespace fourtuple::spec
