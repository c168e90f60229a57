// A TCP segment between two hosts, as a value (RFC 9293 3.1, RFC 7323, RFC 2018), with what IP adds:
// addresses and the ECN field. Payload is counted, and only where an application looks at bytes does
// `payload` name a buffer of the world's payload pool.
#pragma once

#include <array>
#include <cstdint>

#include "sim/wire/four_tuple.h"
#include "sim/wire/seq.h"

namespace fourtuple::wire {

/// Control bits in the order of the header, FIN lowest.
enum flag : std::uint8_t { fin = 1, syn = 2, rst = 4, psh = 8, ack = 16, ece = 64, cwr = 128 };

/// A range of sequence space [left, right) reported by SACK.
struct sack_block {
  seq left = 0;
  seq right = 0;
};

/// Segment header, options and length. 80 bytes; tuple is as the SENDER sees it.
struct segment {
  four_tuple tuple;
  seq seq_number = 0;
  seq ack_number = 0;          ///< only with flag ack
  std::uint32_t length = 0;    ///< payload bytes
  std::uint32_t payload = 0;   ///< id in the payload pool; 0: bytes are counted only
  std::uint32_t ts_value = 0;  ///< TSval, only if has_timestamps
  std::uint32_t ts_echo = 0;   ///< TSecr
  std::uint16_t window = 0;    ///< the field, unscaled as sent
  std::uint16_t mss = 0;       ///< SYN only; 0: option absent
  std::uint8_t flags = 0;
  std::uint8_t window_scale = no_window_scale;  ///< SYN only
  bool has_timestamps = false;
  std::uint8_t sack_count = 0;
  bool sack_permitted : 1 = false;  ///< SYN only
  bool ect : 1 = false;             ///< the IP header says ECT(0)
  bool resent : 1 = false;          ///< no part of the packet: all of it was sent before
  bool behind_held : 1 = false;     ///< no part of it: see receive_queue of sim/tcp/transit.h
  bool more : 1 = false;            ///< no part of it: cut from a buffer of which more follows
  // No part of it either, where several segments are handed over as one. 0: it is one.
  std::uint8_t fragments = 0;  ///< pieces of memory, where they are more than its length takes
  std::uint16_t gso_size = 0;  ///< bytes of the largest
  std::array<sack_block, 3> sack{};  ///< with time stamps at most three fit
  // No part of the packet but a short cut for who demultiplexes it: where sender and receiver keep
  // the connection, as far as the sender knows. 0: it does not; to be verified.
  std::uint32_t sender_record = 0;
  std::uint32_t receiver_record = 0;

  static constexpr std::uint8_t no_window_scale = 0xff;

  [[nodiscard]] constexpr bool has(flag f) const { return (flags & f) != 0; }
  /// SEG.LEN of RFC 9293: payload plus one for SYN and for FIN.
  [[nodiscard]] constexpr std::uint32_t sequence_length() const {
    return length + (has(syn) ? 1U : 0U) + (has(fin) ? 1U : 0U);
  }
  [[nodiscard]] constexpr seq end() const { return seq_number + sequence_length(); }
  /// Page fragments of 32 KB (SKB_FRAG_PAGE_ORDER) that its payload lies in.
  [[nodiscard]] constexpr std::uint32_t page_fragments() const {
    return fragments != 0 ? fragments : 1 + length / 32768;
  }
  /// Payload of the largest segment that it is made of.
  [[nodiscard]] constexpr std::uint32_t largest() const {
    return gso_size != 0 ? gso_size : length;
  }
};

}  // namespace fourtuple::wire
