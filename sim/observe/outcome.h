// Everything that is known after one file has been run: what sim/run hands out and sim/report
// renders. Plain data; the world it came from is gone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/observe/app_metrics.h"
#include "sim/observe/host_metrics.h"
#include "sim/observe/metric_series.h"
#include "sim/observe/value.h"
#include "sim/spec/spec.h"

namespace fourtuple::observe {

/// The exit codes of FORMAT 1.
enum class verdict : std::uint8_t {
  as_expected = 0,
  not_as_expected = 1,  ///< an expectation failed, or an app could not do what it is for
  bad_input = 2,
  not_possible_here = 3,
  internal_error = 4,
  kernel_differs = 5,
  limit_hit = 6,  ///< wall clock or events
  interrupted = 130,
};

/// One tested condition of `expect` or `expect_at`.
struct expectation_row {
  std::string metric;
  std::string condition;  ///< as written
  value found;
  bool pass = false;
  int line = 0;
  std::optional<duration> at;  ///< expect_at
  std::string why;             ///< where it does not hold
};

/// What the world looked like at ~90 equally spaced instants, for plots.
struct series {
  struct host_point {
    std::uint64_t ports = 0;
    std::uint64_t time_wait = 0;
  };
  struct app_point {
    std::uint64_t attempted = 0;
    std::uint64_t errors = 0;  ///< attempts that failed, all kinds
  };
  struct sample {
    instant at{};
    std::vector<host_point> hosts;
    std::vector<app_point> apps;
  };
  std::vector<std::string> hosts;  ///< member names
  std::vector<std::string> apps;   ///< all members of a counted host added up
  std::vector<sample> samples;
};

/// An app whose bind() or listen() failed, and who had the port at that time.
struct start_failure {
  std::string app;
  std::string member;
  app_metrics::start_failure what;
  std::vector<socket_row> in_the_way;  ///< sockets of the host on that port
  bool expected = false;               ///< the file's `expect` speaks of this app's errors
};

/// When an app first failed with an error that was not its first; of several processes the earliest.
struct other_failure {
  std::size_t app = 0;  ///< in scenario->apps
  std::string member;
  first_failure what;
};

struct socket_table {
  std::string host;
  std::vector<socket_row> rows;
};

struct script_failure {
  std::uint32_t step = 0;
  int line = 0;
  std::string host;
  std::string call;
  std::string expected;
  std::string got;
  std::string why;
};

struct outcome {
  std::string file;
  std::shared_ptr<const spec::scenario> scenario;  ///< null where the file was refused
  verdict result = verdict::as_expected;
  std::vector<std::string> errors;  ///< what is wrong with the file, `file:line:column: message`
  std::string stopped;              ///< why the run ended before its time; else empty
  std::vector<std::string> not_given;  ///< what the file asks for and the world had not
  value tree;                       ///< FORMAT 4; null where nothing ran
  std::vector<expectation_row> expect;
  std::vector<start_failure> start_failures;
  std::vector<other_failure> other_failures;
  std::vector<script_failure> script_failures;
  observe::series series;
  metric_series metrics;              ///< where a series was asked for
  metric_series plots;                ///< at ~90 instants, where they were asked for
  std::vector<socket_table> sockets;  ///< at the instant asked for
};

}  // namespace fourtuple::observe
