// Writes the table between the markers of the file that is named: sim/tcp/STATES.md.
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "tests/exhaustive/state_table.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "state_table sim/tcp/STATES.md\n";
    return 2;
  }
  std::ifstream in(argv[1]);
  std::ostringstream all;
  all << in.rdbuf();
  const std::string text = all.str();
  const std::string begin = "<!-- table: begin -->\n";
  const std::size_t first = text.find(begin);
  const std::size_t last = text.find("<!-- table: end -->");
  if (first == std::string::npos || last == std::string::npos) {
    std::cerr << argv[1] << ": there are no markers\n";
    return 2;
  }
  std::ofstream(argv[1]) << text.substr(0, first + begin.size())
                         << fourtuple::exhaustive::state_table() << text.substr(last);
  return 0;
}
