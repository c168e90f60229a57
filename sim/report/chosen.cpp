#include "sim/report/chosen.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/report/conversations.h"
#include "sim/report/headline.h"

namespace fourtuple::report {

namespace {

using observe::call_record;
using observe::packet_log;
using observe::packet_record;

constexpr std::size_t most_packets = 200'000;
constexpr std::size_t most_calls = 300'000;
constexpr duration longest_handshake = std::chrono::seconds{10};
constexpr std::size_t most_of_a_script = 3;             ///< connections
constexpr duration farewell = std::chrono::seconds{1};  ///< the end of a connection after close()

/// The earliest connection that a client of the file opened.
struct opened {
  std::pair<endpoint, endpoint> tuple;
  std::int64_t at = 0;
  std::optional<std::int64_t> closed_at;
};
std::optional<opened> first_connection(const observe::outcome& o) {
  std::optional<opened> best;
  for (const auto& a : o.scenario->apps) {
    if (destinations_of(a).empty()) continue;
    const auto* rows = find(o.tree, {"apps", a.name, "connections"});
    if (rows == nullptr || rows->items.empty()) continue;
    const observe::value& row = rows->items.front();
    const auto local = parse_endpoint(text(row, {"local"}));
    const auto remote = parse_endpoint(text(row, {"remote"}));
    const std::int64_t at = number(row, {"opened_at"});
    if (!local || !remote || (best && best->at <= at)) continue;
    const auto* closed = row.find("closed_at");
    best = {{*local, *remote}, at, std::nullopt};
    if (closed != nullptr && !closed->is_null()) best->closed_at = closed->number;
  }
  return best;
}

/// How long before its end an attempt may have begun.
duration longest_attempt(const app_failure& f) {
  const bool at_once = f.error == "EADDRNOTAVAIL" || f.error == "EADDRINUSE" ||
                       f.error == "EMFILE" || f.error == "ENFILE" || f.error == "EACCES";
  if (at_once) return std::chrono::milliseconds{1};
  if (f.error == "ECONNREFUSED") return std::chrono::seconds{10};
  return std::chrono::seconds{150};  // a SYN is sent again for 127 s
}

std::pair<endpoint, endpoint> ends_of(const packet_record& p) {
  if (const auto* m = p.packet.icmp()) return {m->quoted_source, m->quoted_destination};
  return {p.packet.source, p.packet.destination};
}

bool is_of(const packet_record& p, const std::pair<endpoint, endpoint>& tuple) {
  const auto [from, to] = ends_of(p);
  return (from == tuple.first && to == tuple.second) || (from == tuple.second && to == tuple.first);
}

/// Whether it is from or to one of these addresses, or an answer to such a packet.
bool has_end_in(const packet_record& p, const std::vector<ip_address>& addresses) {
  const auto [from, to] = ends_of(p);
  const auto among = [&](const endpoint& e) {
    return std::find(addresses.begin(), addresses.end(), e.address) != addresses.end();
  };
  return among(from) || among(to);
}

/// The call that told the program of the failure, or one that it made then.
const call_record* failing_call(const packet_log& log, const app_failure& f,
                                const std::string& app) {
  const call_record* any = nullptr;
  for (const auto& c : log.calls) {
    if (ns(c.at) != f.at || c.host != f.member || c.program != app || c.fd < 0) continue;
    if (c.answer == f.error) return &c;
    if (any == nullptr) any = &c;
  }
  return any;
}

/// The call by which the connection of `last` began: connect(), or of UDP what sent first.
const call_record& beginning_of(const packet_log& log, const call_record& last) {
  const call_record* begin = &last;
  for (const auto& c : log.calls) {
    if (c.order > last.order) break;
    if (c.host != last.host || c.program != last.program || c.fd != last.fd) continue;
    const bool begins = c.text.starts_with("connect") && c.answer == "in progress";
    if (begins || c.text.starts_with("sendto")) begin = &c;
    if (c.text.starts_with("close") && &c != &last) begin = &last;
  }
  return *begin;
}

/// The first packet that was sent within the call; null where there is none.
const packet_record* first_packet_of(const packet_log& log, const call_record& begin) {
  std::uint64_t next_call = UINT64_MAX;
  for (const auto& c : log.calls)
    if (c.order > begin.order) next_call = std::min(next_call, c.order);
  for (const auto& p : log.packets) {
    if (p.order > begin.order && p.order < next_call && p.host == begin.host) return &p;
  }
  return nullptr;
}

chosen_ladder ladder_of_failure(const observe::outcome& o, const app_failure& f,
                                const packet_log& log, const std::vector<conversation>& all,
                                const conversation*& drawn) {
  chosen_ladder out;
  out.title = "The attempt that failed first";
  out.remark = failure_text(o, f) + ". ";
  const call_record* call = failing_call(log, f, o.scenario->apps[f.app].name);
  if (call == nullptr) {
    out.remark += "Its packets were not recorded.";
    return out;
  }
  const call_record& begin = beginning_of(log, *call);
  const packet_record* packet = first_packet_of(log, begin);
  const auto found = std::find_if(all.begin(), all.end(), [&](const conversation& c) {
    return packet != nullptr && is_of(*packet, {c.left, c.right}) &&
           std::find(c.packets.begin(), c.packets.end(), packet) != c.packets.end();
  });
  if (found == all.end()) {
    // EAGAIN of a connect() is not written down: most often it is only a wait.
    const bool told = begin.answer == f.error || begin.answer == "in progress";
    out.remark += told ? fmt::format("It sent no packet: {} = {}.", begin.text, begin.answer)
                       : fmt::format("It sent no packet: {}() = {}.", f.call, f.error);
  } else {
    out.diagram = ladder_of(log, *o.scenario, *found);
    drawn = &*found;
  }
  return out;
}

}  // namespace

std::optional<look_again> what_to_record(const observe::outcome& o) {
  if (!o.scenario || o.tree.is_null()) return std::nullopt;
  const instant end{duration{number(o.tree, {"ended_at"})}};
  look_again out;
  const auto first = first_connection(o);
  if (first) {
    out.first = first->tuple;
    out.first_open = instant{duration{first->at}};
    out.first_from = out.first_open - std::min(longest_handshake, duration{first->at});
    out.first_over = instant{duration{first->closed_at.value_or(first->at)} + farewell};
    out.until = out.first_over;
  }
  auto failures = app_failures(o);
  std::erase_if(failures, [](const auto& f) { return f.attempt == 0; });
  if (!failures.empty()) {
    const auto& f = out.failure.emplace(failures.front());
    const duration at{f.at};
    if (const auto member = member_called(*o.scenario, f.member))
      out.failure_ends = spec::addresses_of(o.scenario->hosts[member->host], member->member);
    out.failure_from = instant{std::max(duration{}, at - longest_attempt(f))};
    out.until = std::max(out.until, instant{at + farewell});
  }
  out.everything = !out.first && !out.failure;
  out.until = out.everything ? end : std::min(out.until, end);
  return out;
}

void record_only(const look_again& what, packet_log& log) {
  log.most = what.everything ? most_packets / 100 : most_packets;
  log.wants_call = [&log](const call_record&) { return log.calls.size() < most_calls; };
  if (what.everything) return;
  const auto near_failure = [&what](instant at) {
    return what.failure && at >= what.failure_from &&
           at <= instant{duration{what.failure->at} + farewell};
  };
  const auto near_first = [&what](instant at) {
    return what.first && at >= what.first_from && at <= what.first_over;
  };
  log.filter = [&what, near_failure, near_first](const packet_record& p) {
    if (near_first(p.at) && is_of(p, *what.first)) return true;
    if (!near_failure(p.at)) return false;
    return p.host == what.failure->member || p.to == what.failure->member ||
           has_end_in(p, what.failure_ends);
  };
  log.wants_call = [&log, near_failure, near_first](const call_record& c) {
    return log.calls.size() < most_calls && (near_first(c.at) || near_failure(c.at));
  };
}

std::vector<chosen_ladder> chosen_ladders(const observe::outcome& o, const look_again& what,
                                          const packet_log& log) {
  std::vector<chosen_ladder> out;
  std::size_t left_out = 0;
  const auto all =
      conversations(log, what.everything ? most_of_a_script : log.packets.size(), left_out);
  if (what.everything) {
    for (const auto& c : all) {
      out.push_back({out.empty() ? "The first connection" : "The next connection", "",
                     ladder_of(log, *o.scenario, c)});
    }
    if (left_out != 0 && !out.empty())
      out.back().remark = fmt::format("{} more connection{} not drawn.", grouped(left_out),
                                      left_out == 1 ? " is" : "s are");
    return out;
  }
  const conversation* failed = nullptr;
  if (what.failure) out.push_back(ladder_of_failure(o, *what.failure, log, all, failed));
  const conversation* first = nullptr;
  for (const auto& c : all) {
    const bool same = what.first && c.left == what.first->first && c.right == what.first->second;
    if (same && c.packets.front()->at <= what.first_open) first = &c;
  }
  if (first != nullptr && first != failed) {
    const bool warm = o.scenario->warmup > duration::zero();
    out.push_back({warm ? "The first connection after the warm-up" : "The first connection", "",
                   ladder_of(log, *o.scenario, *first)});
  }
  return out;
}

}  // namespace fourtuple::report
