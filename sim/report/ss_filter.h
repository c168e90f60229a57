// The filter words of ss(8): which states, and an expression over addresses and ports. The grammar
// is that of iproute2's ssfilter.y, as far as TCP and UDP sockets of the simulated hosts have
// answers.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "sim/observe/host_metrics.h"

namespace fourtuple::report {

/// Bits of ss's state names.
enum ss_state : std::uint16_t {
  ss_established = 1,
  ss_syn_sent = 2,
  ss_syn_recv = 4,
  ss_fin_wait_1 = 8,
  ss_fin_wait_2 = 16,
  ss_time_wait = 32,
  ss_unconnected = 64,  ///< UNCONN: UDP without a peer, TCP closed
  ss_close_wait = 128,
  ss_last_ack = 256,
  ss_listen = 512,
  ss_closing = 1024,
};
inline constexpr std::uint16_t ss_all = 2047;
/// What ss shows without -a, -l and `state`.
inline constexpr std::uint16_t ss_connected =
    ss_all & ~(ss_listen | ss_unconnected | ss_time_wait | ss_syn_recv);

[[nodiscard]] std::uint16_t state_bit(const observe::socket_row& row);
/// ESTAB, SYN-RECV, UNCONN, ...
[[nodiscard]] std::string_view state_word(const observe::socket_row& row);

class ss_expression {
 public:
  virtual ~ss_expression() = default;
  [[nodiscard]] virtual bool matches(const observe::socket_row& row) const = 0;
};

struct ss_filter {
  std::uint16_t states = 0;                   ///< 0: no `state` word was given
  std::unique_ptr<ss_expression> expression;  ///< null: every socket
  std::string error;                          ///< what is wrong with the words; else empty
};

/// The words after the options, already split by the shell or not.
[[nodiscard]] ss_filter parse_ss_filter(std::span<const std::string> words);

}  // namespace fourtuple::report
