// All settings, one after the other, as large as they are asked to be.
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "tests/exhaustive/explorer.h"

int main(int argc, char** argv) {
  using namespace fourtuple::exhaustive;
  bounds b;
  bool large = false;
  std::string_view only;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--large") {
      large = true;
    } else if (word == "--most" && i + 1 < argc) {
      b.most_states = std::strtoull(argv[++i], nullptr, 10);
    } else if (word == "--only" && i + 1 < argc) {
      only = argv[++i];
    } else {
      std::cerr << "two_peers [--large] [--most STATES] [--only WORDS]\n";
      return 2;
    }
  }
  std::uint64_t states = 0;
  bool sound = true;
  for (const setting& s : large ? large_settings() : small_settings()) {
    if (s.name.find(only) == std::string::npos) continue;
    const findings f = explore(s, {}, b);
    states += f.states;
    sound = sound && f.complaint.empty();
    std::cout << summary(s, f) << std::flush;
  }
  std::cout << states << " joint states\n";
  return sound ? 0 : 1;
}
