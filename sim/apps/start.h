// The applications of a file, each a handful of coroutines in one process that do not know which
// kernel is below. What each does on the wire: README.md.
#pragma once

#include <fourtuple/os.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/observe/app_metrics.h"
#include "sim/spec/spec.h"

namespace fourtuple::apps {

/// What one application has to know of the rest of the file: who it talks with. TCP is a stream, so
/// where a message ends must be agreed outside of it.
struct surroundings {
  /// echo_server, proxy: somebody looks at the bytes that go on (a script, an echo_client's
  /// message). Where nobody does, bytes are counted and never exist.
  bool bytes_matter = false;
  /// udp_server, udp_client: the largest datagram that comes, where somebody looks at its bytes (a
  /// script, a client for its number); 0: nobody does.
  std::size_t datagram_room = 0;
  /// echo_server, proxy: the size that all clients' requests have, where it is one size that may
  /// come in several reads; 0: what one read gives is a request.
  std::uint32_t request_size = 0;

  /// echo_client: how the server at to[i] replies; proxy: at upstream[i].
  struct reply_form {
    bool known =
        false;  ///< an echo_server of this file; otherwise what one read gives is the reply
    std::uint64_t prefix = 0;
    std::optional<std::uint64_t> size;  ///< nothing: the message comes back
    bool operator==(const reply_form&) const = default;
  };
  std::vector<reply_form> replies;
};

[[nodiscard]] surroundings look_around(const spec::scenario& s, const spec::app& a);

/// Whether a run without `duration` waits for this application: it ends some day (clients).
[[nodiscard]] bool must_finish(const spec::app& a);

/// Starts the application in the process of `host`. `a` and `m` must live as long as the process.
/// A server that starts at 0 listens when this returns; clients begin when time begins to pass, so
/// the order of the applications in a file does not matter.
void start(const spec::app& a, const surroundings& around, os host, observe::app_metrics& m);

}  // namespace fourtuple::apps
