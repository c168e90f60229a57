// The bytes of a connection that somebody looks at. Counted bytes never come here; a stretch of the
// stream that nobody wrote down reads as filler ('x'), which is what the real kernel is sent for them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sim/wire/seq.h"

namespace fourtuple::host {

/// Few applications look at bytes: its functions are kept out of the way of those that do not.
class byte_store {
 public:
  /// The application wrote `bytes`, whose first one has sequence number `at`.
  [[gnu::noinline]] void append(wire::seq at, std::string_view bytes);
  /// What was written there, for a segment.
  [[nodiscard, gnu::noinline]] std::string cut(wire::seq at, std::size_t length) const;
  [[nodiscard]] bool has_output() const { return !out_.empty(); }
  /// Everything before `una` has been acknowledged.
  [[gnu::noinline]] void acknowledged(wire::seq una);

  /// A segment's bytes were taken into the receive buffer.
  [[gnu::noinline]] void store(wire::seq at, std::string_view bytes);
  /// Copies [at, at + length) to `to` and forgets it.
  [[gnu::noinline]] void read(wire::seq at, std::size_t length, char* to);

 private:
  struct chunk {
    wire::seq at;
    std::string bytes;
  };
  std::string out_;
  wire::seq out_at_ = 0;
  std::vector<chunk> in_;
};

}  // namespace fourtuple::host
