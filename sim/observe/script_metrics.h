// What the steps of a script did: one row per top-level entry, in the order they ended in. Filled
// by sim/apps on either kernel, rendered into the result tree under `script` (FORMAT 3 and 4).
#pragma once

#include <fourtuple/address.h>
#include <fourtuple/time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/spec/condition.h"

namespace fourtuple::observe {

/// The socket that a step was about, for who draws connections; not in the tree.
struct socket_sight {
  std::uint32_t number = 0;  ///< of all that the script has made, from 1
  std::uint32_t made = 0;    ///< accept(): the new one's, and then its addresses below
  std::optional<endpoint> local;
  std::optional<endpoint> remote;  ///< connected to, or of this datagram
};

/// One top-level step. What a call does not have stays empty and is null in the JSON.
struct script_row {
  std::uint32_t step = 0;  ///< from 1
  std::string host;        ///< member name; "" where the step has none (wait, repeat)
  std::string call;        ///< "socket", "join", "repeat", ...
  /// A text ("ok", an errno name, "eof", "timeout", "skipped", "started", a state) or a number
  /// (bytes, rounds, a count, an option's value; time-outs in seconds).
  spec::value result;
  std::optional<std::string> data;     ///< raw bytes; data_hex where they are not UTF-8
  std::optional<std::string> address;  ///< "10.0.0.1:32768"
  std::optional<std::uint8_t> events;  ///< poll: spec::poll_bit; spec::poll_names() in order
  std::optional<std::string> error;    ///< the errno name; of a repeat also "timeout"
  instant at{};                        ///< when the step began
  duration took{};                     ///< until it returned
  std::optional<std::string> expect;   ///< as written
  std::optional<bool> pass;            ///< nothing: it has no `expect`
  std::string why;                     ///< where it did not pass: what was wrong, in words
  int line = 0;                        ///< of `expect` (or the step) in the file

  /// getsockopt of SO_LINGER: { onoff, linger }.
  struct linger_value {
    std::int64_t onoff = 0;
    std::int64_t seconds = 0;
  };
  std::optional<linger_value> value;

  std::optional<socket_sight> socket;  ///< where `wants_sockets`

  // repeat: where the first failure was; `result` has the whole rounds, `error` the errno
  std::optional<std::string> failed_call;
  std::optional<std::uint32_t> failed_step;  ///< from 1, in `steps`
};

/// The whole script.
struct script_metrics {
  std::vector<script_row> rows;
  bool finished = false;       ///< every step was run
  bool wants_sockets = false;  ///< rows are to say which socket they are about
};

}  // namespace fourtuple::observe
