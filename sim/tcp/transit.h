// What a connection has only while something of it is under way: the retransmission queue with its
// marks (tcp_rtx_queue of the kernel), the state of loss recovery, and what came out of order. Most
// connections of most scenarios have it for a round trip at a time, so it lives in a pool of the host
// and a tcb holds its index.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "sim/wire/seq.h"

namespace fourtuple::tcp {

using wire::seq;

/// A stretch [left, right) of sequence space.
struct range {
  seq left = 0;
  seq right = 0;
  friend bool operator==(const range&, const range&) = default;
};

/// icsk_ca_state: TCP_CA_Open and so on.
enum class congestion_state : std::uint8_t { open, disorder, cwr, recovery, loss };

/// One segment that was sent and is not acknowledged, with the marks of struct tcp_skb_cb: from the end
/// of its predecessor (the first: from snd_una) up to `end`.
struct sent_segment {
  seq end = 0;
  std::uint32_t sent_us = 0;             ///< when last sent
  std::uint32_t order = 0;               ///< the how manieth sending that was: of an instant, too
  // Of a word, so that a segment is copied as four of them.
  std::uint32_t push : 1 = 0;                ///< went out with PSH
  std::uint32_t sacked : 1 = 0;              ///< TCPCB_SACKED_ACKED
  std::uint32_t lost : 1 = 0;                ///< TCPCB_LOST
  std::uint32_t retransmitted : 1 = 0;       ///< TCPCB_SACKED_RETRANS: the resent one is in flight
  std::uint32_t ever_retransmitted : 1 = 0;  ///< TCPCB_EVER_RETRANS
  std::uint32_t head : 1 = 0;                ///< begins a buffer: the kernel sends several as one
  std::uint32_t whole : 1 = 0;               ///< went as part of a buffer that nothing cut
};

/// tcp_rtx_queue: in sequence order, the oldest first.
class rtx_queue {
 public:
  [[nodiscard]] bool empty() const { return head_ == tail_; }
  [[nodiscard]] std::uint32_t size() const { return tail_ - head_; }
  [[nodiscard]] std::span<sent_segment> all() { return {segments_.data() + head_, size()}; }
  [[nodiscard]] std::span<const sent_segment> all() const {
    return {segments_.data() + head_, size()};
  }
  [[nodiscard]] sent_segment& operator[](std::size_t i) { return segments_[head_ + i]; }
  [[nodiscard]] const sent_segment& operator[](std::size_t i) const { return segments_[head_ + i]; }
  [[nodiscard]] sent_segment& front() { return segments_[head_]; }
  [[nodiscard]] const sent_segment& front() const { return segments_[head_]; }
  void push_back(const sent_segment& s) {
    if (tail_ == segments_.size()) [[unlikely]]
      segments_.resize(segments_.size() * 2 + 2);
    segments_[tail_++] = s;
  }
  void pop_front() {
    if (++head_ == tail_) {
      clear();
    } else if (head_ >= 64 && head_ * 2 >= tail_) {
      make_room();
    }
  }
  void clear() { head_ = tail_ = 0; }
  /// Cuts segment i at `at`, strictly inside it; both parts keep its marks.
  void split(std::size_t i, seq at);
  /// Makes segments i and i + 1 one, with the marks of i.
  void merge(std::size_t i);
  /// Where segment i begins.
  [[nodiscard]] seq begin_of(std::size_t i, seq snd_una) const {
    return i == 0 ? snd_una : segments_[head_ + i - 1].end;
  }
  /// The first segment that ends after `at`; size() if none does.
  [[nodiscard]] std::size_t find(seq at) const;

 private:
  void make_room();

  std::vector<sent_segment> segments_;  ///< in use from head_ to tail_
  std::uint32_t head_ = 0;
  std::uint32_t tail_ = 0;
};

/// What send() filled and nobody has sent: from the end of its predecessor (the first: from
/// snd_nxt).
struct send_buffer {
  seq end = 0;
  bool push = false;  ///< PSH goes with its last byte
};

/// sk_write_queue: the oldest first.
class write_queue {
 public:
  [[nodiscard]] bool empty() const { return buffers_.empty(); }
  [[nodiscard]] std::size_t size() const { return buffers_.size() - head_; }
  [[nodiscard]] std::span<const send_buffer> all() const {
    return {buffers_.data() + head_, size()};
  }
  [[nodiscard]] const send_buffer& front() const { return buffers_[head_]; }
  [[nodiscard]] send_buffer& back() { return buffers_.back(); }
  /// Where the last buffer begins; `snd_nxt` where it is the only one.
  [[nodiscard]] seq begin_of_last(seq snd_nxt) const {
    return size() > 1 ? buffers_[buffers_.size() - 2].end : snd_nxt;
  }
  void push_back(const send_buffer& b) { buffers_.push_back(b); }
  void pop_front() {
    if (++head_ == buffers_.size()) clear();
  }
  /// The first takes up to `bytes` from the second; true where that is empty then, and gone.
  bool grow_front(std::uint32_t bytes);
  void clear() {
    buffers_.clear();
    head_ = 0;
  }

 private:
  std::vector<send_buffer> buffers_;
  std::size_t head_ = 0;
};

/// sk_receive_queue as memory: buffers that are kept until all of each was read, the oldest first.
/// A segment is put into the last one (tcp_try_coalesce()) while that has room for its page
/// fragments, and unless the sender still holds its first segment's memory: what left as a buffer
/// of one segment is a clone until it is acknowledged, and its successor says so
/// (wire::segment::behind_held). Once another has joined it is a clone no more.
class receive_queue {
 public:
  [[nodiscard]] bool empty() const { return ends_.empty(); }
  /// The first buffer, [left, right).
  void begin(seq left, seq right) {
    left_ = left;
    ends_.assign(1, right);
    joined_ = false;
    fragments_ = 1 + (right - left) / 32768;
  }
  /// The next `length` bytes came, in so many page fragments.
  void add(std::uint32_t length, std::uint32_t fragments, bool behind_held);
  [[nodiscard]] seq first_end() const { return ends_[head_]; }
  /// All before `copied` was read.
  void read(seq copied);
  [[nodiscard]] std::uint32_t buffers() const {
    return static_cast<std::uint32_t>(ends_.size() - head_);
  }
  [[nodiscard]] std::uint32_t bytes() const { return ends_.back() - left_; }
  void clear() {
    ends_.clear();
    head_ = 0;
  }

 private:
  std::vector<seq> ends_;
  std::size_t head_ = 0;
  seq left_ = 0;                 ///< where the first buffer begins
  std::uint32_t fragments_ = 0;  ///< of the last buffer
  bool joined_ = false;          ///< the last buffer is of several segments
};

/// What came out of order: the ranges by sequence number, and which of them an ACK reports first.
class reassembly {
 public:
  [[nodiscard]] bool empty() const { return ranges_.empty(); }
  [[nodiscard]] std::span<const range> ranges() const { return ranges_; }
  /// Takes [left, right) in; ranges that touch become one, which is reported first from now on.
  /// True where all of it was there already.
  bool add(seq left, seq right);
  /// What lies at or before rcv_nxt leaves; returns the end of what is in order then.
  [[nodiscard]] seq advance(seq rcv_nxt);
  /// The ranges last added to, the latest first (RFC 2018 4).
  [[nodiscard]] std::span<const range> reported() const { return {recent_.data(), recent_count_}; }
  void clear() {
    ranges_.clear();
    recent_count_ = 0;
  }

 private:
  void report_first(const range& r);
  std::vector<range> ranges_;
  std::array<range, 4> recent_{};  ///< selective_acks[]
  std::size_t recent_count_ = 0;
};

/// The numbers of a transit, in two parts, each short enough to be cleared without a loop: those of
/// a sender as it fills its buffers and reduces its window,
struct sending_numbers {
  std::uint32_t buffers = 0;  ///< that hold what is not acknowledged or not sent
  seq pushed_seq = 0;         ///< write_seq when PSH was last set
  bool no_space = false;      ///< SOCK_NOSPACE: who called send() or poll() found no memory
  std::uint32_t probing_since =
      0;  ///< icsk_probes_tstamp: jiffy of the first window probe; 0: none

  // ---- how many segments of the retransmission queue bear which mark
  std::uint32_t sacked_out = 0;   ///< without SACK: duplicate ACKs
  std::uint32_t lost_out = 0;
  std::uint32_t retrans_out = 0;
  std::uint32_t lost = 0;         ///< ever marked lost, resent ones again

  // ---- congestion state (RFC 5681, RFC 6937, RFC 5682)
  congestion_state state = congestion_state::open;
  bool frto = false;              ///< the time-out may turn out spurious
  bool undoable = false;          ///< undo_marker is set
  bool cwnd_limited = false;      ///< is_cwnd_limited
  seq high_seq = 0;               ///< snd_nxt when the state was entered
  seq undo_marker = 0;            ///< snd_una when cwnd was reduced
  std::int32_t undo_retrans = 0;  ///< retransmissions no D-SACK has declared unneeded; -1: none yet
  std::uint32_t prior_cwnd = 0;
  std::uint32_t prior_ssthresh = 0;
  std::uint32_t prr_delivered = 0;
  std::uint32_t prr_out = 0;
  std::uint32_t max_packets_out = 0;
  seq cwnd_usage_seq = 0;
};

/// and what is measured, and reported back.
struct measured_numbers {
  // ---- HyStart of CUBIC's slow start: the round trip at hand (cubic.cpp)
  std::uint32_t round_began_us = 0;  ///< 0: no round yet
  std::uint32_t train_us = 0;        ///< the last ACK that came close behind its predecessor
  std::uint32_t round_rtt_us = 0;    ///< least sample of the round
  seq round_end = 0;                 ///< snd_nxt when it began
  std::uint8_t round_samples = 0;

  // ---- RACK-TLP (RFC 8985)
  std::uint32_t sendings = 0;     ///< segments sent, resent ones too
  std::uint32_t rack_order = 0;   ///< of the latest sending that was delivered; 0: none yet
  std::uint32_t rack_rtt_us = 0;  ///< its round trip
  seq tlp_high_seq = 0;
  bool rack_advanced = false;
  bool rack_dsack_seen = false;
  bool tlp_out = false;           ///< a probe is unanswered; it ended at tlp_high_seq
  bool tlp_retrans = false;       ///< it repeated a segment

  // ---- receiver
  bool dsack_pending = false;
  bool fin_waits = false;         ///< the peer's FIN is among what came out of order
  seq fin_at = 0;
  range dsack;                    ///< to be reported once (RFC 2883)
};

struct transit_numbers : sending_numbers, measured_numbers {};

struct transit : transit_numbers {
  rtx_queue sent;
  write_queue unsent;
  reassembly out_of_order;
  receive_queue unread;  ///< empty: what is to be read is one buffer

  [[nodiscard]] std::uint32_t packets_out() const { return sent.size(); }
  /// tcp_packets_in_flight()
  [[nodiscard]] std::uint32_t in_flight() const {
    return packets_out() - sacked_out - lost_out + retrans_out;
  }
  /// CWR or Recovery: PRR has the window.
  [[nodiscard]] bool reducing() const {
    return state == congestion_state::cwr || state == congestion_state::recovery;
  }
  /// The next segment has something to report to a sender that takes SACK.
  [[nodiscard]] bool has_sack_blocks() const {
    return dsack_pending || !out_of_order.reported().empty();
  }
  /// Nothing is under way that a later segment could ask about.
  [[nodiscard]] bool settled() const { return sent.empty() && nothing_else(); }
  /// Nothing but what `sent` holds.
  [[nodiscard]] bool nothing_else() const {
    if (!unsent.empty() || state != congestion_state::open) return false;
    const unsigned awaited = unsigned{undoable} | unsigned{tlp_out} | unsigned{dsack_pending};
    return awaited == 0 && out_of_order.empty() && unread.empty();
  }
  /// As new, with the memory it has, where nothing_else() holds.
  void reset_sending() {
    std::construct_at(static_cast<sending_numbers*>(this));
    std::construct_at(static_cast<measured_numbers*>(this));
    sent.clear();
  }
  /// The same of any.
  void reset() {
    reset_sending();
    unsent.clear();
    out_of_order.clear();
    unread.clear();
  }
};

}  // namespace fourtuple::tcp
