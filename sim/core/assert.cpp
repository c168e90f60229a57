#include "sim/core/assert.h"

namespace fourtuple::core {

void assertion_failed(const char* expression, const char* message, const char* file, int line) {
  std::string where = file;
  if (const auto slash = where.rfind("/sim/"); slash != std::string::npos)
    where = where.substr(slash + 1);
  throw internal_error(where + ":" + std::to_string(line) + ": " + message + " (" + expression +
                       ")");
}

}  // namespace fourtuple::core
