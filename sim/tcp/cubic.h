// CUBIC (RFC 9438) as Linux has it: what a connection remembers of its last loss, and of the curve on
// which its window grows back. A connection that never left slow start has no record.
#pragma once

#include <cstdint>

namespace fourtuple::tcp {

/// struct bictcp of net/ipv4/tcp_cubic.c. Windows are segments, times jiffies unless said otherwise.
struct cubic_state {
  std::uint32_t count = 0;           ///< cnt: ACKed segments for which cwnd grows by one
  std::uint32_t last_max_cwnd = 0;   ///< W_max
  std::uint32_t last_cwnd = 0;       ///< when `count` was last computed: the window
  std::uint32_t last_time = 0;       ///< and the jiffy
  std::uint32_t origin = 0;          ///< bic_origin_point: where the curve is flat
  std::uint32_t k = 0;               ///< bic_K: from the epoch's beginning to there, 1/1024 s
  std::uint32_t min_delay_us = 0;    ///< delay_min; 0: no sample yet
  std::uint32_t epoch_start = 0;     ///< 0: none
  std::uint32_t acked = 0;           ///< ack_cnt
  std::uint32_t reno_cwnd = 0;       ///< tcp_cwnd: what Reno's window would be

  void reset() { *this = {}; }
};

}  // namespace fourtuple::tcp
