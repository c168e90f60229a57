// Filter words of tcpdump (pcap-filter(7)): which packets of a trace are wanted.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/observe/packet_log.h"

namespace fourtuple::report {

/// A node of the expression; made by parse_packet_filter().
class packet_test {
 public:
  virtual ~packet_test() = default;
  [[nodiscard]] virtual bool holds(const observe::packet_record& p) const = 0;
};

struct packet_filter {
  std::shared_ptr<const packet_test> test;  ///< null: every packet
  std::vector<std::string> hosts;           ///< that it names, and which must be in the file
  std::string error;                        ///< what is wrong with the words; else empty
};

/// tcp, udp, icmp, icmp6, ip, ip6; host, src, dst with an address or the name of a host of the
/// file; net with a prefix; port, src port, dst port with a number or a service; portrange
/// LOW-HIGH; and, or, not,
/// `!`, `&&`, `||`, ( ). As in tcpdump, `and` and `or` bind equally and a packet of ICMP has no
/// ports.
[[nodiscard]] packet_filter parse_packet_filter(const std::vector<std::string>& words);

}  // namespace fourtuple::report
