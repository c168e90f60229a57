// A connection at rest, packed: ESTABLISHED, nothing under way, nothing to be read, no ACK owed,
// and never in trouble. Of a hundred thousand connections most are, and what is the same for all of
// them, or follows from something else, need not be kept a hundred thousand times.
#pragma once

#include <cstdint>

#include "sim/tcp/tcb.h"

namespace fourtuple::tcp {

/// What is left of a tcb: its own numbers, the near ones as distances. The four-tuple is the
/// host's.
struct resting {
  seq snd_nxt;  ///< and snd_una, write_seq
  seq rcv_nxt;  ///< and copied_seq
  std::uint32_t rcv_wnd;
  std::uint32_t snd_wnd;
  std::uint32_t max_window;
  std::uint32_t rcv_ssthresh;
  std::uint32_t ts_recent;
  std::uint32_t ts_recent_stamp_s;
  std::uint32_t ts_offset;
  std::uint32_t last_heard;
  std::uint32_t srtt_us8;
  std::uint32_t mdev_us;
  std::uint32_t mdev_max_us;
  std::uint32_t rttvar_us;
  std::uint32_t min_rtt_us;
  std::uint32_t rcv_rtt_echo;
  std::uint32_t rcvq_space;
  std::uint32_t rcvq_us;
  std::uint32_t sndbuf;
  // ---- how far before snd_nxt
  std::uint16_t rtt_seq;
  std::uint16_t snd_sml;
  // ---- how far before rcv_nxt
  std::uint16_t rcv_wup;
  std::uint16_t snd_wl1;
  std::uint16_t rcvq_seq;
  // ---- how many jiffies before last_heard
  std::uint16_t last_receive;
  std::uint16_t last_send;
  std::uint16_t cwnd_stamp;
  std::uint16_t ack_timeout;  ///< that many later than last_receive
  // ---- as they are
  std::uint16_t rto;
  std::uint16_t ack_ato;
  std::uint16_t rcv_mss;
  std::uint16_t last_seg_size;
  std::uint16_t mss;
  std::uint16_t mss_cache;
  std::uint16_t advmss;
  std::uint16_t cwnd;
  std::uint16_t cwnd_used;
  std::uint8_t reordering;
  std::uint8_t ack_quick;
  std::uint8_t ack_pingpong;
  std::uint8_t window_ratio;
  std::uint8_t snd_wscale : 4;
  std::uint8_t rcv_wscale : 4;
  bool timestamps : 1;
  bool sack : 1;
  bool window_scaling : 1;
  bool passive : 1;
  bool direct_path : 1;
  bool loopback : 1;
  bool ecn_ok : 1;
  bool nodelay : 1;
  bool keepalive : 1;
};
static_assert(sizeof(resting) == 120);

/// Packs `t` into `r`; false where it is not at rest, or cannot be told from `r` alone.
[[nodiscard]] bool pack(const tcb& t, resting& r);
/// The tcb it was; but iss and irs, which nobody asks for once the SYNs are acknowledged, lie right
/// before what comes next.
[[nodiscard]] tcb unpacked(const resting& r, const wire::four_tuple& tuple);

}  // namespace fourtuple::tcp
