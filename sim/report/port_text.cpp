#include "sim/report/port_text.h"

#include <fmt/format.h>

#include "sim/report/text.h"

namespace fourtuple::report {

namespace {

std::string held_text(const port_budget& b) {
  if (b.unanswered)
    return b.hold ? fmt::format("held up to {} (timeout) in SYN-SENT", time_text(ns(*b.hold)))
                  : "held in SYN-SENT until connect() gives up";
  if (!b.hold) return "held for ever";
  std::string out;
  if (b.open() > duration::zero()) {
    out = "held " + time_text(ns(b.open())) + " open";
    if (b.closing > duration::zero()) out += " and closing";
  }
  if (b.time_wait > duration::zero()) {
    out += out.empty() ? "held " : ", then ";
    const std::int64_t least = ns(b.time_wait) / 1'000'000'000;
    const std::int64_t most = ns(b.time_wait + b.late) / 1'000'000'000;
    out += most > least ? fmt::format("{}-{} s", least, most) : time_text(ns(b.time_wait));
    out += fmt::format(" in {}", state_text(b));
    if (!b.left_open_by.empty())
      out += fmt::format(" (net.ipv4.tcp_fin_timeout), as {} never closes", b.left_open_by);
    if (b.reuses()) out += " (taken over after " + time_text(ns(b.reuse_after)) + ")";
  }
  return out;
}

/// Why the rate that is sure is below the book's.
std::string_view difference_text(const port_budget& b) {
  const bool late = b.late > duration::zero() && !b.reuses();
  if (any_random(b.streams))
    return late ? "as timers end late and arrivals vary" : "as arrivals vary";
  if (late) return "as timers end late";
  if (b.reuses() && b.reuse_after_most > b.reuse_after) return "as whole milliseconds are counted";
  if (b.time_wait > duration::zero() && !b.left_open_by.empty())
    return "with the time before FIN-WAIT-2";
  return b.time_wait > duration::zero() ? "with the time before TIME-WAIT"
                                        : "as a port of an odd range is passed over";
}

/// "a", "a and 3 more"
std::string names_text(const std::vector<std::string>& names) {
  if (names.size() == 1) return names.front();
  return fmt::format("{} and {} more", names.front(), names.size() - 1);
}

std::string listeners_text(const port_budget& b) {
  if (b.listened == 0) return {};
  return fmt::format(" less {} that {} listen{} on", grouped(b.listened), names_text(b.listeners),
                     b.listeners.size() == 1 ? "s" : "");
}

}  // namespace

std::string holders_text(const port_budget& b) {
  return fmt::format("{} take{} {} for ever", names_text(b.holders),
                     b.holders.size() == 1 ? "s" : "", grouped(b.held_open));
}

std::string_view state_text(const port_budget& b) {
  return b.left_open_by.empty() ? "TIME-WAIT" : "FIN-WAIT-2";
}

std::string kept_text(const port_budget& b) {
  return fmt::format("at most {} are in {} (net.ipv4.tcp_max_tw_buckets)",
                     grouped(b.kept_time_waits), state_text(b));
}

std::string rates_text(const port_budget& b, double book) {
  std::string out =
      fmt::format("{} ({} / {})", rate_text(book), grouped(b.fits()), time_text(ns(b.held())));
  const auto kernel = b.kernel_rate();
  if (kernel && *kernel < book) {
    out += fmt::format(", {} {}", least_rate_text(*kernel), difference_text(b));
  }
  return out;
}

std::string asked_text(const port_budget& b) {
  std::string out;
  if (b.own_rate) {
    out = fmt::format("{}, after {} of {}", rate_text(*b.own_rate), rate_text(*b.asked()),
                      names_text(b.shared_with));
    return b.after.empty() ? out : out + " and of " + names_text(b.after);
  }
  out = rate_text(*b.asked());
  if (!b.shared_with.empty()) out += ", with " + names_text(b.shared_with);
  if (!b.after.empty()) out += ", after " + names_text(b.after);
  return out;
}

std::string budget_text(const port_budget& b) {
  std::string what =
      fmt::format("{} ports (range {}-{}{}) ", grouped(b.ports), b.low, b.high, listeners_text(b));
  what += b.binds_first ? "per source address, whatever the destination" : "per destination";
  if (b.pairs() > 1) {
    const bool both = !b.binds_first && b.sources > 1 && b.destinations > 1;
    what += fmt::format(" x {} {}", b.pairs(),
                        both                             ? "pairs of source and destination"
                        : b.binds_first || b.sources > 1 ? "sources"
                                                         : "destinations");
  }
  if (b.held_open > 0) what += ", of which " + holders_text(b);
  if (b.kept_time_waits > 0) what += (b.held_open > 0 ? " and " : ", of which ") + kept_text(b);
  if (const std::string held = held_text(b); !held.empty()) what += ", each " + held;
  if (const auto book = b.book_rate()) what += ": by the book " + rates_text(b, *book);
  if (b.asked()) what += fmt::format("; the file asks for {}", asked_text(b));
  if (b.should_do()) what += ". So something else holds ports too, or for longer";
  return what;
}

}  // namespace fourtuple::report
