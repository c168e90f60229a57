// Packets as tcpdump prints them, one a line, with sequence numbers relative to each connection's
// first.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "sim/observe/packet_log.h"
#include "sim/observe/value.h"
#include "sim/report/text.h"

namespace fourtuple::report {

/// Sequence numbers as a reader wants them: the SYN's is 0 in both directions, or the first one seen
/// where the handshake was not captured.
class relative_numbers {
 public:
  /// Call once for every segment in the order of the log, before asking.
  void see(const wire::frame& f);
  [[nodiscard]] std::uint32_t seq(const wire::frame& f) const;
  /// Relative to the other direction's numbers.
  [[nodiscard]] std::uint32_t ack(const wire::frame& f) const;
  [[nodiscard]] std::uint32_t of(const endpoint& from, const endpoint& to, wire::seq n) const;

 private:
  std::map<std::pair<endpoint, endpoint>, wire::seq> first_;
};

/// Seconds with six places: "28.232000".
[[nodiscard]] std::string clock_text(instant at);
/// "S", "S.", "P.", "F.", "R", "." as tcpdump's Flags.
[[nodiscard]] std::string flags_text(const wire::segment& s);
/// "mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 10"; empty without options.
[[nodiscard]] std::string options_text(const wire::segment& s);
/// What stands behind the addresses: "Flags [S], seq 0, win 64240, ..., length 0", "UDP, length 64",
/// "ICMP 10.0.0.2 tcp port 25 unreachable, length 36".
[[nodiscard]] std::string packet_text(const wire::frame& f, const relative_numbers& numbers);
/// ", in 3 fragments" of a datagram that is no one packet; else empty.
[[nodiscard]] std::string fragments_text(const observe::packet_record& p);

/// The whole list: time of sending, host, "IP", addresses, packet. `host`: as that host's interface
/// saw it, In and Out with the times of arrival; empty: each packet once, as it was sent,
/// "(lost)" or "(under way)" when the run ended where it did not arrive.
[[nodiscard]] std::string packet_list(const observe::packet_log& log, const std::string& host);

/// Each packet once, in the order of sending, as a map: `at`, `host` that sent it, `to`,
/// `arrived_at` (null: not yet, or `lost`), `protocol`, `source`, `destination`, `length` of its
/// payload, TCP's `flags`, and `text` as in the list.
[[nodiscard]] observe::value packets_value(const observe::packet_log& log);

}  // namespace fourtuple::report
