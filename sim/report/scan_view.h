// What a scan found, as tables of ports and as one sentence.
#pragma once

#include <string>
#include <vector>

#include "sim/observe/outcome.h"
#include "sim/report/sections.h"

namespace fourtuple::report {

/// Of every scan of the file: its ports. Of more than 40 only those that are open or in error; the
/// caption counts the others.
[[nodiscard]] std::vector<section> scan_tables(const observe::outcome& o);
/// "probe: 2 of 13 ports of 10.0.0.2 are open: 22, 80"; of the file's first scan, else empty.
[[nodiscard]] std::string scan_headline(const observe::outcome& o);

}  // namespace fourtuple::report
