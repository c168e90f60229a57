// A socket table as ss(8) prints it: columns, options, its own state words.
#pragma once

#include <string>
#include <vector>

#include "sim/observe/host_metrics.h"
#include "sim/observe/value.h"
#include "sim/report/ss_filter.h"

namespace fourtuple::report {

struct ss_options {
  bool tcp = false;        ///< -t
  bool udp = false;        ///< -u; neither: both, with a Netid column
  bool all = false;        ///< -a
  bool numeric = false;    ///< -n
  bool timers = false;     ///< -o
  bool summary = false;    ///< -s
  bool listening = false;  ///< -l
  bool processes = false;  ///< -p
  bool no_header = false;  ///< -H
  bool v4 = false;         ///< -4
  bool v6 = false;         ///< -6
};

[[nodiscard]] std::string ss_text(const std::vector<observe::socket_row>& rows,
                                  const ss_options& options, const ss_filter& filter);

/// The rows that ss_text() shows, in its order, as a list of maps: `netid`, `state` (ss's word),
/// `recv_q` and `send_q`, `local` and `peer` ("10.0.0.1:32768"), `uid`, `processes` and `timer`
/// (null: none).
[[nodiscard]] observe::value ss_value(const std::vector<observe::socket_row>& rows,
                                      const ss_options& options, const ss_filter& filter);

/// print_ms_timer() of ss.c: 59sec, 1min2sec, 200ms, and its 4.123ms for 4.123 s.
[[nodiscard]] std::string ss_timer(duration left);

}  // namespace fourtuple::report
