// What a report says of ports where nothing failed.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "sim/report/history.h"
#include "sim/report/port_remarks.h"
#include "sim/report/port_text.h"
#include "sim/report/text.h"

namespace fourtuple::report {

namespace {

using remarks = std::vector<remark>;

/// Who closes before it has read everything resets the connection (RFC 2525 2.17), and no port
/// waits.
void add_resets(remarks& to, const observe::outcome& o) {
  for (const auto& a : o.scenario->apps) {
    const auto* l = std::get_if<spec::load>(&a.kind);
    if (l == nullptr || l->close != spec::close_by::client || l->to.empty()) continue;
    const std::string host = host_of(*o.scenario, a);
    const std::uint64_t aborts = count(o.tree, {"hosts", host, "nstat", "TcpExtTCPAbortOnClose"});
    const spec::app* server = listener_at(*o.scenario, l->to.front());
    const auto* e = server == nullptr ? nullptr : std::get_if<spec::echo_server>(&server->kind);
    if (e == nullptr || aborts == 0) continue;
    const std::uint64_t sent = e->reply.value_or(l->request) + e->prefix.size();
    if (sent <= l->reply) continue;
    to.push_back(
        {"resets", fmt::format("{} closes of {} with data unread, so no TIME-WAIT: {} sends "
                               "{} B where {} awaits {} B (its reply)",
                               grouped(aborts), host, server->name, grouped(sent), a.name,
                               grouped(l->reply))});
  }
}

/// Requests of a load whose rate changes by stages only, by the time since its start.
class course {
 public:
  explicit course(const spec::load& l) {
    double rate = 0;
    for (const auto& stage : l.stages) {
      const double to = per_second(stage.to);
      if (stage.length > duration::zero()) parts_.push_back({stage.length, rate, to});
      rate = to;
    }
    if (l.rate) steady_ = per_second(*l.rate);
  }

  /// When that many have begun; nothing: never.
  [[nodiscard]] std::optional<duration> reaches(double requests) const {
    duration before{};
    for (const auto& p : parts_) {
      const double in_it = (p.from + p.to) / 2 * seconds(p.length);
      if (requests <= in_it) return before + p.length_until(requests);
      requests -= in_it;
      before += p.length;
    }
    if (steady_ <= 0) return std::nullopt;
    return before + of_seconds(requests / steady_);
  }

 private:
  static double seconds(duration d) { return static_cast<double>(ns(d)) / 1e9; }
  static duration of_seconds(double s) { return duration{static_cast<std::int64_t>(s * 1e9)}; }

  /// The rate moves in a straight line.
  struct part {
    duration length{};
    double from = 0;
    double to = 0;
    /// Where from * t + slope * t * t / 2 is that many.
    [[nodiscard]] duration length_until(double requests) const {
      const double slope = (to - from) / seconds(length);
      return of_seconds(2 * requests / (from + std::sqrt(from * from + 2 * slope * requests)));
    }
  };

  std::vector<part> parts_;
  double steady_ = 0;  ///< without stages
};

/// When the ports run out if the run goes on, before the first of them is given back; nothing where
/// that is not known.
std::optional<instant> full_at(const observe::outcome& o, const spec::app& a,
                               const port_budget& b) {
  const auto* l = std::get_if<spec::load>(&a.kind);
  if (l == nullptr || !b.alone() || ports_change(*o.scenario, a)) return std::nullopt;
  const auto after = course(*l).reaches(static_cast<double>(b.fits()));
  if (!after || *after > b.held()) return std::nullopt;
  const instant at{a.start + *after};
  if (a.stop && at >= instant{*a.stop}) return std::nullopt;
  return at;
}

/// How long it lasts, or what is left of what is sure; empty where neither is known.
std::string prospect_text(const observe::outcome& o, const spec::app& a, const port_budget& b) {
  const double sure = *b.kernel_rate();
  const auto* l = std::get_if<spec::load>(&a.kind);
  if (l != nullptr && l->limit && *l->limit <= b.surely_fits() && b.alone())
    return fmt::format("; its {} fit at one time", grouped(*l->limit));
  if (*b.asked() <= sure) return fmt::format(": {} of it is left", percent(1 - *b.asked() / sure));
  const auto full = full_at(o, a, b);
  if (!full || ns(*full) <= number(o.tree, {"ended_at"})) return {};
  return fmt::format("; the run ended before they run out, at about {}", time_text(ns(*full)));
}

/// What the ports of one app sustain; empty where that is not known.
std::string rate_remark(const observe::outcome& o, const spec::app& a) {
  const auto b = budget_at_end(o, a);
  if (!b || b->asked().value_or(0) <= 0) return {};
  std::string text = fmt::format("{} asks for {}; ", a.name, asked_text(*b));
  const auto book = b->book_rate();
  const char* which = "its ports";
  if (b->held_open > 0) {
    text += fmt::format("of its {} ports {}; ", grouped(b->ports * b->pairs()), holders_text(*b));
    which = "the others";
  }
  if (b->kept_time_waits > 0) {
    text += fmt::format("of its {} ports {}", grouped(b->ports * b->pairs()), kept_text(*b));
    if (!book) return text + ": no limit from ports";
    text += "; ";
    which = "the others";
  }
  if (!book) return {};
  return text + fmt::format("by the book {} sustain {}{}", which, rates_text(*b, *book),
                            prospect_text(o, a, *b));
}

}  // namespace

std::vector<remark> outlook(const observe::outcome& o) {
  remarks out;
  add_resets(out, o);
  const std::size_t before = out.size();
  for (const auto& a : o.scenario->apps) {
    std::string text = rate_remark(o, a);
    if (!text.empty()) out.push_back({out.size() == before ? "rate" : "", std::move(text)});
  }
  return out;
}

}  // namespace fourtuple::report
