// Our own mistakes. An assertion is on in every build; it throws, so that the engine can add seed,
// virtual time and host before the program ends with exit code 4 (DESIGN 6).
#pragma once

#include <stdexcept>
#include <string>

namespace fourtuple::core {

/// Something in this program is wrong: never the user's file, never what a socket call may answer.
class internal_error : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] void assertion_failed(const char* expression, const char* message, const char* file,
                                   int line);

}  // namespace fourtuple::core

#define FOURTUPLE_ASSERT(condition, message)                                                   \
  do {                                                                                         \
    if (!(condition)) [[unlikely]]                                                             \
      ::fourtuple::core::assertion_failed(#condition, message, __FILE__, __LINE__);            \
  } while (false)
