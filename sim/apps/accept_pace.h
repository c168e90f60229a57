// When an echo_server may take its next connection, by `accept_rate` and `max_connections`, both of
// which may change at times that are known from the start.
#pragma once

#include <fourtuple/time.h>

#include <cstddef>
#include <cstdint>

#include "sim/spec/app.h"

namespace fourtuple::apps {

/// Of a busy spell (accepts as close to each other as the rate allows) accept n comes where the
/// integral of the rate since the first has reached n - 1.
class accept_pace {
 public:
  /// `what` and its list of changes must live as long; the times in it count from `begin`.
  accept_pace(const spec::echo_server& what, instant begin);

  /// False: the file says nothing about it, and the rest need not be asked.
  [[nodiscard]] bool limits() const {
    return first_.rate || first_.max_connections || !what_.accept_changes.empty();
  }
  /// Not before then, if the one before was reported to accepted().
  [[nodiscard]] instant next() const { return next_; }
  void accepted(instant now);
  /// `open` connections are as many as there may be now. `now` never goes back.
  [[nodiscard]] bool crowded(std::uint64_t open, instant now);
  /// Until when crowded() answers so: the next change, or never.
  [[nodiscard]] instant same_until() const { return change_at(now_); }

 private:
  __extension__ typedef __int128 wide;
  static constexpr unsigned fraction_bits = 32;

  [[nodiscard]] instant change_at(std::size_t i) const {
    return i < what_.accept_changes.size() ? begin_ + what_.accept_changes[i].at : never;
  }
  [[nodiscard]] spec::accept_terms terms(std::size_t changes_made) const {
    return changes_made == 0 ? first_ : what_.accept_changes[changes_made - 1].to;
  }

  const spec::echo_server& what_;
  spec::accept_terms first_;
  instant begin_;
  std::size_t now_ = 0;  ///< changes made, as crowded() has seen them

  // The busy spell; nothing given: there is none.
  instant next_{};
  std::uint64_t given_ = 0;
  std::size_t made_ = 0;  ///< changes made by `next_`
  instant since_{};       ///< when the rate of now began to count
  wide passed_ = 0;       ///< accepts earned before, << fraction_bits
};

}  // namespace fourtuple::apps
