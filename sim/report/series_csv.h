// The metrics of a run over virtual time as comma-separated values (RFC 4180, lines end in LF as
// everywhere on Linux), for spreadsheets, gnuplot and pandas.
#pragma once

#include <functional>
#include <string_view>

#include "sim/observe/metric_series.h"

namespace fourtuple::report {

/// A header line, then a line a row: `time` in seconds (exact), then every column under its path in
/// the result tree. Nothing where there are no rows. Handed out piece by piece: a series may be
/// long.
void series_csv(const observe::metric_series& s, const std::function<void(std::string_view)>& to);

}  // namespace fourtuple::report
