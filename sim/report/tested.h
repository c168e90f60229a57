// What was tested of each file, and how CI systems read it: JUnit XML, GitHub annotations.
#pragma once

#include <fourtuple/time.h>

#include <span>
#include <string>
#include <vector>

namespace fourtuple::report {

/// One thing that was tested.
struct test {
  std::string name;
  int line = 0;         ///< of the file; 0: not known
  std::string failure;  ///< empty: passed
};

struct tested_file {
  std::string file;
  std::vector<test> tests;
  std::vector<std::string> errors;  ///< of the loader, "FILE:LINE:COLUMN: message"
  std::string stopped;              ///< what kept it from being tested to its end
  std::string broken;               ///< where it was not tested to its end: why, in a word or two
  std::string skipped;              ///< why it was not to be tested; empty: it was
  duration wall{};                  ///< how long that took
};

/// One test suite a file, one test case a test; "runs" where there is none, or it did not.
[[nodiscard]] std::string junit(std::span<const tested_file> all);
/// `::error file=,line=::` for everything that failed.
[[nodiscard]] std::string github(std::span<const tested_file> all);

}  // namespace fourtuple::report
