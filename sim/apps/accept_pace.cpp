#include "sim/apps/accept_pace.h"

#include <algorithm>

namespace fourtuple::apps {

accept_pace::accept_pace(const spec::echo_server& what, instant begin)
    : what_(what), first_(what.accepts), begin_(begin) {}

bool accept_pace::crowded(std::uint64_t open, instant now) {
  while (change_at(now_) <= now) ++now_;
  const auto most = terms(now_).max_connections;
  return most && open >= *most;
}

void accept_pace::accepted(instant now) {
  if (now > next_ || given_ == 0) {
    while (change_at(made_) <= now) ++made_;
    since_ = now;
    passed_ = 0;
    given_ = 0;
  }
  ++given_;
  for (;; ++made_) {
    const auto rate = terms(made_).rate;
    if (!rate) {  // whatever is owed is paid, and a spell begins with the next rate
      given_ = 0;
      next_ = since_;
      return;
    }
    const auto per = static_cast<wide>(rate->per);
    const wide count = static_cast<wide>(rate->count) << fraction_bits;
    const wide wait = ((static_cast<wide>(given_) << fraction_bits) - passed_) * per / count;
    const instant end = change_at(made_);
    const auto left = static_cast<wide>((end - since_).count());
    if (wait <= left || end == never) {
      next_ = since_ + duration{static_cast<std::int64_t>(std::min(wait, left))};
      return;
    }
    passed_ += left * count / per;
    since_ = end;
  }
}

}  // namespace fourtuple::apps
